import { expect, test } from "bun:test"
import { join } from "node:path"
import { originOf } from "../../../src/cloud/store/open"
import { StoreReader } from "../../../src/cloud/store/reader"
import { STORE } from "../../../src/cloud/store/sqlite/schema"
import { DurableDatabase } from "../../../src/storage/database"
import { StorageError } from "../../../src/storage/errors"
import { Bench, HERBS, MORNING, SITE, TOMATOES } from "../fixtures"
import { describeReader, LONG } from "./reader"

const ALL = { site: SITE, from: "0000-01-01", to: "9999-12-31" } as const

describeReader("StoreReader of a SQLite file", () => new Bench())

test("StoreReader.open() and originOf() reject where there is no store", async () => {
  using bench = new Bench()
  const nowhere = { ...bench.place, store: join(bench.folder, "nothing.db") }
  await expect(StoreReader.open(nowhere)).rejects.toThrow(StorageError)
  await expect(originOf(nowhere)).rejects.toThrow(StorageError)
})

test("originOf() tells whether a simulated network made it", async () => {
  using bench = new Bench()
  const declared = { ...bench.place, store: join(bench.folder, "declared.db") }
  DurableDatabase.open(declared.store, STORE, "declared").close()
  expect([await originOf(bench.place), await originOf(declared)]).toEqual(["simulated", "declared"])
})

test("rows() shows what the view `readings` shows", async () => {
  using bench = new Bench()
  await bench.describeSite()
  await bench.put("02:15 - 1 - 1%\n02:45 - 2 - 2%\n02:15 - 3 - 3%\n", 1, TOMATOES, "2026-10-25")
  await bench.addText("09:00 - 21 - 31%\n")
  await using reader = await StoreReader.open(bench.place)
  const rows = await Array.fromAsync(reader.rows(ALL))
  expect(rows).toHaveLength(4)
  expect(bench.readings()).toMatchObject(
    rows.map(({ day, time, temperature, humidity }) => ({ day, time, temperature, humidity })),
  )
})

test("pages() keeps no transaction open behind a page: the log can be emptied meanwhile", async () => {
  using bench = new Bench()
  await bench.describeSite()
  await bench.put(LONG, 1, TOMATOES)
  await bench.put(LONG, 1, HERBS)
  await using reader = await StoreReader.open(bench.place)
  const pages = reader.pages(ALL)
  await pages.next()
  await bench.put(MORNING, 1, HERBS + 1)
  const emptied = bench.database.sqlite.query("PRAGMA wal_checkpoint(TRUNCATE)").get()
  bench.database.files.note()
  expect(emptied).toMatchObject({ busy: 0, log: 0 })
  const others = await Array.fromAsync(pages)
  expect(others.flat().map(({ address }) => address)).toEqual([HERBS, HERBS + 1])
})
