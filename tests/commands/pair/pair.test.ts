// `bun run pair cloud` as a person types it, and what the other commands then say of the keys.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Site } from "../../end-to-end/fixture"
import { fingerprintByOpenssl } from "../../keys/authority"
import { runCommand, type Said } from "../command"

let site: Site
beforeEach(async () => {
  site = await Site.make()
})
afterEach(() => site[Symbol.asyncDispose]())

const run = (...args: readonly string[]): Promise<Said> => runCommand(site.folder, ...args)
const keys = (name: string) => join(site.folder, "keys", name)
const NAMES = ["cloud.key", "cloud.crt", "gateway.key", "gateway.crt"]

/** Writes what `pair` printed at its place. */
function declare(lines: string): void {
  const [, cloud = "", gateway = ""] = /^cloud:\n {2}tls: (.*)\ngateway:\n {2}tls: (.*)\n$/.exec(lines) ?? []
  const text = readFileSync(site.topology.file, "utf8").replace(/(?:, | {2})tls: \{[^}]*\}\n?/g, "")
  const withCloud = text.replace(/^cloud: \{(.*) \}$/m, `cloud: {$1, tls: ${cloud} }`)
  writeFileSync(site.topology.file, withCloud.replace(/^gateway:$/m, `gateway:\n  tls: ${gateway}`))
}

/** What nobody may be shown. */
function secrets(): string[] {
  return ["cloud.key", "gateway.key"].flatMap((name) => readFileSync(keys(name), "utf8").match(/^[^-\n]{20,}$/gm) ?? [])
}

test("pair cloud makes both ends' keys for their owner alone, and prints what the others have to know", async () => {
  const { stdout, stderr, exit } = await run("pair", "cloud")
  expect(exit).toBe(0)
  for (const name of NAMES) expect(statSync(keys(name)).mode & 0o777).toBe(0o600)
  expect(statSync(join(site.folder, "keys")).mode & 0o777).toBe(0o700)
  const [cloud, gateway] = ["cloud.crt", "gateway.crt"].map((name) => fingerprintByOpenssl(site.folder, keys(name)))
  expect(stdout).toBe(`cloud:\n  tls: { fingerprint: ${cloud} }\ngateway:\n  tls: { fingerprint: ${gateway} }\n`)
  const said = stderr.replace(/^\S+ /gm, "")
  expect(said).toContain("✔ The cloud's key is made: keys/cloud.key and keys/cloud.crt\n")
  expect(said).toContain("the cloud's host needs keys/cloud.key and keys/cloud.crt, and no other host does\n")
  expect(said).toContain("the gateway's host needs keys/gateway.key and keys/gateway.crt, and no other host does\n")
})

test("what pair cloud prints makes the leg TLS, and no command, log or database shows a secret", async () => {
  declare((await run("pair", "cloud")).stdout)
  const all: Said[] = []
  for (const args of [
    ["start", "--once", "--verbose"],
    ["status"],
    ["status", "--json"],
    ["check", "--verbose"],
    ["pair", "cloud"],
  ]) {
    all.push(await run(...args))
  }
  expect(all.map(({ exit }) => exit)).toEqual([0, 0, 0, 0, 0])
  expect(await site.stored()).toHaveLength(8)
  const held = ["data/gateway.db", "data/cloud.db"].map((name) => readFileSync(join(site.folder, name), "latin1"))
  const said = [...all.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...held].join("\n")
  expect(secrets()).toHaveLength(6)
  for (const secret of secrets()) expect(said).not.toContain(secret)
})

test("pair cloud keeps what is there, and makes what is missing", async () => {
  const first = await run("pair", "cloud")
  const cloud = readFileSync(keys("cloud.key"))
  expect((await run("pair", "cloud")).stdout).toBe(first.stdout)
  for (const name of ["gateway.key", "gateway.crt"]) rmSync(keys(name))
  const { stdout, stderr } = await run("pair", "cloud") // nobody has written the line down
  expect(readFileSync(keys("cloud.key"))).toEqual(cloud)
  expect(stderr).toContain("The cloud's key is there already, and stays")
  expect(stderr).toContain("✔ The gateway's key is made")
  expect(stdout.split("\n").slice(0, 2)).toEqual(first.stdout.split("\n").slice(0, 2))
  expect(stdout).not.toBe(first.stdout)
})

