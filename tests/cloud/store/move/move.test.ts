import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { systemClock } from "../../../../src/clock"
import type { End } from "../../../../src/cloud/store/move/end"
import type { Ends } from "../../../../src/cloud/store/move/ends"
import { compareAll, move } from "../../../../src/cloud/store/move/move"
import { pageSql } from "../../../../src/cloud/store/move/sqlite"
import { PAGE, SURVEYS, TABLES } from "../../../../src/cloud/store/move/tables"
import { openPostgresStore } from "../../../../src/cloud/store/postgres/open"
import { STORE } from "../../../../src/cloud/store/sqlite/schema"
import { DurableDatabase } from "../../../../src/storage/database"
import { DAY, HERBS, MORNING, SITE, TOMATOES } from "../../../fixtures"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../../../postgres"
import { deliveryOf } from "../../fixtures"
import { moveBetween, openBoth, Places, tablesOf } from "./bench"
import { CLOSING, DROPPED_DAY, FAR } from "./everything"

setDefaultTimeout(PATIENCE_MS)

const CLOUD = { addressing: "simulated", clock: systemClock, own: "a" } as const
const MOVED = { sites: 3, surveys: 7, readings: 11, differences: [], moreDifferences: 0 }

const LONG = { site: 1, address: 1, revision: 1, digest: null, zone: 1, revisions: null }

/** One that is cut off after so many pages were written. */
const cutOffAfter = (pages: number, end: End): End => {
  let left = pages
  return {
    shown: end.shown,
    page: (table, after) => end.page(table, after),
    finish: () => end.finish(),
    insert: (table, rows) => (left-- > 0 ? end.insert(table, rows) : Promise.reject(new Error("cut off"))),
    [Symbol.asyncDispose]: () => end[Symbol.asyncDispose](),
  }
}

describe("TABLES", () => {
  let database: DurableDatabase
  let places: Places
  beforeAll(() => {
    places = new Places()
    database = DurableDatabase.open(places.file("empty.db"), STORE, "simulated")
  })
  afterAll(() => {
    database.close()
    places[Symbol.dispose]()
  })

  test("are all of a store's, with all of their columns and their keys", () => {
    const tables = database.sqlite
      .query<{ name: string; columns: string }, []>(
        `SELECT tables.name, json_group_array(json_array(info.name, info.pk)) AS columns
         FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS info
         WHERE tables.type = 'table' AND tables.name <> 'about' GROUP BY tables.name`,
      )
      .all()
    const inSchema = tables.map(({ name, columns }) => [name, JSON.parse(columns)])
    const moved = TABLES.map(({ name, columns, key }) => [
      name,
      Object.keys(columns).map((column) => [column, key.indexOf(column) + 1]),
    ])
    expect(moved.toSorted()).toEqual(inSchema.toSorted())
  })

  test.each(TABLES.map((table) => [table.name, table] as const))("have a page of %s found by its key", (_, table) => {
    const sql = `EXPLAIN QUERY PLAN ${pageSql(table, {})}`
    const plan = database.sqlite.query<{ detail: string }, []>(sql).all()
    const key = table.key.length > 1 ? `(${table.key.join(",")})>(${table.key.map(() => "?").join(",")})` : "rowid>?"
    expect(plan.map(({ detail }) => detail)).toEqual([
      `SEARCH ${table.name} USING ${table.key.length > 1 ? "PRIMARY KEY" : "INTEGER PRIMARY KEY"} (${key})`,
    ])
  })
})

