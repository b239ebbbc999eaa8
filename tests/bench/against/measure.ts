// One measurement of one revision: what is measured, the revision's folder and the sizes are the arguments; prints JSON.
// Its own bench measures it, because the wire between gateway and cloud and the tables of both differ between revisions.
import { join } from "node:path"
import type { Measurements } from "./comparison"

export interface Sizes {
  /** Devices a round of uploads. */
  readonly devices: number
  /** Devices of the fleet whose day it is. */
  readonly fleet: number
  /** Surveys that the cloud commits a round. */
  readonly bulk: number
}

/** The modules of a revision's bench that measure, by what they do: since 08e74b7 they take and give what today's do. */
export const BENCH = { uploads: "tests/bench/uploads.ts", day: "tests/bench/day.ts", bulk: "tests/bench/bulk.ts" }
export type Measured = keyof typeof BENCH

const LOAD = { window: 2048, random: Math.random }

const MEASURE: Record<Measured, (module: string, sizes: Sizes) => Promise<Measurements>> = {
  async uploads(module, { devices }) {
    const { measureUploads }: typeof import("../uploads") = await import(module)
    const figures = await measureUploads({ ...LOAD, devices, say: (text) => process.stderr.write(`${text}\n`) })
    // the same figure stands there once for each of its peers
    const byName = new Map(figures.map(({ figure, value, unit }) => [figure, { figure, value, unit }]))
    return [...byName.values()]
  },
  async day(module, { fleet }) {
    const { measureDay }: typeof import("../day") = await import(module)
    const { uploadMs, deliveryMs } = await measureDay({ ...LOAD, devices: fleet })
    const name = `a day of ${fleet.toLocaleString("en")} devices`
    return [
      { figure: name, value: (uploadMs + deliveryMs) / 1000, unit: "s" },
      { figure: `${name}, uploads`, value: (fleet / uploadMs) * 1000, unit: "/s" },
      { figure: `${name}, deliveries`, value: (fleet / deliveryMs) * 1000, unit: "/s" },
    ]
  },
  async bulk(module, { bulk }) {
    const { measureBulk }: typeof import("../bulk") = await import(module)
    const { figure, value, unit } = await measureBulk(bulk)
    return [{ figure, value, unit }]
  },
}

if (import.meta.main) {
  const [what, folder = ".", sizes = ""] = process.argv.slice(2)
  const measured = what as Measured // of whoever started this process
  process.stdout.write(JSON.stringify(await MEASURE[measured](join(folder, BENCH[measured]), JSON.parse(sizes))))
}
