import { afterEach, beforeEach, expect, test } from "bun:test"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { lookAtKeys, protectionLines } from "../../src/commands/protection"
import { makePair } from "../../src/keys/certificate"
import { writeSecret } from "../../src/keys/files"
import { fingerprintOf } from "../../src/net/tls"
import { parseTopology } from "../../src/topology/yaml/load"
import { describeWith } from "../interop/peers"
import { Authority } from "../keys/authority"
import { changed } from "../topology/sample"

const NOW = Date.UTC(2026, 10, 23)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "protection-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

const topologyWith = (cloud: object | undefined, gateway: object | undefined) =>
  parseTopology(
    changed(
      ["  address: 10.10.10.2\n", `  address: 10.10.10.2\n${cloud ? `  tls: ${JSON.stringify(cloud)}\n` : ""}`],
      ["10.10.10.1/24 }\n", `10.10.10.1/24 }\n${gateway ? `  tls: ${JSON.stringify(gateway)}\n` : ""}`],
    ),
    join(folder, "topology.yaml"),
  )

const KEY = `sha256:${"5f".repeat(32)}`

test("protectionLines() tells of each leg whether it has keys", () => {
  expect(protectionLines(topologyWith(undefined, undefined))).toEqual([
    "Without keys: keep both legs on a network that you trust.",
  ])
  const pinned = topologyWith({ fingerprint: KEY }, { fingerprint: KEY })
  const leg = "Gateway ↔ cloud: TLS, each known by its key."
  const elsewhere = "Devices: whether they have keys is known where the gateway's keys are."
  expect(protectionLines(pinned)).toEqual([leg, elsewhere])
  writeSecret(join(folder, "keys/gateway.key"), "a key")
  const devices = "Devices without keys: keep their leg on a network that you trust."
  expect(protectionLines(pinned)).toEqual([leg, devices])
  const refused = "Devices without keys: nothing of them is taken, bun run pair devices makes keys."
  expect(protectionLines({ ...pinned, security: "required" })).toEqual([leg, refused])
  writeSecret(join(folder, "keys/192.168.1.2.key"), `${"5f".repeat(16)}\n`)
  const some = "1 of 2 devices with a key (OSCORE); without one: keep their leg on a network that you trust."
  expect(protectionLines(pinned)).toEqual([leg, some])
  rmSync(join(folder, "keys/gateway.key"))
  const own = "1 of 2 devices with a key here (OSCORE); of the others the gateway's host knows."
  expect(protectionLines(pinned)).toEqual([leg, own])
  rmSync(join(folder, "keys/192.168.1.2.key"))
  const mixed = topologyWith({ ca: "ca.crt" }, { fingerprint: KEY })
  expect(protectionLines(mixed)).toEqual(["Gateway ↔ cloud: TLS, each known by an authority or its key.", elsewhere])
})

test("lookAtKeys() names what this host has not, and what is wrong with what it has", () => {
  const [cloud, other] = [makePair("10.10.10.2"), makePair("10.10.10.2")]
  const topology = topologyWith({ fingerprint: fingerprintOf(cloud.publicKey) }, { fingerprint: KEY })
  writeSecret(join(folder, "keys/cloud.crt"), cloud.certificate)
  writeSecret(join(folder, "keys/cloud.key"), cloud.key)
  const notes = [`The gateway's key is not on this host: ${join(folder, "keys/gateway.key")}`]
  expect(lookAtKeys(topology, NOW)).toEqual({ problems: [], notes })

  chmodSync(join(folder, "keys/cloud.key"), 0o644)
  const open = lookAtKeys(topology, NOW).problems
  expect(open).toEqual([expect.stringContaining("may be read by others")])
  const elsewhere = topologyWith({ fingerprint: fingerprintOf(other.publicKey) }, { fingerprint: KEY })
  chmodSync(join(folder, "keys/cloud.key"), 0o600)
  expect(lookAtKeys(elsewhere, NOW).problems).toEqual([
    expect.stringContaining("does not name: bun run pair cloud prints what to name"),
  ])
})

test("lookAtKeys() says nothing where there is no TLS", () => {
  expect(lookAtKeys(topologyWith(undefined, undefined), NOW)).toEqual({ problems: [], notes: [] })
})

describeWith(["openssl"], "lookAtKeys()", () => {
  test("warns of an authority's certificate a month before it ends", async () => {
    const ca = await Authority.make(folder, "ca")
    const { certificate, key } = await ca.issue("cloud", { names: "IP:10.10.10.2", to: "20261220000000Z" })
    const known = { ca: ca.certificate }
    const topology = topologyWith({ ...known, certificate, key }, known)
    const told = (now: number) => lookAtKeys(topology, now).problems
    const line = `${certificate} is valid until Dec 20 00:00:00 2026 GMT`
    expect(told(Date.UTC(2026, 10, 1))).toEqual([])
    expect(told(NOW)).toEqual([`${line}: make a new one`])
    expect(told(Date.UTC(2026, 11, 21))).toEqual([`${line}: nobody takes it any more`])
  })
})