test("move() from a file into another one", async () => {
  using places = new Places()
  const file = await places.filled()
  expect(await moveBetween(file, places.file("other.db"))).toEqual(MOVED)
  expect(tablesOf(places.file("other.db"))).toEqual(tablesOf(file))
})

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await PostgresServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test("move() there and back ends with equal tables", async () => {
    using places = new Places()
    const file = await places.filled()
    const before = tablesOf(file)
    const url = await server.emptyUrl()
    expect(await moveBetween(file, url)).toEqual(MOVED)
    expect(await moveBetween(url, places.file("back.db"))).toEqual(MOVED)
    expect(tablesOf(places.file("back.db"))).toEqual(before)
    expect(tablesOf(file)).toEqual(before)
  })

  test("move() goes on as before: what is agreed holds, nothing is listed again, what was dropped does not come back", async () => {
    using places = new Places()
    const url = await server.emptyUrl()
    await moveBetween(await places.filled(), url)
    const opened = await openPostgresStore({ url, password: undefined, folder: "." }, CLOUD)
    const { store, tables } = opened
    expect(await store.unlisted()).toEqual([{ site: "orchard", day: DAY }])
    expect(await store.closeCollection(SITE, DAY, CLOSING)).toEqual({ agrees: true, toList: false })
    const put = async (more: Parameters<typeof deliveryOf>[1]) =>
      (await store.deliver(SITE, deliveryOf(MORNING, more))).outcome
    expect(await put({ address: TOMATOES, revision: 5, day: DROPPED_DAY })).toBe("dropped")
    expect(await put({ address: TOMATOES, revision: 6, day: DROPPED_DAY })).toBe("new")
    expect(await put({ address: HERBS, revision: 2 })).toBe("known")
    expect(await store.closeCollection(SITE, DAY, CLOSING)).toEqual({ agrees: true, toList: false })
    expect(await put({ address: FAR, revision: 5 })).toBe("changed")
    const told = { surveys: 3, digest: CLOSING.claimed.digest }
    expect(await store.closeCollection(SITE, DAY, { ...CLOSING, claimed: told })).toMatchObject({ agrees: false })
    await store.describeSite("vineyard", { timeZone: "America/Lima", devices: [], spool: "v" })
    await store.deliver("vineyard", deliveryOf(MORNING, { zone: "America/Lima" }))
    expect(await tables.all("SELECT max(id) AS id FROM sites UNION ALL SELECT max(id) FROM zones")).toEqual([
      { id: 4 },
      { id: 4 },
    ])
    await opened.close()
  })

  test("a page holds no more than fits into memory with ease, however long its rows are", async () => {
    using places = new Places()
    const file = await places.filled()
    const url = await server.emptyUrl()
    const days = ["2000-01-01", "2000-01-02", "2000-01-03", "2000-01-04", "2000-01-05"]
    const rows = days.map((day) => ({ ...LONG, day, readings: "x".repeat(PAGE.characters / 2) }))
    {
      await using ends = await openBoth(file, url)
      await move(ends, () => {})
      for (const end of [ends.source, ends.target]) {
        await end.insert(SURVEYS, rows)
        const first = await end.page(SURVEYS)
        const second = await end.page(SURVEYS, first.at(-1))
        expect([first, second].map((page) => page.map(({ day }) => String(day)))).toEqual([
          days.slice(0, 2),
          days.slice(2, 4),
        ])
      }
    }
    expect(await moveBetween(file, url)).toMatchObject({ surveys: MOVED.surveys + days.length, differences: [] })
  })

  test.each([
    ["postgres"],
    ["sqlite"],
  ])("move() into %s that was interrupted ends the same when it is done again", async (engine) => {
    using places = new Places()
    const file = await places.filled()
    for (const pages of [0, 1, 4, 5, 8]) {
      const to = engine === "postgres" ? await server.emptyUrl() : places.file(`after-${pages}.db`)
      {
        await using ends = await openBoth(file, to)
        const cut: Ends = { ...ends, target: cutOffAfter(pages, ends.target) }
        await expect(move(cut, () => {})).rejects.toThrow("cut off")
      }
      expect(await moveBetween(file, to)).toEqual(MOVED)
      expect(await moveBetween(file, to)).toEqual(MOVED)
    }
  })

  test("move() finds what is another one in the target, or is missing there, or there only", async () => {
    using places = new Places()
    const file = await places.filled()
    const url = await server.emptyUrl()
    await using ends = await openBoth(file, url)
    await move(ends, () => {})
    await server.run(
      `UPDATE surveys SET digest = digest + 1 WHERE address = ${HERBS} AND day = '${DAY}';
       DELETE FROM surveys WHERE address = ${FAR};
       UPDATE alerts SET told = '2026-11-22' WHERE rule = 'frost';
       UPDATE collections SET report = '{}' WHERE day = '${DAY}' AND site = 2;
       INSERT INTO messages VALUES (41, 0, 'f00d', 'example.org', '{}')`,
      url,
    )
    const { differences } = await compareAll(ends.source, ends.target, () => {})
    expect(differences).toEqual([
      "surveys of greenhouse, 2026-11-21, 192.168.1.3: differs in the target",
      "surveys of greenhouse, 2026-11-21, 203.0.113.7: is missing in the target",
      "collections of orchard, 2026-11-21: differs in the target",
      "alerts of greenhouse, 203.0.113.7: differs in the target",
      "messages, row 41: is in the target only",
    ])
    await expect(move(ends, () => {})).rejects.toThrow(
      `holds something else than ${file}, and nothing was written to it: surveys of greenhouse, 2026-11-21, 192.168.1.3. Name a store that is empty`,
    )
  })
})
