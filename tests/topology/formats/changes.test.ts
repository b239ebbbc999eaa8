import { expect, test } from "bun:test"
import { applyChanges, changesOf } from "../../../src/topology/changes"
import { parseTopology } from "../../../src/topology/yaml/load"
import { changed } from "../sample"

const FORMAT = `formats:
  own:
    time: { column: time, pattern: "yyyy-MM-dd HH:mm" }
    temperature: { column: T }
    humidity: { column: H }
    device: { column: who }
site: greenhouse`

test("changesOf() and applyChanges() take formats, and devices that name another one, at once", () => {
  const before = parseTopology(changed(["site: greenhouse", FORMAT]), "topology.yaml")
  const after = parseTopology(
    changed(
      ["site: greenhouse", FORMAT.replace("column: T", "column: T, unit: F")],
      ["survey: one.txt", "survey: one.txt, format: own, sensor: bed3"],
    ),
    "topology.yaml",
  )
  expect(changesOf(before, after)).toEqual({
    applied: ["~ 192.168.1.2 format: own, sensor: bed3", "formats.own changed"],
    postponed: [],
  })
  expect(applyChanges(before, after).formats.own).toMatchObject({ temperature: { unit: "F" } })
})

test("devices of one file are no mistake where its format says whose a row is", () => {
  const devices = (format: string) =>
    changed(
      ["site: greenhouse", FORMAT],
      ["survey: one.txt", `survey: all.csv, format: ${format}`],
      ["survey: two.txt", `survey: all.csv, format: ${format}`],
    )
  expect(parseTopology(devices("own"), "topology.yaml").warnings).toEqual([])
  expect(parseTopology(devices("zentra"), "topology.yaml").warnings.map(({ message }) => message)).toEqual([
    "all.csv is also the survey of the device on line 18",
  ])
})
