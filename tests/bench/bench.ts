// `bun run bench [--json FILE] [--devices N] [--window N]`: how fast it is, beside what one would otherwise use.
import { parseArgs } from "node:util"
import { type Figure, formatFigures } from "./figure"
import { measureRoles } from "./idle"
import { measureStart } from "./start"
import { measureUploads } from "./uploads"

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    devices: { type: "string", default: "40000" },
    window: { type: "string", default: "1024" },
  },
})

const say = (text: string) => process.stderr.write(`${text}\n`)
const devices = Number(values.devices)
const window = Number(values.window)

const figures: Figure[] = [
  await measureStart(say),
  ...(await measureRoles(say)),
  ...(await measureUploads({ devices, window, random: Math.random, say })),
]
process.stdout.write(`\n${formatFigures(figures)}`)
if (values.json !== undefined) await Bun.write(values.json, `${JSON.stringify(figures, null, 2)}\n`)
