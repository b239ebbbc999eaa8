// From a sample of each ready-made format, of our own making, to exact readings.
import { expect, test } from "bun:test"
import { join } from "node:path"
import { readyMade, readyMadeNames } from "../../../../src/topology/formats/ready-made"
import { DAY, Folder } from "./read"

const SAMPLES: Record<string, { file: string; sensor?: string; lines: string[] }> = {
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
  tomst: { file: "tomst.csv", lines: ["00:00 - 14.25 - 34.21%", "00:15 - 14.19 - 34.14%", "13:30 - 15.5 - 33.7%"] },
  "tomst-comma": { file: "tomst-comma.csv", lines: ["00:00 - 14.25 - 34.21%", "13:30 - 15.5 - 33.7%"] },
  ttn: { file: "ttn.jsonl", lines: ["00:00:03 - 14.22 - 28.69%", "13:30 - 15.51 - 28.51%"] },
  rtl_433: { file: "rtl_433.jsonl", sensor: "112", lines: ["00:01:40 - 14.2 - 29%", "13:30:02 - 15.5 - 28%"] },
  senml: { file: "senml.json", lines: ["00:00 - 14.22 - 28.69%", "00:15 - 14.15 - 28.66%", "13:30 - 15.51 - 28.51%"] },
}

test.each(readyMadeNames())("the ready-made format %s reads its sample", async (name) => {
  const { file = "", lines = [], ...asked } = SAMPLES[name] ?? {}
  const format = readyMade(name)
  if (!format) throw new Error(`${name} is not ready-made`)
  await using folder = await Folder.make()
  await folder.write(await Bun.file(join(import.meta.dir, "samples", file)).bytes())
  expect(await folder.read(format, { day: DAY, ...asked })).toEqual({ lines, refused: [] })
})

test.each([
  "hobo",
  "hobo-comma",
])("the ready-made format %s reads its sample without the title, which is an option", async (name) => {
  const { file = "", lines = [] } = SAMPLES[name] ?? {}
  const format = readyMade(name)
  if (!format) throw new Error(`${name} is not ready-made`)
  await using folder = await Folder.make()
  const [, ...rows] = (await Bun.file(join(import.meta.dir, "samples", file)).text()).split("\n")
  await folder.write(rows.join("\n"))
  expect(await folder.read(format)).toEqual({ lines, refused: [] })
  await folder.write(rows.filter((row) => !/11.20.26|20.11.26/.test(row)).join("\n"))
  expect(await folder.read(format)).toEqual({ lines, refused: [] })
})

test.each(readyMadeNames())("readyMade() gives %s as one object, by which pieces of its files are known", (name) => {
  expect(readyMade(name)).toBe(readyMade(name))
})
