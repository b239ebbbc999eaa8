// `bun run pair 192.168.1.2` as a person types it: the keys of devices, and what the network then takes.
import { afterEach, beforeEach, expect, test } from "bun:test"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { generate } from "lean-qr"
import { deviceKeyOf, formatSecret, parseSecret, SITE_SECRET_BYTES } from "../../../src/keys/device"
import { KeyFolder } from "../../../src/keys/folder"
import { parseAddress } from "../../../src/topology/address"
import { Site } from "../../end-to-end/fixture"
import { VirtualClock } from "../../virtual-clock"
import { runCommand, type Said } from "../command"

const TOMATOES = parseAddress("192.168.1.2") ?? 0

let site: Site
beforeEach(async () => {
  site = await Site.make()
})
afterEach(() => site[Symbol.asyncDispose]())

const run = (...args: readonly string[]): Promise<Said> => runCommand(site.folder, ...args)
const keys = (name: string) => join(site.folder, "keys", name)
const siteSecret = () => parseSecret(readFileSync(keys("site.secret"), "utf8"), SITE_SECRET_BYTES) ?? new Uint8Array()
const keyOf = (epoch: number) => formatSecret(deviceKeyOf(siteSecret(), TOMATOES, epoch))

test("pair DEVICE makes the site's secret for its owner alone, and prints the device's key and no other", async () => {
  const { stdout, stderr, exit } = await run("pair", "tomatoes")
  expect(exit).toBe(0)
  for (const name of ["site.secret", "devices"]) expect(statSync(keys(name)).mode & 0o777).toBe(0o600)
  expect(stdout).toBe(`192.168.1.2 ${keyOf(1)}`)
  expect(readFileSync(keys("devices"), "utf8")).toBe("192.168.1.2 1\n")
  expect(stderr).toContain("A device on a host of its own needs keys/192.168.1.2.key there, of mode 0600")
  expect(stderr).not.toContain(siteSecret().toHex())
  expect(readdirSync(keys("")).sort()).toEqual(["192.168.1.2.key", "devices", "site.secret"])
  expect(readFileSync(keys("192.168.1.2.key"), "utf8")).toBe(keyOf(1))
  expect(statSync(keys("192.168.1.2.key")).mode & 0o777).toBe(0o600)
})

test("pair DEVICE prints the same key again, and with --new another one", async () => {
  await run("pair", "192.168.1.2")
  const again = await run("pair", "192.168.1.2")
  expect(again.stdout).toBe(`192.168.1.2 ${keyOf(1)}`)
  expect(again.stderr).toContain("1 key of before, which hold")
  const anew = await run("pair", "--new", "192.168.1.2")
  expect(anew.stdout).toBe(`192.168.1.2 ${keyOf(2)}`)
  expect(anew.stderr).toContain("keys of before are worth nothing any more")
  expect(readFileSync(keys("192.168.1.2.key"), "utf8")).toBe(keyOf(2))
  const both = await run("pair", "192.168.1.2-192.168.1.3")
  expect(both.stdout).toStartWith(`192.168.1.2 ${keyOf(2)}192.168.1.3 `)
  expect(readFileSync(keys("devices"), "utf8")).toBe("192.168.1.2 2\n192.168.1.3 1\n")
})

test("what pair writes is what gateway and device read", async () => {
  await run("pair", "192.168.1.2")
  const gateway = KeyFolder.open(site.folder, new VirtualClock())
  const folder = join(site.folder, "elsewhere")
  mkdirSync(join(folder, "keys"), { recursive: true })
  copyFileSync(keys("192.168.1.2.key"), join(folder, "keys/192.168.1.2.key"))
  const device = KeyFolder.open(folder, new VirtualClock())
  expect(device.keyOf(TOMATOES)).toEqual(gateway.keyOf(TOMATOES))
})

