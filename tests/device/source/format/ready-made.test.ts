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
