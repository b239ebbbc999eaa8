// Good and bad certificates at both ends: what is delivered, what stays in the spool, and what both hosts are told.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Authority, type Issued, selfSigned } from "../../keys/authority"
import { deliver, type Outcome } from "./hosts"
import { byKey, own, pairIn } from "./keys"

const CLOUD = "127.10.10.2"
const GATEWAY = "127.10.10.1"

let folder: string
let ca: Authority
let otherCa: Authority
const cloud: Record<string, Issued> = {}
const gateway: Record<string, Issued> = {}
let ours: { readonly cloud: Issued; readonly gateway: Issued; readonly other: Issued; readonly farm: Issued }

const [LONG_AGO, FAR_AWAY] = [
  { from: "20200101000000Z", to: "20210101000000Z" },
  { from: "20900101000000Z", to: "21000101000000Z" },
]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-keys-"))
  ca = await Authority.make(folder, "authority")
  otherCa = await Authority.make(folder, "stranger")
  const make = async (
    kept: Record<string, Issued>,
    end: string,
    names: string,
    wrongName: string,
    wrongUse: string,
  ) => {
    kept.good = await ca.issue(`${end}-good`, { names })
    kept["another CA"] = await otherCa.issue(end, { names })
    kept.expired = await ca.issue(`${end}-expired`, { names, ...LONG_AGO })
    kept["not yet valid"] = await ca.issue(`${end}-not-yet`, { names, ...FAR_AWAY })
    kept["self-signed"] = selfSigned(folder, `${end}-self`, names)
    kept["wrong name"] = await ca.issue(`${end}-name`, { names: wrongName })
    kept["wrong use"] = await ca.issue(`${end}-use`, { names, use: wrongUse })
  }
  await make(cloud, "cloud", "IP:10.10.10.2", "IP:10.10.10.9,DNS:cloud.example", "clientAuth")
  await make(gateway, "gateway", "DNS:greenhouse", "DNS:farm-b,DNS:*", "serverAuth")
  ours = {
    cloud: pairIn(folder, "10.10.10.2"),
    gateway: pairIn(folder, "greenhouse"),
    other: pairIn(folder, "other"),
    farm: pairIn(folder, "farm-b"),
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const issued = (of: Record<string, Issued>, name: string): Issued => {
  const found = of[name]
  if (!found) throw new Error(`there is no certificate ${name}`)
  return found
}

/** Nothing is stored, and nothing is lost. */
function expectRefused({ isComplete, stored, waiting }: Outcome): void {
  expect({ isComplete, stored, waiting }).toEqual({ isComplete: false, stored: 0, waiting: 2 })
}

const notDelivered = (reason: string) => expect.stringContaining(`Not delivered: ${reason}`)
const byCloud = (reason: string) =>
  notDelivered(
    `The connection with ${CLOUD} ended: aborted by the peer: This cloud does not trust this gateway: ${reason}`,
  )

describe("by their keys,", () => {
  const withKeys = (shown: { cloud?: Issued; gateway?: Issued } = {}) => {
    const [cloudTls, gatewayTls] = [byKey(ours.cloud), byKey(ours.gateway)]
    const { cloud: cloudShown = ours.cloud, gateway: gatewayShown = ours.gateway } = shown
    return deliver(
      { cloudTls: own(cloudShown, byKey(cloudShown)), gatewayTls },
      { cloudTls, gatewayTls: own(gatewayShown, byKey(gatewayShown)) },
    )
  }

  test("good ones deliver, and nobody complains", async () => {
    expect(await withKeys()).toEqual({ cloud: [], gateway: [], isComplete: true, stored: 8, waiting: 0 })
  })

  test("a stranger's key is refused by the cloud, and both are told", async () => {
    const outcome = await withKeys({ gateway: ours.other })
    expectRefused(outcome)
    const reason = `its key is ${ours.other.fingerprint}, which is not named here: bun run pair cloud prints it there`
    expect(outcome.cloud).toEqual([`Refused a connection of ${GATEWAY}: ${reason}`])
    expect(outcome.gateway).toEqual([byCloud(reason)])
  })

  test("a stranger's key is refused by the gateway, and both are told", async () => {
    const outcome = await withKeys({ cloud: ours.other })
    expectRefused(outcome)
    const reason = `its key is ${ours.other.fingerprint}, which is not named here: bun run pair cloud prints it there`
    expect(outcome.gateway).toEqual([notDelivered(`The cloud at ${CLOUD} is not trusted: ${reason}`)])
    expect(outcome.cloud).toEqual([
      `${GATEWAY} aborted the connection: This gateway does not trust this cloud: ${reason}`,
    ])
  })

  test("the other end's key is nobody's: a gateway may not show the cloud's", async () => {
    const outcome = await withKeys({ gateway: ours.cloud })
    expectRefused(outcome)
    expect(outcome.cloud).toEqual([expect.stringContaining(`its key is ${ours.cloud.fingerprint}`)])
  })

  test("a list lets both in while a key is changed, and whose line is taken away is out", async () => {
    const both = byKey(ours.gateway, ours.other)
    const from = (shown: Issued, known: object) =>
      deliver(
        { cloudTls: own(ours.cloud, byKey(ours.cloud)), gatewayTls: known },
        { cloudTls: byKey(ours.cloud), gatewayTls: own(shown, byKey(shown)) },
      )
    expect((await from(ours.gateway, both)).isComplete).toBe(true)
    expect((await from(ours.other, both)).isComplete).toBe(true)
    expectRefused(await from(ours.gateway, byKey(ours.other)))
  })

  test("another site's key delivers for its own site alone", async () => {
    const sites = [{ site: "greenhouse" }, { site: "farm-b", ...byKey(ours.farm) }]
    const cloudHost = { cloudTls: own(ours.cloud, byKey(ours.cloud)), gatewayTls: byKey(ours.gateway), sites }
    const farm = { cloudTls: byKey(ours.cloud), gatewayTls: own(ours.farm, byKey(ours.farm)) }
    const asFarm = await deliver(cloudHost, { ...farm, site: "farm-b" })
    expect(asFarm).toMatchObject({ cloud: [], gateway: [], isComplete: true, waiting: 0 })

    const asOther = await deliver(cloudHost, farm)
    expectRefused(asOther)
    const reason = `its key ${ours.farm.fingerprint} is another site's`
    expect(asOther.cloud).toEqual([`Refused: ${GATEWAY} may not speak for greenhouse: ${reason}`])
    expect(asOther.gateway).toEqual([notDelivered("the cloud refuses the site: Your key may not speak for greenhouse")])
  })

  // a pin ends when its line is taken away: a forgotten clock keeps no readings from the cloud
  test.each(["expired", "not yet valid"])("a certificate that is %s is as good as its key", async (name) => {
    const [shownCloud, shownGateway] = [issued(cloud, name), issued(gateway, name)]
    const [cloudTls, gatewayTls] = [byKey(shownCloud), byKey(shownGateway)]
    const outcome = await deliver(
      { cloudTls: own(shownCloud, cloudTls), gatewayTls },
      { cloudTls, gatewayTls: own(shownGateway, gatewayTls) },
    )
    expect(outcome).toMatchObject({ isComplete: true, stored: 8 })
  })
})

describe("by an authority,", () => {
  const withAuthority = (shown: { cloud?: string; gateway?: string; now?: number } = {}) => {
    const known = { ca: ca.certificate }
    const cloudShown = issued(cloud, shown.cloud ?? "good")
    const gatewayShown = issued(gateway, shown.gateway ?? "good")
    return deliver(
      { cloudTls: own(cloudShown, known), gatewayTls: known },
      { cloudTls: known, gatewayTls: own(gatewayShown, known) },
    )
  }

  test("good ones deliver, and nobody complains", async () => {
    expect(await withAuthority()).toEqual({ cloud: [], gateway: [], isComplete: true, stored: 8, waiting: 0 })
  })

  const REASONS = {
    "another CA": "its certificate is of another authority than is named here",
    expired: "its certificate is valid until Jan  1 00:00:00 2021 GMT, and this machine's clock says 2026-11-23",
    "not yet valid":
      "its certificate is valid from Jan  1 00:00:00 2090 GMT, and this machine's clock says 2026-11-23: is the clock right?",
    "self-signed": "its certificate is self-signed, and of no authority that is named here",
    "wrong use": "its certificate is for another use (extendedKeyUsage)",
  }

  test.each(
    Object.entries(REASONS),
  )("the cloud refuses a gateway's that is %s, and both are told", async (name, reason) => {
    const outcome = await withAuthority({ gateway: name })
    expectRefused(outcome)
    expect(outcome.cloud).toEqual([`Refused a connection of ${GATEWAY}: ${reason}`])
    expect(outcome.gateway).toEqual([byCloud(reason)])
  })

  test("the cloud refuses a gateway's of another site's name, also of all names", async () => {
    const outcome = await withAuthority({ gateway: "wrong name" })
    expectRefused(outcome)
    const reason = "its certificate is for DNS:farm-b, DNS:*, not for greenhouse"
    expect(outcome.cloud).toEqual([`Refused a connection of ${GATEWAY}: ${reason}`])
    expect(outcome.gateway).toEqual([byCloud(reason)])
  })

  test.each(
    Object.entries(REASONS),
  )("the gateway refuses a cloud's that is %s, and both are told", async (name, reason) => {
    const outcome = await withAuthority({ cloud: name })
    expectRefused(outcome)
    expect(outcome.gateway).toEqual([notDelivered(`The cloud at ${CLOUD} is not trusted: ${reason}`)])
    expect(outcome.cloud).toEqual([
      `${GATEWAY} aborted the connection: This gateway does not trust this cloud: ${reason}`,
    ])
  })

  test("the gateway refuses a cloud's of another name, and both are told", async () => {
    const outcome = await withAuthority({ cloud: "wrong name" })
    expectRefused(outcome)
    const reason = "its certificate is for IP Address:10.10.10.9, DNS:cloud.example, not for the name that is asked for"
    expect(outcome.gateway).toEqual([notDelivered(`The cloud at ${CLOUD} is not trusted: ${reason}`)])
    expect(outcome.cloud).toEqual([
      `${GATEWAY} aborted the connection: This gateway does not trust this cloud: ${reason}`,
    ])
  })
})

describe("one plain end", () => {
  const keyed = () => ({
    cloud: { cloudTls: own(ours.cloud, byKey(ours.cloud)), gatewayTls: byKey(ours.gateway) },
    gateway: { cloudTls: byKey(ours.cloud), gatewayTls: own(ours.gateway, byKey(ours.gateway)) },
  })

  test("a plain gateway is refused by a cloud with TLS, and both are told", async () => {
    const outcome = await deliver(keyed().cloud, {})
    expectRefused(outcome)
    expect(outcome.cloud).toEqual([`No TLS with ${GATEWAY}: it does not speak TLS`])
    // the cloud's alert may arrive before its reset, or not
    expect(outcome.gateway).toEqual([expect.stringMatching(/^Not delivered: .* (it speaks TLS|it may want TLS)/)])
  })

  test("a gateway with TLS does not deliver to a plain cloud, and both are told", async () => {
    const outcome = await deliver({}, keyed().gateway)
    expectRefused(outcome)
    expect(outcome.gateway).toEqual([notDelivered(`No TLS with ${CLOUD}: it does not speak TLS`)])
    expect(outcome.cloud).toEqual([`${GATEWAY} speaks TLS, and this cloud does not: it has no cloud.tls`])
  })
})
