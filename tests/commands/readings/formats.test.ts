import { describe, expect, test } from "bun:test"
import type { StoredDay } from "../../../src/cloud/store/pages"
import { SHOWN_DAYS, SHOWN_READINGS, type Shown } from "../../../src/commands/readings/formats"

const SURVEY: StoredDay = {
  ...{ site: "greenhouse", address: 0xc0a80102, day: "2026-10-25", zone: "Europe/Rome" },
  readings: [
    ["02:15", -1.5, 30],
    ["02:15+01:00", 20, 33.5],
  ],
}

function linesOf<Row>({ table, formatNamed }: Shown<Row>, format: string, name?: string): string[] {
  const { head = "", line = String } = formatNamed(format) ?? {}
  return [head, ...table.rowsOf(SURVEY, name).map(line)].filter((text) => text !== "").map((text) => text.slice(0, -1))
}

test("a listing's lines are the original's", () => {
  expect(linesOf(SHOWN_READINGS, "listing")).toEqual([
    "192.168.1.2 - 02:15 - -1.5 - 30%",
    "192.168.1.2 - 02:15+01:00 - 20 - 33.5%",
  ])
})

test("a listing of days has a line a device and day", () => {
  expect(linesOf(SHOWN_DAYS, "listing")).toEqual([
    "192.168.1.2 - 2 readings - -1.5 to 20, mean 9.25 - 30 to 33.5%, mean 31.75%",
  ])
})

test("a table's columns stand below each other, the name last, printable and on its line", () => {
  const [head = "", first = "", second = ""] = [
    ...linesOf(SHOWN_READINGS, "table", "a\nb").slice(0, 2),
    ...linesOf(SHOWN_READINGS, "table", "tomatoes").slice(2),
  ]
  expect(head.split(/\s+/)).toEqual("site device day time temperature humidity timestamp name".split(" "))
  expect(first.endsWith("30  2026-10-25T02:15:00+02:00  a\\u000ab")).toBe(true)
  expect(second.endsWith("33.5  2026-10-25T02:15:00+01:00  tomatoes")).toBe(true)
  const at = head.indexOf("timestamp")
  expect([first, second].map((text) => text.indexOf("2026-10-25T"))).toEqual([at, at])
  expect(linesOf(SHOWN_READINGS, "table")[1]).toEndWith("+02:00")
})

test("a table of days has its numbers to the right", () => {
  const [head = "", line = ""] = linesOf(SHOWN_DAYS, "table", "tomatoes")
  expect(line.split(/\s+/)).toEqual(
    "greenhouse 192.168.1.2 2026-10-25 2 -1.5 9.25 20 30 31.75 33.5 tomatoes".split(" "),
  )
  const endOf = (text: string, part: string) => text.indexOf(part) + part.length
  expect(endOf(line, "9.25")).toBe(endOf(head, "temperature_mean"))
  expect(head.indexOf("name")).toBe(line.indexOf("tomatoes"))
})

test("a format that is not known is none", () => {
  expect([SHOWN_READINGS.formatNamed("xml"), SHOWN_DAYS.formatNamed("toString")]).toEqual([undefined, undefined])
})

describe("a table that has to fit", () => {
  const shown = (fit: number, name = "tomatoes") => {
    const { head = "", line = () => "" } = SHOWN_READINGS.formatNamed("table", fit) ?? {}
    const [row] = SHOWN_READINGS.table.rowsOf(SURVEY, name)
    return row ? [head, line(row)].map((text) => text.trimEnd()) : []
  }

  test("leaves out the site, then the timestamp, then the name", () => {
    expect(shown(124)).toEqual(shown(1000))
    expect(shown(123)[0]).not.toContain("site")
    expect(shown(80)).toEqual([
      "device           day         time         temperature  humidity  name",
      "192.168.1.2      2026-10-25  02:15               -1.5        30  tomatoes",
    ])
    expect(shown(60)).toEqual([
      "device          day        time        temperature humidity",
      "192.168.1.2     2026-10-25 02:15              -1.5       30",
    ])
  })

  test("cuts a name that is too long", () => {
    expect(shown(80, "tomatoes in the long house")[1]).toEndWith("  tomatoes in th…")
  })
})
