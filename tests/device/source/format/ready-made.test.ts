// From a sample of each ready-made format, of our own making, to exact readings.
import { expect, test } from "bun:test"
import { join } from "node:path"
import { readyMade, readyMadeNames } from "../../../../src/topology/formats/ready-made"
import { DAY, Folder } from "./read"

const SAMPLES: Record<string, { file: string; lines: string[] }> = {
  zentra: {
    file: "zentra.csv",
    lines: ["00:00 - 14.2 - 28.7%", "00:15 - 14.15 - 28.65%", "23:45 - -0.4 - 28.4%"],
  },
  hobo: {
    file: "hobo.csv",
    lines: ["00:00 - 14.22 - 28.69%", "00:15 - 14.15 - 28.66%", "13:30 - 15.51 - 28.51%"],
  },
  "hobo-comma": { file: "hobo-comma.csv", lines: ["00:00 - 14.22 - 28.69%", "13:30 - 15.51 - 28.51%"] },
  toa5: { file: "toa5.dat", lines: ["00:00 - 14.22 - 28.69%", "13:30 - 15.51 - 28.51%"] },
  ecowitt: { file: "ecowitt.csv", lines: ["00:00 - 14.2 - 34%", "13:30 - 15.5 - 33%"] },
}

test.each(readyMadeNames())("the ready-made format %s reads its sample", async (name) => {
  const { file = "", lines = [] } = SAMPLES[name] ?? {}
  const format = readyMade(name)
  if (!format) throw new Error(`${name} is not ready-made`)
  await using folder = await Folder.make()
  await folder.write(await Bun.file(join(import.meta.dir, "samples", file)).bytes())
  expect(await folder.read(format, { day: DAY })).toEqual({ lines, refused: [] })
})
