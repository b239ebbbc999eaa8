import { afterEach, beforeEach, expect, test } from "bun:test"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { deviceKeyOf, formatSecret } from "../../src/keys/device"
import { KeyFolder } from "../../src/keys/folder"
import { parseAddress } from "../../src/topology/address"
import { HERBS, TOMATOES } from "../fixtures"
import { VirtualClock } from "../virtual-clock"

const SECRET = new Uint8Array(32).fill(7)
const KEY = new Uint8Array(16).fill(9)

let folder: string
let clock: VirtualClock
let warned: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keys-"))
  clock = new VirtualClock()
  warned = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string, mode = 0o600): void {
  mkdirSync(join(folder, "keys"), { recursive: true })
  writeFileSync(join(folder, "keys", name), text)
  chmodSync(join(folder, "keys", name), mode)
}

const open = () => KeyFolder.open(folder, clock, (text) => warned.push(text))

test("open() of a folder without keys: no device has one", () => {
  const keys = open()
  expect([keys.epochOf(TOMATOES), keys.keyOf(TOMATOES)]).toEqual([undefined, undefined])
})

test("where the site's secret is, keys are derived, and devices that are played here have theirs", () => {
  write("site.secret", formatSecret(SECRET))
  write("devices", "192.168.1.2 3\n", 0o644)
  const keys = open()
  expect(keys.epochOf(TOMATOES)).toBe(3)
  expect(keys.secretOf(TOMATOES, 3)).toEqual(deviceKeyOf(SECRET, TOMATOES, 3))
  expect(keys.keyOf(TOMATOES)).toEqual(deviceKeyOf(SECRET, TOMATOES, 3))
  expect([keys.epochOf(HERBS), keys.keyOf(HERBS)]).toEqual([undefined, undefined])
})

test("where a device is, its key is its file", () => {
  write("192.168.1.2.key", formatSecret(KEY))
  const keys = open()
  expect([keys.epochOf(TOMATOES), keys.keyOf(TOMATOES), keys.keyOf(HERBS)]).toEqual([undefined, KEY, undefined])
})

test("a secret that others can read is refused, with the command that mends it", () => {
  write("site.secret", formatSecret(SECRET), 0o640)
  expect(open).toThrow(/keys\/site\.secret may be read by others: chmod 600 .*keys\/site\.secret, and make a new one/)
  rmSync(join(folder, "keys", "site.secret"))
  write("192.168.1.2.key", formatSecret(KEY), 0o604)
  expect(open).toThrow("keys/192.168.1.2.key may be read by others")
})

test("a secret that is none, and devices without a secret, are refused by name", () => {
  write("site.secret", "tomatoes")
  expect(open).toThrow(/keys\/site\.secret has to be 64 hexadecimal digits$/)
  rmSync(join(folder, "keys", "site.secret"))
  write("devices", "192.168.1.2 1\n")
  expect(open).toThrow(
    /keys\/devices names devices with keys, and .*site\.secret is not there: bring it back from a backup, or .*: bun run pair devices$/,
  )
})

test("what `pair` changes is taken while a gateway runs, and what cannot be used is said once", async () => {
  write("site.secret", formatSecret(SECRET))
  write("devices", "192.168.1.2 1\n")
  const keys = open()
  write("devices", "192.168.1.2 2\n192.168.1.3 1\n")
  expect(keys.epochOf(TOMATOES)).toBe(1) // nobody looks at a disk for each datagram
  await clock.advance(5000)
  expect([keys.epochOf(TOMATOES), keys.epochOf(HERBS)]).toEqual([2, 1])
  write("devices", "192.168.1.2 two\n")
  for (let times = 0; times < 3; times++) {
    await clock.advance(5000)
    expect([keys.epochOf(TOMATOES), keys.epochOf(HERBS)]).toEqual([2, 1])
  }
  expect(warned).toHaveLength(1)
  expect(warned[0]).toEndWith("it is 192.168.1.2 two; the keys of before hold")
  write("devices", "192.168.1.2 3\n")
  await clock.advance(5000)
  expect([keys.epochOf(TOMATOES), keys.epochOf(HERBS)]).toEqual([3, undefined])
})

test("keys that are lost while a gateway runs hold until it ends: nothing is taken in plain instead", async () => {
  write("site.secret", formatSecret(SECRET))
  write("devices", "192.168.1.2 1\n")
  const keys = open()
  rmSync(join(folder, "keys"), { recursive: true })
  await clock.advance(5000)
  expect([keys.epochOf(TOMATOES), keys.secretOf(TOMATOES, 1)]).toEqual([1, deviceKeyOf(SECRET, TOMATOES, 1)])
  expect(warned).toEqual([
    `${join(folder, "keys/devices")} names no device any more: bring it back; the keys of before hold`,
  ])
})

test("countOf() counts devices by what is derived, and single ones by their files", () => {
  write("site.secret", formatSecret(SECRET))
  write("devices", "10.0.0.5-10.0.0.9 1\n10.0.0.11 2\n")
  write("192.168.1.2.key", formatSecret(KEY))
  const keys = open()
  const range = (first: string, last = first) => ({ first: parseAddress(first) ?? 0, last: parseAddress(last) ?? 0 })
  expect(keys.countOf([range("10.0.0.1", "10.0.0.255"), range("192.168.1.2"), range("192.168.1.3")])).toBe(7)
  expect(keys.countOf([range("10.0.0.8", "10.0.0.11")])).toBe(3)
})
