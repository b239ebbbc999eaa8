// Exports that are rotated: one device's rows in several files.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdir, rm, symlink } from "node:fs/promises"
import { join } from "node:path"
import { filesOf } from "../../../../src/device/source/format/several"
import { formatOf, jsonFormatOf } from "./formats"
import { Folder } from "./read"

const HEAD = "time,T,H\n"
const EIGHT = "2026-11-21 08:00,20,30\n"
const TWELVE = "2026-11-21 12:00,22,31\n"
const ALL = { path: "export/bed3-*.csv" }

let folder: Folder
beforeEach(async () => {
  folder = await Folder.make()
})
afterEach(() => folder[Symbol.asyncDispose]())

const write = (name: string, text: string) => Bun.write(join(folder.path, "export", name), text)

test("a day's readings are those of all files, each with its own header", async () => {
  await write("bed3-10.csv", `${HEAD}2026-11-20 23:45,1,1\n${EIGHT}`)
  await write("bed3-11.csv", `H,T,time\n30,20,2026-11-21 08:00\n31,22,2026-11-21 12:00\n1,1,2026-11-22 00:00\n`)
  await write("bed4-11.csv", `${HEAD}2026-11-21 09:00,1,1\n`)
  await write("bed3-12.csv", "")
  expect(await folder.read(formatOf(), ALL)).toEqual({ lines: ["08:00 - 20 - 30%", "12:00 - 22 - 31%"], refused: [] })
})

test("a row that is refused is told with its file", async () => {
  await write("bed3-10.csv", `${HEAD}${EIGHT}2026-11-21 09:00,200,30\n`)
  await write("bed3-11.csv", `${HEAD}2026-11-21 08:00,21,30\n${TWELVE}`)
  const { refused } = Object(await folder.read(formatOf(), { ...ALL, withPaths: true }))
  expect(refused).toEqual([
    "export/bed3-10.csv:3 Temperature must be -90 to 90 °C: it is 200",
    "export/bed3-11.csv:2 Time must not come twice with other values: it is 08:00",
  ])
})

test("what rotation does between two looks neither loses nor doubles a row", async () => {
  await write("bed3.json", '{"time":"2026-11-21 08:00","T":20,"H":30}\n')
  const all = { path: "export/bed3*.json*" }
  expect(await folder.read(jsonFormatOf(), all)).toMatchObject({ lines: { length: 1 } })
  await write("bed3.json.1", '{"time":"2026-11-21 08:00","T":20,"H":30}\n{"time":"2026-11-21 12:00","T":22,"H":31}\n')
  await write("bed3.json", "")
  expect(await folder.read(jsonFormatOf(), all)).toEqual({
    lines: ["08:00 - 20 - 30%", "12:00 - 22 - 31%"],
    refused: [],
  })
})

test("why there is none is told of all", async () => {
  expect(await folder.read(formatOf(), ALL)).toBe("export/bed3-*.csv not found: no file has such a name")
  expect(await folder.read(formatOf(), { path: "nowhere/*.csv" })).toBe(
    "nowhere/*.csv not found: no file has such a name",
  )
  await write("bed3-10.csv", "")
  expect(await folder.read(formatOf(), ALL)).toBe("export/bed3-*.csv is empty")
  await write("bed3-11.csv", `${HEAD}2026-11-19 08:00,1,1\n`)
  expect(await folder.read(formatOf(), ALL)).toBe(
    "export/bed3-*.csv has no reading of 21 November, its last is of 19 November",
  )
  await write("bed3-12.csv", "time,Tenp,H\n")
  expect(await folder.read(formatOf(), ALL)).toBe(
    "export/bed3-12.csv has no column T, did you mean H? Its columns are time | Tenp | H",
  )
})

test("filesOf() gives files by name, links to them too, and no folders", async () => {
  await write("b-2.csv", HEAD)
  await write("b-10.csv", HEAD)
  await mkdir(join(folder.path, "export", "b-3.csv"))
  await symlink("b-2.csv", join(folder.path, "export", "b-4.csv"))
  await symlink("gone", join(folder.path, "export", "b-5.csv"))
  const found = ["export/b-10.csv", "export/b-2.csv", "export/b-4.csv"]
  expect(await filesOf(folder.path, "export/b-*.csv")).toEqual(found)
  expect(await filesOf("/", `${folder.path}/export/b-*.csv`)).toEqual(found.map((each) => `${folder.path}/${each}`))
  expect(await filesOf(folder.path, "nowhere.csv")).toEqual(["nowhere.csv"])
  await Promise.all(Array.from({ length: 1001 }, (_, n) => write(`c/${n}.csv`, "")))
  expect(filesOf(folder.path, "export/c/*.csv")).rejects.toThrow(
    "export/c/*.csv is the name of 1001 files: at most 1000 are read",
  )
  await rm(join(folder.path, "export/c"), { recursive: true })
})
