// What clouds, radios and scripts make of JSON: the right readings, or a reason that names the value.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { jsonFormatOf } from "./formats"
import { type Answer, type Asked, Folder, PATH } from "./read"

let folder: Folder
beforeAll(async () => {
  folder = await Folder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

interface Case extends Asked {
  readonly format?: Parameters<typeof jsonFormatOf>[0]
  readonly file: string | Uint8Array
  readonly gives: Answer
}

const GOOD = '{"time":"2026-11-21 08:00","T":20,"H":30}'
const NOON = '{"time":"2026-11-21 12:00","T":22,"H":31}'
const EIGHT = "08:00 - 20 - 30%"
const TWELVE = "12:00 - 22 - 31%"
const BOTH: Answer = { lines: [EIGHT, TWELVE], refused: [] }
const CUT = "The value must have an end: it may be cut, or still be written"
const CUT_LINE = "The line must have an end: it may be cut, or still be written"
const pretty = (value: unknown) => JSON.stringify(value, undefined, 2)
const valuesOf = (T: unknown, H: unknown = 30) => `{"time":"2026-11-21 09:00","T":${T},"H":${H}}\n`

const CASES: Record<string, Case> = {
  "a value a line": { file: `${GOOD}\n${NOON}\n`, gives: BOTH },
  "a byte order mark and CRLF": { file: `\ufeff${GOOD}\r\n${NOON}\r\n`, gives: BOTH },
  "UTF-16": {
    file: new Uint8Array(Buffer.from(`\ufeff${GOOD}\n`, "utf16le")),
    gives: `${PATH} is UTF-16 text: save it as UTF-8`,
  },
  "an empty file": { file: "", gives: `${PATH} is empty` },
  "blank lines only": { file: "\n\n", gives: `${PATH} has no readings` },
  "a list on one line": { file: `[${GOOD},${NOON}]`, gives: BOTH },
  "a list, a value a line": { file: `[\n${GOOD},\n${NOON}\n]\n`, gives: BOTH },
  "a list as people read it": { file: pretty([JSON.parse(GOOD), JSON.parse(NOON)]), gives: BOTH },
  "documents one after the other": { file: `${pretty(JSON.parse(GOOD))}\n${pretty(JSON.parse(NOON))}`, gives: BOTH },
  "a document behind blank lines": {
    file: ` \n\n${pretty(JSON.parse(GOOD))}\n${pretty(JSON.parse(NOON))}`,
    gives: BOTH,
  },
  "an empty list": { file: "[]", gives: `${PATH} has no readings` },
  "a list in an answer": {
    format: { rows: "data.list" },
    file: pretty({ code: 0, data: { list: [JSON.parse(GOOD), JSON.parse(NOON)] } }),
    gives: BOTH,
  },
  "a list of one in an answer, on a line of its own": {
    format: { rows: "data" },
    file: `{"data":[\n${GOOD}\n]}\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "an answer without its list": {
    format: { rows: "data.list" },
    file: `{"code":40010,"data":[]}\n`,
    gives: `${PATH} has no readings: ${PATH}:1 The list of readings must be at data.list: there is no list`,
  },
  "a list that is still written": { file: `[\n${GOOD},\n`, gives: { lines: [EIGHT], refused: [] } },
  "a list that is cut in a value": {
    file: `[\n${GOOD},\n{"time":"2026-11-21 12:00","T":2`,
    gives: { lines: [EIGHT], refused: [`3 ${CUT}`] },
  },
  "a list that is cut in a text": {
    file: `[\n${GOOD},\n{"time":"2026-11-21 12`,
    gives: { lines: [EIGHT], refused: [`3 ${CUT}`] },
  },
  "a list that lacks a comma": {
    file: `[\n${GOOD}\n${NOON}\n]`,
    gives: { lines: [EIGHT], refused: ["3 A comma must stand between two values of a list"] },
  },
  "a list with damage in the middle": {
    file: `[\n${GOOD},\n{"time":"2026-11-21 09:00","T":"},\n${NOON}]`,
    gives: { lines: [EIGHT], refused: [`3 ${CUT}`] },
  },
  "a list with a value that is none": {
    file: `[\n${GOOD},\n{"time" 3},\n${NOON}]`,
    gives: { lines: [EIGHT, TWELVE], refused: ["3 A value must be JSON"] },
  },
  "a last line that is cut": {
    file: `${GOOD}\n{"time":"2026-11-21 12:00","T":22,"H":3`,
    gives: { lines: [EIGHT], refused: [`2 ${CUT_LINE}`] },
  },
  "a last line that is whole and has no end": { file: `${GOOD}\n${NOON}`, gives: BOTH },
  "a first line that rotation has cut": {
    file: `08:00","T":1,"H":1}\n${GOOD}\n${NOON}\n`,
    gives: { lines: [EIGHT, TWELVE], refused: ["1 A line must be JSON"] },
  },
  "a first line that is cut where a document would go on": {
    file: `{"time":"2026-11-21 07:00",\n${GOOD}\n${NOON}\n`,
    gives: { lines: [EIGHT, TWELVE], refused: ["1 A line must be JSON"] },
  },
  "a first line that is cut in a word": {
    file: `{"time":"2026-11\n${GOOD}\n`,
    gives: { lines: [EIGHT], refused: ["1 A line must be JSON"] },
  },
  "a line that a power cut has cut": {
    file: `${GOOD}\n{"time":"2026-11-21 09:00","T\n${NOON}\n`,
    gives: { lines: [EIGHT, TWELVE], refused: ["2 A line must be JSON"] },
  },
  "zeros that a power cut has left": {
    file: `${GOOD}\n${"\0".repeat(200_000)}\n${NOON}\n`,
    gives: { lines: [EIGHT, TWELVE], refused: ["2 A line must be JSON"] },
  },
  "a line that does not end": {
    file: `${GOOD}\n${"\0".repeat(20 * 65_536 - GOOD.length - 1)}${NOON}\n${NOON}\n`,
    gives: {
      lines: [EIGHT, TWELVE],
      refused: ["2 A line must end within 1048576 bytes: zeros may stand there, as after a power cut"],
    },
  },
  "a day a line": {
    format: { rows: "data" },
    file: `{"data":[${GOOD}]}\n{"data":[${Array.from({ length: 5000 }, () => NOON).join()}]}\n`,
    gives: BOTH,
  },
  "lists within lists": {
    file: `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
    gives: `${PATH} has no readings: ${PATH}:1 A reading must be a JSON object: it is a list`,
  },
  "other messages in between": {
    file: `${GOOD}\n{"time":"2026-11-21 09:00","event":"join"}\n${NOON}\n`,
    gives: BOTH,
  },
  "values that are no objects": {
    file: `${GOOD}\n12\nnull\n"08:00"\n${NOON}\n`,
    gives: {
      lines: [EIGHT, TWELVE],
      refused: [
        "2 A reading must be a JSON object: it is 12",
        "3 A reading must be a JSON object: it is missing",
        "4 A reading must be a JSON object: it is 08:00",
      ],
    },
  },
  "rows out of order, twice, and newest first": {
    file: `${NOON}\n${NOON}\n${GOOD}\n${GOOD}\n`,
    gives: BOTH,
  },
  "a time twice with other values": {
    file: `${GOOD}\n${GOOD.replace("20,", "21,")}\n`,
    gives: { lines: [EIGHT], refused: ["2 Time must not come twice with other values: it is 08:00"] },
  },
  "values as text": {
    file: `{"time":"2026-11-21 08:00","T":"20.0","H":" 30 %"}\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "a value that is not there": {
    file: valuesOf("null") + valuesOf('""') + valuesOf('"NaN"') + valuesOf(20, -9999),
    gives: `${PATH} has 4 rows of 21 November, and nothing at H`,
  },
  "values of other types": {
    file: valuesOf("true") + valuesOf("[20]") + valuesOf("{}") + valuesOf('"20 °C"'),
    gives: {
      lines: [],
      refused: ["true", "a list", "an object", "20 °C"].map(
        (text, at) => `${at + 1} Temperature must be a number: it is ${text}`,
      ),
    },
  },
  "values out of their range": {
    file: valuesOf(1e300) + valuesOf(20, 130),
    gives: {
      lines: [],
      refused: ["1 Temperature must be -90 to 90 °C: it is 1e+300", "2 Humidity must be 0 to 100 %: it is 130"],
    },
  },
  "Fahrenheit, scale and offset": {
    format: { temperature: { path: "T", unit: "F" }, humidity: { path: "H", scale: 100 } },
    file: valuesOf(68, 0.3),
    gives: { lines: ["09:00 - 20 - 30%"], refused: [] },
  },
  "a path into lists": {
    format: { temperature: { path: "v.0.soil.T" }, humidity: { path: "v.1" } },
    file: `{"time":"2026-11-21 08:00","v":[{"soil":{"T":20}},30]}\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "Ecowitt's local API, and a time put to what it answers": {
    format: {
      time: { path: "at", pattern: "X" },
      temperature: { path: "ch_temp.0.temp" },
      humidity: { path: "ch_soil.0.humidity" },
    },
    file: `{"common_list":[{"id":"0x02","val":"8.1","unit":"C"}],"ch_soil":[{"channel":"1","humidity":"30%"}],"ch_temp":[{"channel":"1","temp":"20","unit":"C"}],"at":1795244400}\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "a path into what objects inherit": {
    format: { temperature: { path: "constructor.length" } },
    file: `${GOOD}\n`,
    gives: `${PATH} has 1 rows of 21 November, and nothing at constructor.length`,
  },
  "a path that is misspelt": {
    format: { time: { path: "data.recieved_at" } },
    file: `{"data":{"received_at":"2026-11-21T07:00:00Z"},"T":20,"H":30}\n${GOOD}\n`,
    gives: `${PATH} has no readings: ${PATH}:1 Time must be at data.recieved_at: it is missing, did you mean received_at?`,
  },
  "a time that is none": {
    file: `${GOOD}\n{"time":"noon","T":20,"H":30}\n${NOON}\n`,
    gives: { lines: [EIGHT, TWELVE], refused: ["2 Time must be written yyyy-MM-dd HH:mm: it is noon"] },
  },
  "RFC 3339 with and without a fraction": {
    format: { time: { path: "time" } },
    file: `{"time":"2026-11-21T07:00:00.048231561Z","T":20,"H":30}\n{"time":"2026-11-21T12:00:00+01:00","T":22,"H":31}\n`,
    gives: BOTH,
  },
  "seconds since 1970, with a fraction": {
    format: { time: { path: "time", pattern: "X" } },
    file: `{"time":1795244400.75,"T":20,"H":30}\n{"time":"1795258800","T":22,"H":31}\n`,
    gives: BOTH,
  },
  "milliseconds since 1970": {
    format: { time: { path: "time", pattern: "x" } },
    file: `{"time":1795244400750,"T":20,"H":30}\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "another zone, whose day is another": {
    format: { time: { path: "time", pattern: "yyyy-MM-dd HH:mm", zone: "-08:00" } },
    file: `{"time":"2026-11-20 14:59","T":1,"H":1}\n{"time":"2026-11-20 15:00","T":20,"H":30}\n{"time":"2026-11-21 15:00","T":1,"H":1}\n`,
    gives: { lines: ["00:00 - 20 - 30%"], refused: [] },
  },
  "several devices": {
    format: { device: { path: "who.id" } },
    sensor: "112",
    file: `{"who":{"id":112},"time":"2026-11-21 08:00","T":20,"H":30}\n{"who":{"id":87},"time":"2026-11-21 08:00","T":1,"H":1}\n{"who":{"id":87},"time":"x","T":1,"H":1}\n`,
    gives: { lines: [EIGHT], refused: [] },
  },
  "several devices, none of them this one": {
    format: { device: { path: "who" } },
    file: `{"who":"bed-3","time":"2026-11-21 08:00","T":20,"H":30}\n`,
    gives: `${PATH} has no rows of bed3, did you mean bed-3?`,
  },
}

describe("a day's readings out of JSON with", () => {
  test.each(Object.keys(CASES))("%s", async (name) => {
    const { format, file = "", gives, ...asked } = CASES[name] ?? {}
    await folder.write(file)
    expect(await folder.read(jsonFormatOf(format), asked)).toEqual(gives as never)
  })
})

describe("a file of JSON that is read again", () => {
  const of = (day: number) => `{"time":"2026-11-${day} 08:00","T":20,"H":30}`
  const DAYS = Array.from({ length: 3000 }, (_, n) => of(10 + (n % 10))).join("\n")

  test("has what was appended, a line that was not whole too", async () => {
    await folder.write(`${DAYS}\n${GOOD.slice(0, 30)}`)
    expect(await folder.read(jsonFormatOf())).toBe(`${PATH} has no reading of 21 November, its last is of 19 November`)
    await folder.write(`${DAYS}\n${GOOD}\n`)
    expect(await folder.read(jsonFormatOf())).toEqual({ lines: [EIGHT], refused: [] })
  })

  test("was rotated, truncated, or written anew as another kind of text", async () => {
    await folder.write(`${DAYS}\n${GOOD}\n${NOON}\n`)
    expect(await folder.read(jsonFormatOf())).toEqual(BOTH)
    await folder.write(`${NOON}\n`)
    expect(await folder.read(jsonFormatOf())).toEqual({ lines: [TWELVE], refused: [] })
    await folder.write(`[\n${GOOD}\n]\n`)
    expect(await folder.read(jsonFormatOf())).toEqual({ lines: [EIGHT], refused: [] })
    await folder.write(`[\n${GOOD},\n${NOON}\n]\n`)
    expect(await folder.read(jsonFormatOf())).toEqual(BOTH)
  })
})

test("a document of more than its bound is named, and lines of more are read", async () => {
  const rows = Array.from({ length: 90_000 }, () => GOOD.replace("}", `,"more":"${"x".repeat(60)}"}`))
  await folder.write(`[\n${rows.join(",\n")}\n]`)
  expect(await folder.read(jsonFormatOf())).toMatch(
    /^export\/bed3\.csv has \d+ bytes and not a value a line: such a file is read up to 8388608 bytes/,
  )
  await folder.write(`${rows.join("\n")}\n`)
  expect(await folder.read(jsonFormatOf())).toEqual({ lines: [EIGHT], refused: [] })
})