test("both legs with keys collect, say so, and no command shows a secret", async () => {
  const [, cloud = "", gateway = ""] =
    /^cloud:\n {2}tls: (.*)\ngateway:\n {2}tls: (.*)\n$/.exec((await run("pair", "cloud")).stdout) ?? []
  const text = readFileSync(site.topology.file, "utf8")
    .replace(/^cloud: \{(.*) \}$/m, `cloud: {$1, tls: ${cloud} }`)
    .replace(/^gateway:$/m, `security: required\ngateway:\n  tls: ${gateway}`)
  writeFileSync(site.topology.file, text)
  const none = await run("start", "--once")
  expect(none.exit).toBe(1)
  expect(none.stderr).toContain(
    "192.168.1.2 has no key here, and nothing is sent in plain: bun run pair 192.168.1.2 makes one where the gateway is",
  )
  expect(await site.stored()).toEqual([])

  await run("pair", "devices")
  const all = [await run("start", "--once", "--verbose"), await run("check"), await run("status")]
  expect(all.map(({ exit }) => exit)).toEqual([0, 0, 0])
  expect(all[0]?.stderr).toContain("Gateway ↔ cloud: TLS, each known by its key.")
  expect(all[0]?.stderr).toContain("Devices: OSCORE, each with a key of its own.")
  expect(await site.stored()).toHaveLength(8)
  const said = all.flatMap(({ stdout, stderr }) => [stdout, stderr]).join("\n")
  for (const secret of [siteSecret().toHex(), keyOf(1).trim()]) expect(said).not.toContain(secret)
})

test("pair devices gives one to each; of one device all that a sensor of another make needs is one line, and a QR code", async () => {
  const all = await run("pair", "devices")
  expect(all.stdout.match(/^\S+/gm)).toEqual(["192.168.1.2", "192.168.1.3"])
  const { stdout, stderr } = await run("pair", "tomatoes", "--qr")
  const settings = "OSCORE AES-CCM-16-64-128 HKDF-SHA-256"
  const ids = "sender=c0a80102 recipient=67"
  const port = site.topology.gateway.interfaces.devices.port
  const line = `coap://192.168.1.1:${port}/surveys/192.168.1.2 ${settings} secret=${keyOf(1).trim()} ${ids}`
  expect(stderr.trimEnd()).toEndWith(line)
  // two rows of modules in one of the text, four modules of light around it
  const rows = stdout.split("\n").filter((row) => /^[ ▀▄█]{29,}$/.test(row))
  const dark = rows.flatMap((row) => ["▄ ", "▀ "].map((signs) => [...row].map((sign) => signs.includes(sign))))
  const code = generate(line)
  expect(code.size).toBeGreaterThan(20)
  const expected = (y: number) => Array.from({ length: code.size + 8 }, (_, x) => code.get(x - 4, y - 4))
  for (let y = 0; y < code.size + 8; y++) expect(dark[y]).toEqual(expected(y))
  for (const wrong of [
    ["cloud", "--qr"],
    ["gateway", "--qr"],
    ["devices", "tomatoes"],
  ]) {
    expect(await run("pair", ...wrong)).toMatchObject({ exit: 2, stdout: "" })
  }
})

test("a device's key that others may read is refused with 2 and the command that mends it", async () => {
  await run("pair", "devices")
  chmodSync(keys("192.168.1.3.key"), 0o640)
  const line = `${keys("192.168.1.3.key")} may be read by others: chmod 600 ${keys("192.168.1.3.key")}, and make a new one if somebody has read it\n`
  for (const words of [["start", "--once"], ["start", "device", "herbs", "--once"], ["check"]]) {
    const { exit, stderr } = await run(...words)
    expect([exit, stderr.includes(line), stderr.includes("Without keys")]).toEqual([2, true, false])
  }
})

test("pair refuses who is not declared, and files that cannot be used, with 2 and one line", async () => {
  expect(await run("pair", "192.168.1.77")).toMatchObject({
    exit: 2,
    stderr: "192.168.1.77 is not declared in topology.yaml\n",
  })
  expect((await run("pair", "nobody")).exit).toBe(2)
  expect((await run("pair", "cloud", "192.168.1.2")).exit).toBe(2)
  expect(existsSync(keys(""))).toBe(false)

  await run("pair", "192.168.1.2")
  writeFileSync(keys("devices"), "noise\n")
  expect(await run("pair", "192.168.1.2")).toMatchObject({ exit: 2, stdout: "" })
  expect(await run("start", "--once")).toMatchObject({ exit: 2, stdout: "" })
  writeFileSync(keys("devices"), "192.168.1.2 1\n")
  rmSync(keys("site.secret"))
  expect(await run("pair", "192.168.1.3")).toMatchObject({
    exit: 2,
    stdout: "",
    stderr: `${keys("devices")} names devices with keys, and ${keys("site.secret")} is not there: bring it back from a backup, or take ${keys("devices")} away too and make all keys anew: bun run pair devices\n`,
  })
})
