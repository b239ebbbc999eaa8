import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { prepare } from "../../../../src/cloud/store/postgres/schema"
import { Server } from "../../../../src/cloud/store/postgres/server"
import { checkSettings } from "../../../../src/cloud/store/postgres/settings"
import { StorageError, StorageUnavailable } from "../../../../src/storage/errors"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../../../postgres"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("checkSettings()", () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await PostgresServer.start()
  })
  afterAll(() => postgres[Symbol.asyncDispose]())

  const within = async <T>(parameters: string, work: (server: Server) => Promise<T>): Promise<T> => {
    const server = new Server({ url: postgres.url(parameters), password: undefined, folder: "." })
    try {
      return await work(server)
    } finally {
      await server.close()
    }
  }

  test("takes a server as it is installed", async () => {
    await within("", checkSettings)
  })

  test.each([
    [
      "synchronous_commit",
      "ALTER ROLE meter SET synchronous_commit = off",
      "ALTER ROLE meter RESET synchronous_commit",
    ],
    ["full_page_writes", "ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM RESET full_page_writes"],
    ["fsync", "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync"],
  ])("refuses one with %s = off, in words", async (name, set, reset) => {
    await postgres.run(set)
    await postgres.run("SELECT pg_reload_conf()")
    while ((await postgres.run(`SHOW ${name}`))[0]?.[name] !== "off") {
      // its first process hears of it a moment later
    }
    try {
      const refused = await within("", checkSettings).catch((error) => error)
      expect(refused).toBeInstanceOf(StorageError)
      expect(refused.message).toContain(`has ${name} = off`)
    } finally {
      await postgres.run(reset)
      await postgres.run("SELECT pg_reload_conf()")
    }
  })

  test("waits for one that only reads, as a standby does", async () => {
    const refused = await within("default_transaction_read_only=on", checkSettings).catch((error) => error)
    expect(refused).toBeInstanceOf(StorageUnavailable)
  })

  test("a session of ours is synchronous, whatever is said for others", async () => {
    await postgres.run("ALTER ROLE meter SET synchronous_commit = off")
    try {
      const [row] = await within("", (server) => server.run((sql) => sql.unsafe("SHOW synchronous_commit")))
      expect(row).toEqual({ synchronous_commit: "on" })
    } finally {
      await postgres.run("ALTER ROLE meter RESET synchronous_commit")
    }
  })
})

describe.skipIf(missingPostgres !== undefined)("prepare()", () => {
  test("makes the tables once, of any number that begin at the same time, and refuses the other network", async () => {
    await using postgres = await PostgresServer.start()
    const servers = Array.from(
      { length: 8 },
      () => new Server({ url: postgres.url(), password: undefined, folder: "." }),
    )
    await Promise.all(servers.map((server) => prepare(server, "declared")))
    await Promise.all(servers.map((server) => prepare(server, "declared")))
    const [first] = servers
    await expect(first && prepare(first, "simulated")).rejects.toThrow("holds the readings of a real network")
    await Promise.all(servers.map((server) => server.close()))
  })
})
