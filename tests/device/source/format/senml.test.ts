// What sensors and gateways make of SenML: the right readings, or a reason that names the record.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { senmlFormatOf } from "./formats"
import { type Answer, type Asked, Folder, PATH } from "./read"

let folder: Folder
beforeAll(async () => {
  folder = await Folder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

interface Case extends Asked {
  readonly format?: Parameters<typeof senmlFormatOf>[0]
  readonly file: string
  readonly gives: Answer
}

const AT_EIGHT = 1_795_244_400
const EIGHT = "08:00 - 20 - 30%"
const NINE = "09:00 - 21 - 31%"
const CUT = "The value must have an end: it may be cut, or still be written"
const BEHIND = "Stands behind a record that cannot be read, whose base fields may hold for it"
const pack = (...records: unknown[]) => `${JSON.stringify(records)}\n`
const lines = (...records: unknown[]) => `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`
const base = { bn: "bed3/", bt: AT_EIGHT }
const T = { n: "temperature", u: "Cel", v: 20 }
const H = { n: "humidity", u: "%RH", v: 30 }
const later = (record: object, v: number) => ({ ...record, t: 3600, v })
const GOOD = [{ ...base, ...T }, H]
const both = { lines: [EIGHT, NINE], refused: [] }

const CASES: Record<string, Case> = {
  "a pack as a list": { file: lines(...GOOD, later(T, 21), later(H, 31)), gives: both },
  "a pack a line": { file: pack(...GOOD) + pack(base, later(T, 21), later(H, 31)), gives: both },
  "all temperatures, then all humidities": { file: pack(GOOD[0], later(T, 21), H, later(H, 31)), gives: both },
  "resolved records": {
    file: pack({ ...T, t: AT_EIGHT }, { ...H, t: AT_EIGHT }),
    gives: { lines: [EIGHT], refused: [] },
  },
  "base units and base values": {
    file: pack({ ...base, bu: "Cel", bv: 15, n: "t", v: 5 }, { bu: "%RH", bv: 30, n: "h" }),
    gives: { lines: [EIGHT], refused: [] },
  },
  "a base that ends with its pack": {
    file: pack(...GOOD) + pack(T, H),
    gives: {
      lines: [EIGHT],
      refused: [2, 2].map(
        (line) =>
          `${line} Time must be seconds since 1970: it is 0, which counts from when it was sent, and nobody knows when that was`,
      ),
    },
  },
  "kelvin, and parts of 1 and of 100": {
    file: pack({ ...base, ...T, u: "K", v: 293.15 }, { ...H, u: "/", v: 0.3 }, later(T, 21), {
      ...later(H, 31),
      u: "/100",
    }),
    gives: both,
  },
  "records of other things": {
    file: pack(
      ...GOOD,
      { n: "battery", u: "%EL", v: 91 },
      { n: "label", vs: "bed" },
      { n: "switch", u: "/", v: 1 },
      { n: "s", s: 3 },
    ),
    gives: { lines: [EIGHT], refused: [] },
  },
  "several temperatures, one of which is named so": {
    file: pack(...GOOD, { n: "board", u: "Cel", v: 35 }),
    gives: { lines: [EIGHT], refused: [] },
  },
  "several temperatures, none of which is meant": {
    file: pack({ ...base, ...T, n: "air" }, { ...T, n: "board" }, H),
    gives: { lines: [], refused: ["1 Temperature must be one of its time: there are bed3/air and bed3/board"] },
  },
  "a record twice": { file: pack(...GOOD, H, T), gives: { lines: [EIGHT], refused: [] } },
  "a record twice with other values": {
    file: lines(...GOOD, { ...H, v: 31 }),
    gives: { lines: [], refused: ["2 Humidity must not come twice with other values at a time"] },
  },
  "a temperature alone": {
    file: pack(GOOD[0]),
    gives: `${PATH} has 1 rows of 21 November, and nothing at humidity`,
  },
  "Fahrenheit, which SenML does not have": {
    file: lines({ ...base, ...T, u: "Far" }, H),
    gives: { lines: [], refused: ["2 Unit must be Cel or K of a temperature: it is Far"] },
  },
  "% for percent": {
    file: lines(GOOD[0], { ...H, u: "%" }),
    gives: {
      lines: [],
      refused: [
        "3 Unit must be %RH, / or /100 of a humidity: it is %, by which SenML means a part of 1: for percent write %RH",
      ],
    },
  },
  "no unit": {
    file: lines({ ...base, n: "temperature", v: 20 }, H),
    gives: { lines: [], refused: ["2 Unit must be Cel or K of a temperature: it is missing"] },
  },
  "values out of their range": {
    file: lines({ ...base, ...T, u: "K", v: 20 }, H, later(T, 21), later(H, 131)),
    gives: {
      lines: [],
      refused: [
        "2 Temperature must be -90 to 90 °C: it is 20, read as -253.15",
        "5 Humidity must be 0 to 100 %: it is 131",
      ],
    },
  },
  "a value that is text": {
    file: lines(...GOOD, { ...later(T, 0), v: "21" }, later(H, 31)),
    gives: { lines: [EIGHT], refused: ["4 v must be a number: it is 21"] },
  },
  "a base that cannot be read": {
    file: lines(...GOOD, { bt: "tomorrow" }, later(T, 21), later(H, 31)),
    gives: { lines: [EIGHT], refused: ["4 bt must be a number: it is tomorrow", `5 ${BEHIND}`, `6 ${BEHIND}`] },
  },
  "a version that nobody knows": {
    file: lines({ ...base, bver: 11, ...T }, H),
    gives: `${PATH} has no readings: ${PATH}:2 bver must be at most 10, or 26: it is 11`,
  },
  "a field that has to be understood": {
    file: lines(...GOOD, { ...later(T, 21), calibrated_: true }, later(H, 31)),
    gives: { lines: [EIGHT], refused: ["4 A field whose name ends in _ must be understood: calibrated_ is not"] },
  },
  "a record that is refused far behind in a pack of many days": {
    file: lines(
      { ...base, ...T, t: -86_400 * 5 },
      { ...H, t: -86_400 * 5 },
      T,
      { ...H, v: null },
      later(T, 21),
      later(H, 31),
      { ...T, t: 86_400 },
      { ...H, t: 86_400 },
    ),
    gives: { lines: [NINE], refused: ["5 v must be a number: it is null"] },
  },
  "records that are none": {
    file: lines(...GOOD, 12, later(T, 21)),
    gives: { lines: [EIGHT], refused: ["4 A record must be a JSON object: it is 12", `5 ${BEHIND}`] },
  },
  "a pack that is cut": {
    file: lines(...GOOD, later(T, 21), later(H, 31)).slice(0, -10),
    gives: { lines: [EIGHT], refused: [`5 ${CUT}`] },
  },
  "a time of the far future": {
    file: lines(...GOOD, { ...T, t: 1e300 }, { ...H, t: -1e10 }),
    gives: {
      lines: [EIGHT],
      refused: [
        "4 Time must be in the years 1970 to 9999: it is 1e+300",
        "5 Time must be seconds since 1970: it is -8204755600, which counts from when it was sent, and nobody knows when that was",
      ],
    },
  },
  "a time that is of a year behind every calendar in some zone": {
    file: lines({ ...T, t: 253_402_300_799 }, { ...H, t: 253_402_300_799 }),
    gives: `${PATH} has no readings: ${PATH}:2 Time must be in the years 1970 to 9999: it is 253402300799`,
  },
  "several devices by their base names": {
    format: { device: { path: "bn" } },
    file: pack(...GOOD, { bn: "bed2/", ...T, v: 1 }, { ...H, v: 1 }),
    gives: { lines: [EIGHT], refused: [] },
  },
  "several devices by their names": {
    format: { device: { path: "n" } },
    sensor: "urn:dev:mac:bed3",
    file: pack(
      { bt: AT_EIGHT, ...T, n: "urn:dev:mac:bed3:temp" },
      { ...T, n: "urn:dev:mac:bed2:temp", v: 1 },
      { ...H, n: "urn:dev:mac:bed3:rh" },
      { ...H, n: "urn:dev:mac:bed2:rh", v: 1 },
    ),
    gives: { lines: [EIGHT], refused: [] },
  },
  "several devices, none of them this one": {
    format: { device: { path: "bn" } },
    sensor: "bed4",
    file: pack(...GOOD),
    gives: `${PATH} has no rows of bed4, did you mean bed3?`,
  },
  "a day that begins elsewhere": {
    timeZone: "Pacific/Auckland",
    file: pack({ bt: Date.parse("2026-11-20T10:59:59Z") / 1000, ...T }, H, { ...T, t: 1 }, { ...H, t: 1 }),
    gives: { lines: ["00:00 - 20 - 30%"], refused: [] },
  },
}

describe("a day's readings out of SenML with", () => {
  test.each(Object.keys(CASES))("%s", async (name) => {
    const { format, file = "", gives, ...asked } = CASES[name] ?? {}
    await folder.write(file)
    expect(await folder.read(senmlFormatOf(format), asked)).toEqual(gives as never)
  })
})
