import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../../src/clock"
import { libpqPassword, passwordIn, serverPlace } from "../../../../src/cloud/store/postgres/libpq"
import { openPostgresStore } from "../../../../src/cloud/store/postgres/open"
import { StorageError } from "../../../../src/storage/errors"
import { DAY, MORNING, SITE, TIME_ZONE } from "../../../fixtures"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../../../postgres"
import { DEVICES, deliveryOf } from "../../fixtures"

setDefaultTimeout(PATIENCE_MS)

test.each([
  ["postgres://meter@db.example/farm", { host: "db.example", port: 5432, database: "farm", user: "meter" }],
  ["postgresql://db.example:6000", { host: "db.example", port: 6000, database: "joe", user: "joe" }],
  ["postgres://m@/farm?host=/run/pg", { host: "/run/pg", port: 5432, database: "farm", user: "m" }],
  ["postgres://u@db:1/d?user=m&dbname=f&port=7&host=h", { host: "h", port: 7, database: "f", user: "m" }],
  ["postgres:///?user=m%20x&dbname=f&port=7", { host: "box", port: 7, database: "f", user: "m x" }],
])("serverPlace() of %s is where libpq goes", (url, place) => {
  expect(serverPlace(url, { PGHOST: "box", PGUSER: "joe" })).toEqual(place)
})

const PLACE = { host: "db.example", port: 5432, database: "farm", user: "meter" }

test.each([
  ["db.example:5432:farm:meter:secret", "secret"],
  ["# all of it\nother:*:*:*:no\n*:*:*:*:secret", "secret"],
  ["db.example:5432:farm:meter:a\\:b\\\\c", "a:b\\c"],
  ["db.example:5433:farm:meter:secret", undefined],
  ["db.example:*:farm:me\\ter:secret\r\n", "secret"],
  ["db.example:5432:farm", undefined],
])("passwordIn() reads %j as libpq does", (text, password) => {
  expect(passwordIn(text, PLACE)).toBe(password)
})

test("libpqPassword() is PGPASSWORD's, then the password file's, unless others may read that", () => {
  const folder = mkdtempSync(join(tmpdir(), "pgpass-"))
  try {
    const file = join(folder, ".pgpass")
    writeFileSync(file, "*:*:*:*:from the file\n", { mode: 0o600 })
    const url = "postgres://meter@db.example/farm"
    expect(libpqPassword(PLACE, url, { HOME: folder, PGPASSWORD: "told" })).toBe("told")
    expect(libpqPassword(PLACE, url, { HOME: folder })).toBe("from the file")
    expect(libpqPassword(PLACE, `${url}?passfile=${file}`, { HOME: "/nowhere" })).toBe("from the file")
    chmodSync(file, 0o640)
    expect(libpqPassword(PLACE, url, { HOME: folder })).toBeUndefined()
    expect(libpqPassword(PLACE, url, { HOME: "/nowhere" })).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe.skipIf(missingPostgres !== undefined)("a server that asks for a password", () => {
  const folder = mkdtempSync(join(tmpdir(), "password-"))
  let postgres: PostgresServer
  let url: string
  beforeAll(async () => {
    postgres = await PostgresServer.start({ asksPasswordOf: "farm" })
    await postgres.run("CREATE ROLE farm LOGIN PASSWORD 'a:b secret'; CREATE SCHEMA farm AUTHORIZATION farm")
    url = postgres.url("search_path=farm").replace("meter@", "farm@")
    writeFileSync(join(folder, "store"), "a:b secret\n", { mode: 0o600 })
  })
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  const options = { addressing: "simulated", clock: systemClock, own: "a" } as const
  const open = (path: string) => openPostgresStore({ url, password: { kind: "file", path }, folder }, options)

  test("is told that of a file, and takes nothing by another one", async () => {
    await (await open("store")).close()
    writeFileSync(join(folder, "wrong"), "secret\n", { mode: 0o600 })
    const refused = await open("wrong").catch((error) => error)
    expect(refused).toBeInstanceOf(StorageError)
    expect(refused.message).toContain("password authentication failed")
    expect(refused.message).not.toContain("secret")
  })

  test("names the file that is not there, or that others may read", async () => {
    await expect(open("none")).rejects.toThrow("none is not there")
    writeFileSync(join(folder, "open"), "a:b secret\n", { mode: 0o644 })
    await expect(open("open")).rejects.toThrow("chmod 600")
  })

  test("needs to let a cloud do no more than read and write rows, once the tables are made", async () => {
    await (await open("store")).close()
    await postgres.run(
      `CREATE ROLE cloud LOGIN; GRANT USAGE ON SCHEMA farm TO cloud;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA farm TO cloud`,
    )
    const place = { url: url.replace("farm@", "cloud@"), password: undefined, folder }
    const { store, close } = await openPostgresStore(place, options)
    await store.describeSite(SITE, { timeZone: TIME_ZONE, devices: DEVICES, spool: "a" })
    expect((await store.deliver(SITE, deliveryOf(MORNING, { revision: 1 }))).outcome).toBe("new")
    await store.drop(SITE, { day: DAY, addresses: { first: 0, last: 0xffff_ffff }, revision: 1 })
    expect(await store.watches()).toBe(true)
    await close()
  })
})
