import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Authority, type Issued } from "../../keys/authority"
import { byKey, own, pairIn } from "./keys"
import { type Asked, deliverElsewhere } from "./process"

let folder: string
let byFingerprint: Asked
let byAuthority: Asked
let otherCa: Authority

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-process-"))
  const [cloud, gateway, stranger] = ["10.10.10.2", "greenhouse", "stranger"].map((name) => pairIn(folder, name)) as [
    Issued,
    Issued,
    Issued,
  ]
  byFingerprint = {
    cloud: { cloudTls: own(cloud, byKey(cloud)), gatewayTls: byKey(gateway) },
    gateway: { cloudTls: byKey(cloud), gatewayTls: own(stranger, byKey(stranger)) },
  }
  const ca = await Authority.make(folder, "authority")
  otherCa = await Authority.make(folder, "other")
  const known = { ca: ca.certificate }
  byAuthority = {
    cloud: { cloudTls: own(await ca.issue("cloud", { names: "IP:10.10.10.2" }), known), gatewayTls: known },
    gateway: {
      cloudTls: known,
      gatewayTls: own(await otherCa.issue("gateway", { names: "DNS:greenhouse" }), known),
    },
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test("a fingerprint that is not compared is caught by what the matrix asks: a stranger's readings are stored", async () => {
  expect(await deliverElsewhere({ ...byFingerprint, isFaulty: true })).toMatchObject({ isComplete: true, stored: 8 })
  expect(await deliverElsewhere(byFingerprint)).toMatchObject({ isComplete: false, stored: 0, waiting: 2 })
})

test("nothing in the environment lets a stranger in: the programme itself compares", async () => {
  const environment = {
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_EXTRA_CA_CERTS: otherCa.certificate,
    SSL_CERT_FILE: otherCa.certificate,
    SSL_CERT_DIR: otherCa.folder,
  }
  for (const asked of [byFingerprint, byAuthority]) {
    expect(await deliverElsewhere(asked, environment)).toMatchObject({ isComplete: false, stored: 0, waiting: 2 })
  }
})
