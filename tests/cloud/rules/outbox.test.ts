import { expect, test } from "bun:test"
import { Outbox } from "../../../src/cloud/rules/outbox"
import type { WritableTables } from "../../../src/cloud/store/tables"
import { missingPostgres } from "../../postgres"
import { Bench } from "../fixtures"
import { PostgresBench } from "../store/postgres/bench"
import { sqliteTables } from "./fixture"

async function keepsMessages(tables: WritableTables): Promise<void> {
  const outbox = new Outbox(tables)
  const letter = { at: 1, host: "old.example", message: "{}" }
  await tables.change(["a", "b", "a"].flatMap((target) => outbox.put({ ...letter, target })))
  await outbox.noteFailure(1, "404")
  await outbox.noteFailure(2, "503")
  await outbox.readdress("a", { target: "c", host: "new.example" })
  await outbox.remove(2)
  expect(await outbox.waiting()).toEqual([
    { ...letter, id: 1, target: "c", host: "new.example", reason: null },
    { ...letter, id: 3, target: "c", host: "new.example", reason: null },
  ])
}

async function keepsThirty(tables: WritableTables): Promise<void> {
  const outbox = new Outbox(tables)
  for (let at = 0; at < 40; at++)
    await tables.change(outbox.put({ at, target: at < 35 ? "a" : "b", host: "h", message: "{}" }))
  const places = (await outbox.waiting()).map(({ at }) => at)
  expect(places).toEqual(Array.from({ length: 35 }, (_, index) => index + 5))
}

test.each([
  ["messages in their order, why a try failed, and whom they are for", keepsMessages],
  ["the last thirty of each target", keepsThirty],
])("Outbox keeps %s", async (_, keeps) => {
  using bench = new Bench()
  await keeps(sqliteTables(bench))
})

test.skipIf(missingPostgres !== undefined)("Outbox keeps the same in PostgreSQL", async () => {
  for (const keeps of [keepsMessages, keepsThirty]) {
    const bench = await PostgresBench.open()
    await keeps(bench.tables)
    await bench.remove()
  }
})
