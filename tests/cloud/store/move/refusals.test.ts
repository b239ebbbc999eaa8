// Stores that somebody uses, or that hold something else: nothing is written to them.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import { systemClock } from "../../../../src/clock"
import { openPostgresStore } from "../../../../src/cloud/store/postgres/open"
import { openSqliteStore } from "../../../../src/cloud/store/sqlite/open"
import { StorageError, StorageInUse } from "../../../../src/storage/errors"
import type { Addressing } from "../../../../src/topology/addressing"
import { SITE, TIME_ZONE } from "../../../fixtures"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../../../postgres"
import { moveBetween, Places, tablesOf } from "./bench"

setDefaultTimeout(PATIENCE_MS)

let places: Places
let file: string
beforeEach(async () => {
  places = new Places()
  file = await places.filled()
})
afterEach(() => places[Symbol.dispose]())

/** Another store, of a site that describes itself. */
async function foreign(addressing: Addressing = "simulated"): Promise<string> {
  const other = places.file("foreign.db")
  const opened = openSqliteStore(other, { addressing, clock: systemClock, onFatal() {} })
  await opened.store.describeSite(SITE, { timeZone: TIME_ZONE, devices: [], spool: "z" })
  await opened.close()
  return other
}

async function refusal(from: string, to: string): Promise<unknown> {
  return moveBetween(from, to).then(
    () => "moved",
    (error) => error,
  )
}

test("a file that a cloud has open is refused, at either end", async () => {
  const other = await foreign()
  const opened = openSqliteStore(file, { addressing: "simulated", clock: systemClock, onFatal() {} })
  expect(await refusal(file, places.file("new.db"))).toBeInstanceOf(StorageInUse)
  expect(await Bun.file(places.file("new.db")).exists()).toBe(false)
  expect(await refusal(other, file)).toBeInstanceOf(StorageInUse)
  await opened.close()
  expect(await moveBetween(file, places.file("new.db"))).toMatchObject({ differences: [] })
})

test("a target of another site, or of the other addresses, is refused with words, and stays as it is", async () => {
  const other = await foreign()
  const before = tablesOf(other)
  expect(String(await refusal(file, other))).toBe(
    `StorageError: ${other} holds something else than ${file}, and nothing was written to it: sites of greenhouse. Name a store that is empty`,
  )
  expect(tablesOf(other)).toEqual(before)
})

test("a target of a real network does not take a simulated one's store", async () => {
  const other = await foreign("declared")
  const error = await refusal(file, other)
  expect(error).toBeInstanceOf(StorageError)
  expect(String(error)).toContain(`${other} holds the readings of a real network`)
})

test("a source that is not there is refused, and makes no target", async () => {
  expect(String(await refusal(places.file("nowhere.db"), places.file("new.db")))).toContain("does not exist yet")
  expect(await Bun.file(places.file("new.db")).exists()).toBe(false)
})

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await PostgresServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test("a store there is not moved into itself, by whatever URL", async () => {
    const url = await server.emptyUrl()
    await moveBetween(file, url)
    expect(String(await refusal(url, url.replace("postgres:", "postgresql:")))).toBe(
      "StorageError: postgresql://meter@/postgres is the store that is there: name another one",
    )
    await moveBetween(url, places.file("back.db"))
  })

  test("a target there of another site is refused, and holds no more than before", async () => {
    const url = await server.emptyUrl()
    const cloud = { addressing: "simulated", clock: systemClock, own: "a" } as const
    const opened = await openPostgresStore({ url, password: undefined, folder: "." }, cloud)
    await opened.store.describeSite("vineyard", { timeZone: TIME_ZONE, devices: [], spool: "z" })
    await opened.close()
    expect(String(await refusal(file, url))).toContain("holds something else than")
    expect(await server.run("SELECT site FROM sites", url)).toEqual([{ site: "vineyard" }])
  })

  test("a server that takes no such value is told with its table, and what it said", async () => {
    const other = await places.filled("nul.db")
    const opened = openSqliteStore(other, { addressing: "simulated", clock: systemClock, onFatal() {} })
    await opened.tables.change([{ sql: "UPDATE alerts SET reason = 'a' || char(0) WHERE rule = 'frost'", values: [] }])
    await opened.close()
    expect(String(await refusal(other, await server.emptyUrl()))).toMatch(
      /^StorageError: postgres:.* does not take a row of alerts: unsupported Unicode/,
    )
  })
})
