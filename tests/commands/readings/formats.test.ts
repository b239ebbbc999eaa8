import { describe, expect, test } from "bun:test"
import type { StoredRow } from "../../../src/cloud/store/reader"
import { FORMATS, formatNamed } from "../../../src/commands/readings/formats"

const ROW: StoredRow = {
  ...{ site: "greenhouse", address: 0xc0a80102, day: "2026-10-25", time: "02:15", zone: "Europe/Rome" },
  ...{ temperature: -1.5, humidity: 30 },
}
const AGAIN = { ...ROW, time: "02:15+01:00" }

const line = (format: string, row = ROW, name: string | undefined = "tomatoes") => FORMATS[format]?.line(row, name)

test("a listing's lines are the original's", () => {
  expect(line("listing")).toBe("192.168.1.2 - 02:15 - -1.5 - 30%")
  expect(FORMATS.listing?.head).toBeUndefined()
})

describe("csv", () => {
  test("keeps the places of its old columns, and tells the two passes of an hour apart", () => {
    expect(FORMATS.csv?.head).toBe("site,device,day,time,temperature,humidity,timestamp,name")
    expect(line("csv")).toBe("greenhouse,192.168.1.2,2026-10-25,02:15,-1.5,30,2026-10-25T02:15:00+02:00,tomatoes")
    expect(line("csv", AGAIN)).toBe(
      "greenhouse,192.168.1.2,2026-10-25,02:15+01:00,-1.5,30,2026-10-25T02:15:00+01:00,tomatoes",
    )
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
  ])("writes the name %j as in RFC 4180: %j", (name, expected) => {
    expect(FORMATS.csv?.line(ROW, name).split("+02:00,")[1]).toBe(expected)
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
    expect(FORMATS.csv?.line(ROW, name).split("+02:00,")[1]).toBe(expected)
  })
})

test("jsonl has the name as it is, and null where there is none", () => {
  expect(JSON.parse(line("jsonl", AGAIN, "=1+1") ?? "")).toEqual({
    ...{ site: "greenhouse", device: "192.168.1.2", day: "2026-10-25", time: "02:15+01:00" },
    ...{ temperature: -1.5, humidity: 30, timestamp: "2026-10-25T02:15:00+01:00", name: "=1+1" },
  })
  expect(JSON.parse(FORMATS.jsonl?.line(ROW, undefined) ?? "").name).toBeNull()
})

test("a table's columns stand below each other, the name last, printable and on its line", () => {
  const [head = "", first = "", second = ""] = [
    FORMATS.table?.head,
    line("table", ROW, "a\nb"),
    line("table", AGAIN, "tomatoes"),
  ]
  expect(head.split(/\s+/)).toEqual("site device day time temperature humidity timestamp name".split(" "))
  expect(first.endsWith("30  2026-10-25T02:15:00+02:00  a\\u000ab")).toBe(true)
  expect(second.endsWith("30  2026-10-25T02:15:00+01:00  tomatoes")).toBe(true)
  const at = head.indexOf("timestamp")
  expect([first, second].map((text) => text.indexOf("2026-10-25T"))).toEqual([at, at])
  expect(FORMATS.table?.line(ROW, undefined).endsWith("+02:00")).toBe(true)
})

describe("a table that has to fit", () => {
  const shown = (fit: number, name = "tomatoes") => {
    const { head = "", line = () => "" } = formatNamed("table", fit) ?? {}
    return [head, line(ROW, name)]
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
