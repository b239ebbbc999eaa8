// From a sample of each ready-made format, of our own making, to exact readings.
import { expect, test } from "bun:test"
import { join } from "node:path"
import { readyMade, readyMadeNames } from "../../../../src/topology/formats/ready-made"
import { DAY, Folder } from "./read"
import { SAMPLES } from "./samples"

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
