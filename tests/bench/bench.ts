// `bun run bench [--full] [--json FILE]`: how fast it is, beside what one would otherwise use.
import { parseArgs } from "node:util"
import { measureBulk } from "./bulk"
import { type Figure, formatFigures } from "./figure"
import { measureFleet } from "./fleet-day"
import { measureRoles } from "./idle"
import { measureLarge } from "./large"
import { measureOriginal } from "./original"
import { measureStart } from "./start"
import { measureUploads } from "./uploads"

const QUICK = { devices: 20_000, fleet: 20_000, bulk: 20_000 }
const FULL = { devices: 100_000, fleet: 1_000_000, bulk: 200_000 }
const WINDOW = 2048
const SEED = 1

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    json: { type: "string" },
  },
})

const say = (text: string) => process.stderr.write(`${text}\n`)
const size = values.full ? FULL : QUICK
const load = { window: WINDOW, random: Math.random }

const original = await measureOriginal()
if (!original) say("the original is left out: apt-get install python3")
const figures: Figure[] = [
  ...(await measureUploads({ ...load, devices: size.devices, say })),
  ...(await measureFleet({ ...load, devices: size.fleet }, say)),
  await measureBulk(size.bulk),
  ...(await measureLarge(SEED)),
  await measureStart(say),
  ...(original ? [original] : []),
  ...(values.full ? await measureRoles(say) : []), // they have to rest for half a minute first
]
process.stdout.write(`\n${formatFigures(figures)}`)
if (values.json !== undefined) await Bun.write(values.json, `${JSON.stringify(figures, null, 2)}\n`)
