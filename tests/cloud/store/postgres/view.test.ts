// What any client sees of the readings, beside what SQLite's clients see.
import { describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Delivery } from "../../../../src/cloud/store/contract"
import type { Day } from "../../../../src/survey/calendar"
import { HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../../../fixtures"
import { missingPostgres, PATIENCE_MS, sharedPostgres } from "../../../postgres"
import { Bench, DEVICES, deliveryOf, type Row } from "../../fixtures"
import { PostgresBench } from "./bench"

setDefaultTimeout(PATIENCE_MS)

const AUTUMN: Day = "2026-10-25"
const SPRING: Day = "2026-03-29"
const DELIVERIES: readonly Delivery[] = [
  deliveryOf(MORNING, { revision: 1 }),
  deliveryOf("08:00:30 - -1.5 - 30.25%\n23:59 - 0 - 100%\n", { revision: 2, address: HERBS }),
  deliveryOf("01:30 - 1 - 1%\n02:15 - 2 - 1%\n02:45 - 3 - 1%\n02:15+01:00 - 4 - 1%\n04:00 - 5 - 1%\n", {
    revision: 1,
    day: AUTUMN,
  }),
  deliveryOf("01:59 - 1 - 1%\n03:00 - 2 - 1%\n", { revision: 1, day: SPRING }),
  deliveryOf("12:00 - 1 - 1%\n", { revision: 1, address: TOMATOES + 7, zone: "Asia/Kolkata" }),
  deliveryOf("", { revision: 1, address: TOMATOES + 8 }),
]

describe.skipIf(missingPostgres !== undefined)("the view readings", () => {
  test("shows what SQLite's does, the day as a date and the timestamp as an instant", async () => {
    using sqlite = new Bench()
    const bench = await PostgresBench.open()
    try {
      for (const { store } of [sqlite, bench]) {
        await store.describeSite(SITE, { timeZone: TIME_ZONE, devices: DEVICES, spool: "a" })
        for (const delivery of DELIVERIES) await store.deliver(SITE, delivery)
      }
      const rows = await (await sharedPostgres()).run("SELECT *, day::text AS day FROM readings", bench.url)
      const shown = (row: Row | Record<string, unknown>) => ({
        ...row,
        timestamp: new Date(row.timestamp as string | Date).toISOString(),
      })
      const inOrder = (all: readonly object[]) => all.map((row) => JSON.stringify(Object.entries(row).sort())).sort()
      expect(inOrder(rows.map(shown))).toEqual(inOrder(sqlite.readings().map(shown)))
      expect(rows).toHaveLength(sqlite.readings().length)
      expect(rows.some(({ name }) => name === "tomatoes")).toBe(true)
    } finally {
      await bench.remove()
    }
  })

  test("is to be read by whoever may read it and nothing else", async () => {
    const bench = await PostgresBench.open()
    const postgres = await sharedPostgres()
    try {
      await postgres.run("CREATE ROLE reader LOGIN")
      const [schema] = bench.url.match(/trial\d+/) ?? []
      await postgres.run(`GRANT USAGE ON SCHEMA ${schema} TO reader; GRANT SELECT ON ${schema}.readings TO reader`)
      const url = bench.url.replace("meter@", "reader@")
      expect(await postgres.run("SELECT * FROM readings", url)).toHaveLength(0)
      await expect(postgres.run("SELECT * FROM surveys", url)).rejects.toThrow("permission denied")
    } finally {
      await bench.remove()
      await postgres.run("DROP OWNED BY reader; DROP ROLE reader")
    }
  })
})
