// The same readings, however they are written: columns, JSON a value a line or in a list, SenML with and without its base fields.
import { afterAll, beforeAll, test } from "bun:test"
import fc from "fast-check"
import type { Format } from "../../../../src/topology/formats/schema"
import { formatOf, jsonFormatOf, senmlFormatOf } from "./formats"
import { Folder } from "./read"

let folder: Folder
beforeAll(async () => {
  folder = await Folder.make()
})
afterAll(() => folder[Symbol.asyncDispose]())

const START = Date.parse("2026-10-25T00:00:00+02:00") / 1000 // of a day of 25 hours in Rome
const HOUR = 3600

interface Taken {
  readonly at: number
  readonly T: number
  readonly H: number
}

const taken = fc.uniqueArray(
  fc.record({
    at: fc.integer({ min: -2 * HOUR, max: 27 * HOUR }).map((seconds) => START + seconds),
    T: fc.integer({ min: -9000, max: 9000 }).map((hundredths) => hundredths / 100),
    H: fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100),
  }),
  { selector: ({ at }) => at, maxLength: 30 },
)

const iso = (at: number) => new Date(at * 1000).toISOString().replace(".000", "")
const values = (list: readonly Taken[]) => list.map(({ at, T, H }) => JSON.stringify({ time: iso(at), v: { T, H } }))
const byPath = { time: { path: "time" }, temperature: { path: "v.T" }, humidity: { path: "v.H" } }
const asRows = (list: readonly Taken[]) =>
  list.map(({ at, T, H }) => `${iso(at)};${String(T).replace(".", ",")};${H}\n`.replace(/\.(\d+)\n/, ",$1\n"))
const resolved = (list: readonly Taken[]) =>
  list.flatMap(({ at, T, H }) => [
    { n: "bed3/temperature", u: "Cel", t: at, v: T },
    { n: "bed3/humidity", u: "%RH", t: at, v: H },
  ])
const based = (list: readonly Taken[]) => [
  { bn: "bed3/", bt: START, bu: "Cel" },
  ...list.map(({ at, T }) => ({ n: "t", t: at - START, v: T })),
  { bu: "/100", bv: 1 },
  ...list.map(({ at, H }) => ({ n: "h", t: at - START, v: H - 1 })),
]

const WAYS: Readonly<Record<string, readonly [format: Format, write: (list: readonly Taken[]) => string]>> = {
  columns: [
    formatOf({ delimiter: ";", decimal: ",", time: { column: "time", pattern: "yyyy-MM-dd'T'HH:mm:ssZZ" } }),
    (list) => `time;T;H\n${asRows(list).join("")}`,
  ],
  "columns, newest first": [
    formatOf({ delimiter: ";", decimal: ",", time: { column: "time", pattern: "yyyy-MM-dd'T'HH:mm:ssZZ" } }),
    (list) => `time;T;H\n${asRows(list.toSorted((a, b) => b.at - a.at)).join("")}`,
  ],
  "JSON lines": [
    jsonFormatOf(byPath),
    (list) =>
      values(list)
        .map((line) => `${line}\n`)
        .join(""),
  ],
  "a JSON list": [jsonFormatOf(byPath), (list) => `[${values(list).join(",")}]`],
  "a JSON document": [
    jsonFormatOf({ ...byPath, rows: "data.0" }),
    (list) => JSON.stringify({ data: [values(list).map((line) => JSON.parse(line))] }, undefined, 1),
  ],
  "resolved SenML": [senmlFormatOf(), (list) => JSON.stringify(resolved(list))],
  "SenML, a reading a line": [
    senmlFormatOf(),
    (list) => list.map((each) => `${JSON.stringify(resolved([each]))}\n`).join(""),
  ],
  "SenML with base fields": [senmlFormatOf({ device: { path: "bn" } }), (list) => JSON.stringify(based(list))],
}

test("the same readings are read, however they are written", async () => {
  const read = async (way: string, list: readonly Taken[]) => {
    const [format = formatOf(), write = () => ""] = WAYS[way] ?? []
    await folder.write(write(list))
    const answer = await folder.read(format, { day: "2026-10-25" })
    return typeof answer === "string" ? [] : answer.refused.length > 0 ? answer.refused : answer.lines
  }
  await fc.assert(
    fc.asyncProperty(taken, async (list) => {
      const expected = await read("resolved SenML", list)
      const within = list.filter(({ at }) => at >= START && at < START + 25 * HOUR)
      if (expected.length !== within.length) throw new Error(`${expected.length} readings of ${within.length}`)
      for (const way of Object.keys(WAYS)) {
        const lines = await read(way, list)
        if (lines.join() !== expected.join())
          throw new Error(`as ${way}: ${lines.join()} instead of ${expected.join()}`)
      }
    }),
  )
})
