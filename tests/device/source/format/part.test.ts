// Whether a file that others write may say more of a day later.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as v from "valibot"
import { DayReader } from "../../../../src/device/source/format/day"
import { SurveyMissing } from "../../../../src/device/source/missing"
import type { Day } from "../../../../src/survey/calendar"
import { formatEntry } from "../../../../src/topology/formats/schema"

const FORMAT = v.parse(formatEntry, {
  time: { column: "time", pattern: "yyyy-MM-dd HH:mm", zone: "Europe/Rome" },
  temperature: { column: "T" },
  humidity: { column: "H" },
  device: { column: "who" },
})
const DAY: Day = "2026-11-21"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-part-"))
})
afterEach(() => rm(folder, { recursive: true }))

/** Whether it may, or why there is nothing. @param rows of bed3, unless they name another */
async function read(rows: readonly string[], timeZone = "Europe/Rome") {
  const lines = rows.map((row) => (row.includes(",") ? row : `${row},bed3`)).map((row) => `${row},20,30\n`)
  await writeFile(join(folder, "a.csv"), `time,who,T,H\n${lines.join("")}`)
  const question = { folder, path: "a.csv", day: DAY, limitBytes: 1e6, nowMs: Date.now() }
  const formatted = { format: FORMAT, sensor: "bed3", timeZone }
  try {
    return (await new DayReader().read({ ...question, formatted })).isPart
  } catch (error) {
    if (error instanceof SurveyMissing) return error.kind
    throw error
  }
}

describe("read()", () => {
  test("of a file that ends with the day tells that more may come", async () => {
    expect(await read(["2026-11-20 08:00", "2026-11-21 08:00"])).toBe(true)
    expect(await read(["2026-11-21 23:00"])).toBe(true)
  })

  test("of a file with a reading of a later day tells that it is whole, in whatever order", async () => {
    expect(await read(["2026-11-21 08:00", "2026-11-22 00:00"])).toBe(false)
    expect(await read(["2026-11-22 00:00", "2026-11-21 08:00"])).toBe(false)
  })

  test("takes the day as the site's clock has it", async () => {
    expect(await read(["2026-11-21 18:00", "2026-11-22 00:00"], "America/New_York")).toBe(true)
    expect(await read(["2026-11-21 18:00", "2026-11-22 06:00"], "America/New_York")).toBe(false)
  })

  test("takes no other device's rows for this one's", async () => {
    expect(await read(["2026-11-21 08:00", "2026-11-22 08:00,bed4"])).toBe(true)
  })

  test("without a reading of the day tells whether the file has passed it", async () => {
    expect(await read(["2026-11-20 08:00", "2026-11-22 08:00"])).toBe("passed")
    expect(await read(["2026-11-20 08:00"])).toBe("missing")
    expect(await read(["2026-11-22 08:00,bed4"])).toBe("missing")
  })
})
