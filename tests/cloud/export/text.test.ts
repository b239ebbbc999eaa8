import { describe, expect, test } from "bun:test"
import { DAYS, type DayRow, READINGS, type ReadingRow } from "../../../src/cloud/export/tables"
import { TEXT_FORMATS, type TextFormatName, textFormat } from "../../../src/cloud/export/text"
import type { StoredDay } from "../../../src/cloud/store/pages"

const SURVEY: StoredDay = {
  ...{ site: "greenhouse", address: 0xc0a80102, day: "2026-10-25", zone: "Europe/Rome" },
  readings: [
    ["02:15", -1.5, 30],
    ["02:15:30", 2, 30],
    ["02:15+01:00", 20.25, 33],
  ],
}
const rows = (name?: string): readonly ReadingRow[] => READINGS.rowsOf(SURVEY, name)
const days = (name?: string): readonly DayRow[] => DAYS.rowsOf(SURVEY, name)
const lines = (format: TextFormatName, name?: string) => rows(name).map(textFormat(READINGS, format).line)
const nameIn = (line = "") => line.slice(0, -1).split("+02:00,")[1]

describe("csv", () => {
  test("keeps the places of its old columns, and tells the two passes of an hour apart", () => {
    expect(textFormat(READINGS, "csv").head).toBe("site,device,day,time,temperature,humidity,timestamp,name\n")
    expect(lines("csv", "tomatoes")).toEqual([
      "greenhouse,192.168.1.2,2026-10-25,02:15,-1.5,30,2026-10-25T02:15:00+02:00,tomatoes\n",
      "greenhouse,192.168.1.2,2026-10-25,02:15:30,2,30,2026-10-25T02:15:30+02:00,tomatoes\n",
      "greenhouse,192.168.1.2,2026-10-25,02:15+01:00,20.25,33,2026-10-25T02:15:00+01:00,tomatoes\n",
    ])
  })

  test("has a day's statistics in columns of their own", () => {
    const { head, line } = textFormat(DAYS, "csv")
    expect(head).toBe(
      "site,device,day,readings,temperature_min,temperature_mean,temperature_max,humidity_min,humidity_mean,humidity_max,name\n",
    )
    expect(days("tomatoes").map(line)).toEqual([
      "greenhouse,192.168.1.2,2026-10-25,3,-1.5,6.92,20.25,30,31,33,tomatoes\n",
    ])
  })

  test.each([
    [undefined, ""],
    ["tomatoes, red", '"tomatoes, red"'],
    ['the "red" ones', '"the ""red"" ones"'],
    ["two\nlines", '"two\nlines"'],
    ["two\rlines", '"two\rlines"'],
    ["tomatoes; herbs", "tomatoes; herbs"],
    ["café 🌱", "café 🌱"],
    ["a=b", "a=b"],
    ["north-east", "north-east"],
    ["<script>alert(1)</script>", "<script>alert(1)</script>"],
    ["🌱".repeat(64), "🌱".repeat(64)],
  ])("writes the name %j as in RFC 4180: %j", (name, expected) => {
    expect(nameIn(lines("csv", name)[0])).toBe(expected)
  })

  test.each([
    ["=1+1", "'=1+1"],
    ["+39 055", "'+39 055"],
    ["-1 floor", "'-1 floor"],
    ["@SUM(A1)", "'@SUM(A1)"],
    [" =1+1", " '=1+1"],
    ["＝1+1", "'＝1+1"],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ["x;=1+1", "x;'=1+1"], // where lists are separated by semicolons
    ['x;"=1+1', `"x;""'=1+1"`],
    ["x\t=1+1", "x\t'=1+1"],
    ["x\n=1+1", `"x\n'=1+1"`],
  ])("lets no spreadsheet run %j: %j", (name, expected) => {
    expect(nameIn(lines("csv", name)[0])).toBe(expected)
  })

  test("shows each row's own name, whatever the one before was", () => {
    const { line } = textFormat(READINGS, "csv")
    const named = ["a", "b", undefined, "b", "=1"].map((name) => rows(name)[0])
    expect(named.flatMap((row) => (row ? nameIn(line(row)) : []))).toEqual(["a", "b", "", "b", "'=1"])
  })
})

describe("csv-semicolon", () => {
  test("has the same columns, semicolons between them, and numbers with a comma", () => {
    expect(textFormat(READINGS, "csv-semicolon").head).toBe(
      "site;device;day;time;temperature;humidity;timestamp;name\n",
    )
    expect(lines("csv-semicolon", "tomatoes, red")[2]).toBe(
      "greenhouse;192.168.1.2;2026-10-25;02:15+01:00;20,25;33;2026-10-25T02:15:00+01:00;tomatoes, red\n",
    )
  })

  test("quotes what would end a cell, and lets no spreadsheet run it", () => {
    expect(lines("csv-semicolon", "tomatoes; herbs")[0]).toEndWith(';"tomatoes; herbs"\n')
    expect(lines("csv-semicolon", "x;=1+1")[0]).toEndWith(`;"x;'=1+1"\n`)
  })
})

describe("json and jsonl", () => {
  const SECOND = {
    ...{ site: "greenhouse", device: "192.168.1.2", day: "2026-10-25", time: "02:15+01:00" },
    ...{ temperature: 20.25, humidity: 33, timestamp: "2026-10-25T02:15:00+01:00" },
  }

  test("have the name as it is, and null where there is none", () => {
    expect(JSON.parse(lines("jsonl", "=1+1")[2] ?? "")).toEqual({ ...SECOND, name: "=1+1" })
    expect(JSON.parse(lines("json")[2] ?? "")).toEqual({ ...SECOND, name: null })
  })

  test("have a day's statistics as they are asked for", () => {
    expect(days().map((row) => JSON.parse(textFormat(DAYS, "jsonl").line(row)))).toEqual([
      {
        ...{ site: "greenhouse", device: "192.168.1.2", day: "2026-10-25", readings: 3, name: null },
        temperature: { min: -1.5, mean: 6.92, max: 20.25 },
        humidity: { min: 30, mean: 31, max: 33 },
      },
    ])
  })

  test.each([0, 1, 3])("a json text of %d rows is one array", (count) => {
    const { head, line, between, tail } = textFormat(READINGS, "json")
    const text = head + rows("x").slice(0, count).map(line).join(between) + tail
    expect(JSON.parse(text)).toHaveLength(count)
  })
})

test("a survey without readings is no row", () => {
  const empty = { ...SURVEY, readings: [] }
  expect([READINGS.rowsOf(empty, "x"), DAYS.rowsOf(empty, "x")]).toEqual([[], []])
})

test("every format has a head of its own, and none holds what another row left", () => {
  for (const name of TEXT_FORMATS) {
    const [one, other] = [textFormat(READINGS, name), textFormat(READINGS, name)]
    const [row] = rows("x")
    if (row) expect([one.line(row), one.line(row)]).toEqual([other.line(row), other.line(row)])
  }
})

test("a reading in a zone that this runtime does not know has no timestamp", () => {
  const { line } = textFormat(READINGS, "csv")
  const [row] = READINGS.rowsOf({ ...SURVEY, zone: "Mars/Olympus" }, undefined)
  expect(row?.timestamp).toBeNull()
  expect(row && line(row)).toMatch(/^\w+,192\.168\.1\.\d+,[\d-]+,[\d:]+,[\d.-]+,[\d.-]+,,\r?\n$/)
})
