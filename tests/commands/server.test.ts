// The commands where the store is on a PostgreSQL server: as with a file, and what they say of the server.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFile, writeFile } from "node:fs/promises"
import { loadTopology, Network } from "../../src/network"
import { MONDAY_AT_SIX, Site } from "../end-to-end/fixture"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../postgres"
import { runCommand } from "./command"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("with the store on a server", () => {
  let postgres: PostgresServer
  let onFile: Site
  let onServer: Site
  beforeAll(async () => {
    postgres = await PostgresServer.start()
    onFile = await Site.collected()
    onServer = await Site.make()
    const { file } = onServer.topology
    const yaml = await readFile(file, "utf8")
    await writeFile(file, yaml.replace("10.10.10.2,", `$& store: "${postgres.url()}",`))
    await using network = await Network.start(await loadTopology(file, {}), onServer.options)
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
  })
  afterAll(async () => {
    await Promise.all([postgres, onFile, onServer].map((each) => each[Symbol.asyncDispose]()))
  })

  test.each([
    "readings",
    "readings --format csv",
    "readings --daily --device tomatoes",
    "alerts",
  ])("%s says what it says of a file", async (command) => {
    const [found, expected] = await Promise.all(
      [onServer, onFile].map(({ folder }) => runCommand(folder, ...command.split(" "))),
    )
    expect(found?.exit).toBe(0)
    expect(found?.stdout).toBe(expected?.stdout ?? "")
  })

  test("status names the server", async () => {
    const { stdout } = await runCommand(onServer.folder, "status")
    expect(stdout).toContain("Store        postgres://meter@/postgres, ")
    expect(stdout).toContain("greenhouse: 1 day (2026-11-22 to 2026-11-22), 2 devices, 8 readings")
  })

  test("backup copies the rest, and says how the server is copied", async () => {
    const { stderr, exit } = await runCommand(onServer.folder, "backup", "backups")
    expect(exit).toBe(0)
    expect(stderr).toMatch(/gateway\.db .* topology\.yaml/)
    expect(stderr).not.toContain("cloud.db")
    expect(stderr).toContain("pg_dump --format=custom --file=cloud.dump")
  })

  test("check and start refuse a server that does not keep what it commits; what cannot be reached is a warning", async () => {
    const { file } = onServer.topology
    const yaml = await readFile(file, "utf8")
    expect((await runCommand(onServer.folder, "check")).exit).toBe(0)
    await postgres.run("ALTER ROLE meter SET synchronous_commit = off")
    const [checked, started] = [
      await runCommand(onServer.folder, "check"),
      await runCommand(onServer.folder, "start", "cloud", "--loopback"),
    ]
    await postgres.run("ALTER ROLE meter RESET synchronous_commit")
    for (const { stderr, exit } of [checked, started]) {
      expect(exit).toBe(2)
      expect(stderr).toContain("has synchronous_commit = off")
    }
    await writeFile(file, yaml.replace(/store: "[^"]*"/, 'store: "postgres://meter@127.0.0.1:1/nowhere"'))
    const away = await runCommand(onServer.folder, "check")
    expect(away.stderr).toContain("⚠")
    expect(away.stderr).toContain("cannot be reached")
    expect(away.exit).toBe(0)
    const read = await runCommand(onServer.folder, "readings")
    expect([read.exit, read.stderr]).toEqual([
      2,
      expect.stringContaining("postgres://meter@127.0.0.1:1/nowhere cannot be reached"),
    ])
    await writeFile(file, yaml)
  })
})
