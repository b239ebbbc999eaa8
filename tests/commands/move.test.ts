// `bun run move` as a person types it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Network } from "../../src/network"
import { Site } from "../end-to-end/fixture"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../postgres"
import { runCommand } from "./command"

setDefaultTimeout(PATIENCE_MS)

let site: Site
beforeEach(async () => {
  site = await Site.collected()
})
afterEach(() => site[Symbol.asyncDispose]())

const move = (...args: readonly string[]) => runCommand(site.folder, "move", ...args)
const yaml = () => Bun.file(site.topology.file).text()
const MOVED = "✔ Moved: 1 site, 2 days of devices, 8 readings"

test("move --to a file says what to write into topology.yaml, and what is moved is what was there", async () => {
  const { stdout, stderr, exit } = await move("--to", "data/other.db")
  expect(stderr).toContain(MOVED)
  expect(stderr).toContain("Now write into topology.yaml: cloud.store: data/other.db")
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 0 })
  expect(await site.stored()).toHaveLength(8)
  await site.write("topology.yaml", (await yaml()).replace("10.10.10.2,", "$& store: data/other.db,"))
  expect((await runCommand(site.folder, "readings")).stdout.trimEnd().split("\n")).toHaveLength(8)
  expect((await move("--to", "data/third.db")).stderr).toContain(MOVED)
})

test("move while the cloud runs is one clear line, exit 2, and makes nothing", async () => {
  await using _network = await Network.start(site.topology, site.options)
  const { stderr, exit } = await move("--to", "data/other.db")
  expect(stderr).toBe(
    `${site.topology.cloud.store} is in use by process ${process.pid}: stop that one first, two must not write to one file\n`,
  )
  expect([exit, existsSync(join(site.folder, "data/other.db"))]).toEqual([2, false])
})

test.each([
  [[], "--to says where the store moves: --to postgres://meter@db.example/meter"],
  [["--to", "data/cloud.db"], "data/cloud.db is the store that is there: name another one"],
  [["--to", "data/other.db", "--password", "keys/store"], "--password is a server's, and data/other.db is a file"],
  [["--to", "mysql://db.example/meter"], "--to must be a file, or the URL of a server, which begins with postgres:"],
  [["--to", "postgres://meter:secret@db.example/meter"], "--to must not hold the password, which belongs into a file"],
  [["--to", "data/gateway.db"], "gateway.db is not a store"],
])("%p is one clear line, exit 2", async (args, message) => {
  const { stderr, exit } = await move(...args)
  expect(stderr).toContain(message)
  expect(stderr).not.toContain("secret@")
  expect([stderr.trimEnd().split("\n").length, exit]).toEqual([1, 2])
})

describe.skipIf(missingPostgres !== undefined)("with a server", () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await PostgresServer.start({ asksPasswordOf: "farm" })
    await server.run("CREATE ROLE farm LOGIN PASSWORD 'secret'; CREATE SCHEMA farm AUTHORIZATION farm")
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test("move takes the server's password from a file, and says where to name it", async () => {
    const url = server.url("search_path=farm").replace("meter@", "farm@")
    await site.write("keys/store", "secret\n")
    expect((await move("--to", url, "--password", "keys/store")).stderr).toContain("chmod 600 keys/store")
    writeFileSync(join(site.folder, "keys/own"), "secret\n", { mode: 0o600 })
    const { stderr, exit } = await move("--to", url, "--password", "keys/own")
    expect(stderr).toContain(MOVED)
    expect(stderr).toContain(`Now write into topology.yaml: cloud.store: ${url}`)
    expect(stderr).toContain("and cloud.password: { file: keys/own }")
    expect(exit).toBe(0)
    const cloud = `store: "${url}", password: { file: keys/own },`
    await site.write("moved.yaml", (await yaml()).replace("10.10.10.2,", `$& ${cloud}`))
    const readings = (...args: readonly string[]) => runCommand(site.folder, "readings", ...args)
    expect(await readings("--topology", "moved.yaml")).toEqual(await readings())
  })

  test("move names what is another one in the target, exit 1", async () => {
    const url = await server.emptyUrl()
    await move("--to", url)
    await server.run(
      `TRUNCATE sites, surveys CASCADE;
       CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         NEW.readings = replace(NEW.readings, '27', '72');
         RETURN NEW;
       END $$;
       CREATE TRIGGER changes BEFORE INSERT ON surveys FOR EACH ROW EXECUTE FUNCTION change()`,
      url,
    )
    const { stderr, exit } = await move("--to", url)
    expect(stderr).toContain("✖ surveys of greenhouse, 2026-11-22, 192.168.1.3: differs in the target")
    expect(stderr).toContain("does not hold what")
    expect(stderr).not.toContain("Moved")
    expect(exit).toBe(1)
    expect(await site.stored()).toHaveLength(8)
  })

  test("move to a server that cannot be reached is one clear line, exit 1", async () => {
    const { stderr, exit } = await move("--to", "postgres://meter@127.0.0.1:1/meter")
    expect(stderr).toMatch(
      /✖ postgres:\/\/meter@127\.0\.0\.1:1\/meter cannot be reached \(.*\); what was moved so far stays there, and the same again goes on\n$/,
    )
    expect(exit).toBe(1)
  })
})
