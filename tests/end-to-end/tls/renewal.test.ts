// Files of keys that change while the network runs, as an authority's renewal does.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { copyFileSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Authority, type Issued } from "../../keys/authority"
import { DAY_MS, MONDAY_AT_SIX, until } from "../fixture"
import { type Host, type Running, startCloud, startGateway } from "./hosts"

const LONG_AGO = { from: "20200101000000Z", to: "20210101000000Z" }

let folder: string
let ca: Authority
let shown: { cloud: Issued; gateway: Issued }
let host: Host

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-renewal-"))
  ca = await Authority.make(folder, "ca")
  shown = {
    cloud: await ca.issue("cloud", { names: "IP:10.10.10.2", ...LONG_AGO }),
    gateway: await ca.issue("gateway", { names: "DNS:greenhouse", ...LONG_AGO }),
  }
  const known = { ca: ca.certificate }
  const tls = ({ certificate, key }: Issued) => ({ ...known, certificate, key })
  host = { cloudTls: tls(shown.cloud), gatewayTls: tls(shown.gateway), speed: 100 }
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A good certificate in the place of one that has ended. */
async function renew({ certificate, key }: Issued, names: string): Promise<void> {
  const made = await ca.issue("renewed", { names })
  copyFileSync(made.key, key)
  copyFileSync(made.certificate, certificate)
}

async function hosts(use: (cloud: Running, gateway: Running) => Promise<void>): Promise<void> {
  await using cloud = await startCloud(host)
  await using gateway = await startGateway(host, cloud.network.ports.cloud)
  await use(cloud, gateway)
}

test("certificates that were renewed at both ends are taken up without a new start, and what waited is delivered", async () => {
  await hosts(async (cloud, gateway) => {
    const run = gateway.network.collect({ scheduledAt: MONDAY_AT_SIX })
    await until(() => gateway.warned.length > 0)
    expect(gateway.warned[0]).toContain("its certificate is valid until Jan  1 00:00:00 2021 GMT")
    await renew(shown.cloud, "IP:10.10.10.2")
    await renew(shown.gateway, "DNS:greenhouse")
    expect(await run).toMatchObject({ complete: true, stored: 8 })
    expect(await cloud.stored()).toBe(8)
  })
})

test("a certificate that cannot be used leaves the one of before, with one line", async () => {
  await renew(shown.cloud, "IP:10.10.10.2")
  await renew(shown.gateway, "DNS:greenhouse")
  await hosts(async (cloud, gateway) => {
    expect(await gateway.network.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ complete: true })
    writeFileSync(shown.cloud.certificate, "noise")
    for (const days of [1, 2]) {
      const later = cloud.clock.monotonic() + 6000 // it does not look more often
      await until(() => cloud.clock.monotonic() > later)
      expect(await gateway.network.collect({ scheduledAt: MONDAY_AT_SIX + days * DAY_MS })).toMatchObject({
        complete: true,
      })
    }
    expect(cloud.warned).toEqual([
      `The cloud's certificate of before is still shown: ${shown.cloud.certificate} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----`,
    ])
  })
})
