// One measurement of one revision: what is measured, the revision's folder and the sizes are the arguments; prints JSON.
// Its own bench measures it, because the wire between gateway and cloud and the tables of both differ between revisions;
// today's does what it can do from outside.
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileBytes, Peak } from "../peak"
import { type Measurements, PER_SECOND } from "./comparison"
import { measureCost } from "./cost"

export interface Sizes {
  /** Devices a round of uploads. */
  readonly devices: number
  /** Devices of the fleet whose day it is. */
  readonly fleet: number
  /** Surveys that the cloud commits a round. */
  readonly bulk: number
}

/** The files of a revision's bench, by what is measured with them: since 08e74b7 they take and give what today's do. */
export const BENCH = {
  uploads: "tests/bench/uploads.ts",
  cost: "tests/bench/gateway.ts",
  day: "tests/bench/day.ts",
  bulk: "tests/bench/bulk.ts",
}
export type Measured = keyof typeof BENCH

const MIB = 1024 * 1024
const LOOK_AT_FILE_MS = 100
const SPOOLS = new Bun.Glob("bench-day-*/data/gateway.db")
const LOAD = { window: 2048, random: Math.random }

const MEASURE: Record<Measured, (file: string, sizes: Sizes) => Promise<Measurements>> = {
  async uploads(file, { devices }) {
    const { measureUploads }: typeof import("../uploads") = await import(file)
    const figures = await measureUploads({ ...LOAD, devices, say: (text) => process.stderr.write(`${text}\n`) })
    // the same figure stands there once for each of its peers; what an upload costs is measured alike for both, below
    const rates = figures.filter(({ unit }) => unit === PER_SECOND)
    const byName = new Map(rates.map(({ figure, value, unit }) => [figure, { figure, value, unit }]))
    return [...byName.values()]
  },
  async cost(script, { devices }) {
    const value = await measureCost({ script, devices, window: LOAD.window })
    return [{ figure: "processor time a durable upload, until it is in its place", value, unit: "µs" }]
  },
  async day(file, { fleet }) {
    const { measureDay }: typeof import("../day") = await import(file)
    using peak = new Peak(spoolBytes, LOOK_AT_FILE_MS)
    const { uploadMs, deliveryMs, gatewayBytes, cloudBytes } = await measureDay({ ...LOAD, devices: fleet })
    const name = `a day of ${fleet.toLocaleString("en")} devices`
    return [
      { figure: name, value: (uploadMs + deliveryMs) / 1000, unit: "s" },
      { figure: `${name}, uploads`, value: (fleet / uploadMs) * 1000, unit: "/s" },
      { figure: `${name}, deliveries`, value: (fleet / deliveryMs) * 1000, unit: "/s" },
      { figure: `${name}, gateway's own memory`, value: gatewayBytes / MIB, unit: "MiB" },
      { figure: `${name}, cloud's own memory`, value: cloudBytes / MIB, unit: "MiB" },
      { figure: `${name}, spool and its log at their peak`, value: peak.most / MIB, unit: "MiB" },
    ]
  },
  async bulk(file, { bulk }) {
    const { measureBulk }: typeof import("../bulk") = await import(file)
    const { figure, value, unit } = await measureBulk(bulk)
    return [{ figure, value, unit }]
  },
}

let spool: string | undefined

/** Of the spool of the day that is being measured, which older benches do not tell. */
function spoolBytes(): number {
  spool ??= [...SPOOLS.scanSync({ cwd: tmpdir(), absolute: true })][0]
  return spool === undefined ? 0 : fileBytes(spool)
}

if (import.meta.main) {
  const [what, folder = ".", sizes = ""] = process.argv.slice(2)
  const measured = what as Measured // of whoever started this process
  process.stdout.write(JSON.stringify(await MEASURE[measured](join(folder, BENCH[measured]), JSON.parse(sizes))))
}