test("a key is changed without a gap: the list that pair cloud prints names the old one and the new one", async () => {
  const first = await run("pair", "cloud")
  declare(first.stdout)
  const [, old = ""] = /gateway:\n {2}tls: \{ fingerprint: (\S+) \}/.exec(first.stdout) ?? []
  const { stdout } = await run("pair", "gateway", "--new")
  const made = fingerprintByOpenssl(site.folder, keys("gateway.crt"))
  expect(stdout).toContain(`gateway:\n  tls: { fingerprint: [ ${old}, ${made} ] }\n`)
  declare(stdout)
  expect((await run("start", "--once")).exit).toBe(0)
})

test("pair cloud makes no key for an end that is named and on another host", async () => {
  const first = await run("pair", "cloud")
  declare(first.stdout)
  for (const name of ["cloud.key", "cloud.crt"]) rmSync(keys(name))
  const { stdout, stderr } = await run("pair", "cloud")
  expect(stdout).toBe(first.stdout)
  expect(stderr).toContain("The cloud's key is not on this host, and stays. If it is lost: bun run pair cloud --new")
  expect(readdirSync(keys("")).sort()).toEqual(["gateway.crt", "gateway.key"])
})

test.each([
  [
    "a key that others may read",
    () => chmodSync(keys("gateway.key"), 0o640),
    "gateway.key may be read by others: chmod 600 ",
  ],
  [
    "a key that is missing",
    () => rmSync(keys("cloud.key")),
    "cloud.key is not there: bring it back, or make another one: bun run pair cloud --new",
  ],
  [
    "the key of another certificate",
    () => writeFileSync(keys("cloud.key"), readFileSync(keys("gateway.key"))),
    "cloud.crt: they have to be a pair",
  ],
] as const)("start ends with 2 and one line for %s", async (_, change, line) => {
  declare((await run("pair", "cloud")).stdout)
  change()
  const { stdout, stderr, exit } = await run("start", "--once")
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 })
  expect(stderr).toContain(line)
  expect(stderr).not.toMatch(/^ +at /m)
  expect(existsSync(join(site.folder, "data/cloud.db-wal"))).toBe(false)
})

test("start ends with 2 where the own key is not the one that topology.yaml names", async () => {
  declare((await run("pair", "cloud")).stdout)
  await run("pair", "cloud", "--new") // whose lines nobody writes down
  const { stderr, exit } = await run("start", "--once")
  const made = fingerprintByOpenssl(site.folder, keys("cloud.crt"))
  expect(exit).toBe(2)
  expect(stderr).toContain(
    `has the key ${made}, which cloud.tls.fingerprint of topology.yaml does not name: bun run pair cloud prints what to name`,
  )
})

test("pair cloud goes where keys are required, and start does not before they are named", async () => {
  const text = readFileSync(site.topology.file, "utf8")
  writeFileSync(site.topology.file, `security: required\n${text}`)
  const refused = await run("start", "--once")
  expect(refused.exit).toBe(2)
  expect(refused.stderr).toContain("topology.yaml:1:11 security: is required, and the cloud's leg has no keys")
  declare((await run("pair", "cloud")).stdout)
  await run("pair", "tomatoes", "herbs") // of the devices they are required too
  expect((await run("start", "--once")).exit).toBe(0)
})

test("pair makes nothing for an end that an authority knows, and says what it can make", async () => {
  const known = "cloud:\n  tls: { ca: keys/ca.crt }\ngateway:\n  tls: { ca: keys/ca.crt }\n"
  declare(known)
  const { stderr, exit } = await run("pair", "cloud")
  expect(exit).toBe(2)
  expect(stderr).toBe("cloud.tls.ca names an authority: ask that one for the certificate, or take the line away\n")
  expect(existsSync(join(site.folder, "keys"))).toBe(false)
  expect(await run("pair")).toMatchObject({
    exit: 2,
    stderr: "Name whose keys are made: pair cloud, pair devices, or some of them: pair 192.168.1.2\n",
  })
})
