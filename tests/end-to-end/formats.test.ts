// Files that others write, from a device's run to the store: each ready-made format's sample, months of days, several devices.
import { expect, test } from "bun:test"
import { join } from "node:path"
import { Network } from "../../src/network"
import { readyMadeNames } from "../../src/topology/formats/ready-made"
import { SAMPLES } from "../device/source/format/samples"
import { DAY_MS, MONDAY_AT_SIX, Site } from "./fixture"

const SUNDAY_AT_SIX = MONDAY_AT_SIX - DAY_MS // of the samples' day, the 21st
const FOLDER = new URL("../device/source/format/samples/", import.meta.url)

test("each ready-made format's sample is in the store, reading by reading", async () => {
  const names = readyMadeNames()
  const devices = names.map((name, n) => {
    const { file, sensor } = SAMPLES[name] ?? { file: "" }
    return `{ ip: 192.168.1.${n + 2}, name: bed3, survey: "export/${file}", format: ${name}${sensor ? `, sensor: "${sensor}"` : ""} }`
  })
  await using site = await Site.make({ devices, files: {} })
  for (const { file } of Object.values(SAMPLES)) {
    await Bun.write(join(site.folder, "export", file), await Bun.file(new URL(file, FOLDER)).bytes())
  }
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect({ scheduledAt: SUNDAY_AT_SIX })).toMatchObject({ complete: true })
  const expected = names.flatMap((name, n) =>
    (SAMPLES[name]?.lines ?? []).map(
      (line) => `2026-11-21 192.168.1.${n + 2} ${line.replaceAll(" - ", " ").replace("%", "")}`,
    ),
  )
  expect(await site.stored()).toEqual(expected)
})

const FORMATS = `formats:
  own:
    kind: json
    time: { path: time }
    temperature: { path: soil.T }
    humidity: { path: soil.H }
    device: { path: port }
`
const rowOf = (day: number, port: number, T: number) =>
  `${JSON.stringify({ time: `2026-11-${day}T12:00:00+01:00`, port, soil: { T, H: 30 } })}\n`
const DEVICES = [
  '{ ip: 192.168.1.2, name: tomatoes, survey: "export/all-*.jsonl", format: own, sensor: "1" }',
  '{ ip: 192.168.1.3, name: herbs, survey: "export/all-*.jsonl", format: own, sensor: "2" }',
]

test("several files of several devices hold owed days too", async () => {
  const files = {
    "export/all-1.jsonl": rowOf(20, 1, 10) + rowOf(20, 2, 11) + rowOf(21, 1, 12),
    "export/all-2.jsonl": rowOf(21, 2, 13) + rowOf(22, 1, 14),
  }
  await using site = await Site.make({ devices: DEVICES, extra: FORMATS, files, grace: "1s" })
  await using network = await Network.start(site.topology, site.options)
  for (const day of [20, 21]) await network.collect({ scheduledAt: MONDAY_AT_SIX - (22 - day) * DAY_MS })
  expect(await network.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ complete: false })
  await site.write("export/all-3.jsonl", rowOf(22, 2, 15))
  await network.collect({ scheduledAt: MONDAY_AT_SIX + DAY_MS })
  expect(await site.stored()).toEqual([
    "2026-11-20 192.168.1.2 12:00 10 30",
    "2026-11-20 192.168.1.3 12:00 11 30",
    "2026-11-21 192.168.1.2 12:00 12 30",
    "2026-11-21 192.168.1.3 12:00 13 30",
    "2026-11-22 192.168.1.2 12:00 14 30",
    "2026-11-22 192.168.1.3 12:00 15 30",
  ])
})

test("a row that is refused is told with the file it is in", async () => {
  const files = {
    "export/all-1.jsonl": rowOf(22, 1, 10),
    "export/all-2.jsonl": rowOf(22, 1, 200).replace("12:", "13:"),
  }
  await using site = await Site.make({ devices: DEVICES.slice(0, 1), extra: FORMATS, files })
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  expect(site.logged.join("\n")).toContain("export/all-2.jsonl:1 Temperature must be -90 to 90 °C: it is 200")
  expect(await site.stored()).toEqual(["2026-11-22 192.168.1.2 12:00 10 30"])
})
