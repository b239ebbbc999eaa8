import { describe, expect, test } from "bun:test"
import { X509Certificate } from "node:crypto"
import { Gateways } from "../../src/cloud/gateways"
import { makePair } from "../../src/keys/certificate"
import { refusalOf } from "../../src/keys/trust"
import { fingerprintOf, type ShownCertificate } from "../../src/net/tls"
import type { Addressing } from "../../src/topology/addressing"
import { parseTopology } from "../../src/topology/yaml/load"
import { NOW } from "../fixtures"
import { changed } from "../topology/sample"

const SITES = "[greenhouse, { site: farm-b, from: 203.0.113.0/24 }, { site: barn, from: 10.10.10.7/32 }]"

function gateways(addressing: Addressing, sites = SITES): Gateways {
  const text = changed(["  address: 10.10.10.2", `  address: 10.10.10.2${sites && `\n  sites: ${sites}`}`])
  return new Gateways(parseTopology(text, "topology.yaml"), addressing)
}

const who = (own: Gateways, site: string, senders: readonly string[]) =>
  senders.filter((sender) => own.maySpeakFor(sender, site))

const DECLARED = [
  "10.10.10.1", // this topology's gateway
  "10.10.10.2",
  "10.10.10.7",
  "192.168.1.1", // its other interface
  "192.168.1.2",
  "203.0.112.255",
  "203.0.113.0",
  "203.0.113.77",
  "203.0.113.255",
  "203.0.114.0",
  "127.0.0.1",
  "",
  "::1",
]
const SIMULATED = DECLARED.map((address) => address.replace(/^\d+/, "127"))

test("serves() knows the sites that are declared, by default this topology's own alone", () => {
  const all = ["greenhouse", "farm-b", "barn", "orchard", ""]
  expect(all.filter((site) => gateways("declared").serves(site))).toEqual(["greenhouse", "farm-b", "barn"])
  expect(all.filter((site) => gateways("declared", "").serves(site))).toEqual(["greenhouse"])
  expect(all.filter((site) => gateways("declared", "[{ site: farm-b, from: 10.0.0.0/8 }]").serves(site))).toEqual([
    "farm-b",
  ])
})

describe("maySpeakFor(), with declared addresses,", () => {
  const declared = gateways("declared")

  test("takes for the own site the gateway's address on the cloud's side alone", () => {
    expect(who(declared, "greenhouse", [...DECLARED, ...SIMULATED])).toEqual(["10.10.10.1"])
  })

  test("takes for another one what is said of it", () => {
    const farm = ["203.0.113.0", "203.0.113.77", "203.0.113.255"]
    expect(who(declared, "farm-b", [...DECLARED, ...SIMULATED])).toEqual(farm)
    expect(who(declared, "barn", [...DECLARED, ...SIMULATED])).toEqual(["10.10.10.7"])
  })

  test("takes nobody for a site that is not served", () => {
    expect(who(declared, "orchard", [...DECLARED, ...SIMULATED])).toEqual([])
    expect(who(gateways("declared", "[{ site: farm-b, from: 10.0.0.0/8 }]"), "orchard", DECLARED)).toEqual([])
  })

  test("takes for the own site what is said of it, where something is", () => {
    const other = gateways("declared", "[{ site: greenhouse, from: 192.168.1.0/24 }]")
    expect(who(other, "greenhouse", DECLARED)).toEqual(["192.168.1.1", "192.168.1.2"])
  })
})

describe("maySpeakFor(), in the simulated network,", () => {
  const simulated = gateways("simulated")

  test("takes this machine for all that are served, and each gateway's likeness for its own", () => {
    expect(who(simulated, "greenhouse", [...DECLARED, ...SIMULATED])).toEqual(["127.0.0.1", "127.10.10.1", "127.0.0.1"])
    expect(new Set(who(simulated, "farm-b", [...DECLARED, ...SIMULATED]))).toEqual(
      new Set(["127.0.0.1", "127.0.113.0", "127.0.113.77", "127.0.113.255"]),
    )
    expect(new Set(who(simulated, "barn", [...DECLARED, ...SIMULATED]))).toEqual(new Set(["127.0.0.1", "127.10.10.7"]))
  })
})

test("maySendFor() takes the device itself and the own site's gateway", () => {
  const may = (sender: string) => gateways("declared").maySendFor(sender, "192.168.1.2")
  expect(DECLARED.filter(may)).toEqual(["10.10.10.1", "192.168.1.2"])
})

test("rankOf() puts gateways that are named by their address before who may speak for a site, and these before all else", () => {
  const ranks = (addressing: Addressing, senders: readonly string[]) =>
    senders.map((sender) => gateways(addressing).rankOf(sender))
  expect(ranks("declared", ["10.10.10.1", "10.10.10.7", "203.0.113.9", "192.168.1.2", ""])).toEqual([2, 2, 1, 0, 0])
  expect(ranks("simulated", ["127.10.10.1", "127.10.10.7", "127.0.113.9", "127.168.1.2"])).toEqual([2, 2, 1, 0])
})

test("serve() takes sites in and lets others go at once", () => {
  const own = gateways("declared")
  const { cloud } = parseTopology(
    changed(["  address: 10.10.10.2", "  address: 10.10.10.2\n  sites: [{ site: farm-b, from: 198.51.100.7/32 }]"]),
    "topology.yaml",
  )
  own.serve(cloud.sites)
  expect(["greenhouse", "farm-b", "barn"].filter((site) => own.serves(site))).toEqual(["farm-b"])
  expect(who(own, "farm-b", [...DECLARED, "198.51.100.7"])).toEqual(["198.51.100.7"])
  expect(["10.10.10.1", "10.10.10.7", "203.0.113.9", "198.51.100.7"].map((sender) => own.rankOf(sender))).toEqual([
    0, 0, 0, 2,
  ])
})

describe("under TLS", () => {
  const shownBy = (name: string): ShownCertificate => {
    const { certificate, publicKey } = makePair(name)
    return { certificate: new X509Certificate(certificate), fingerprint: fingerprintOf(publicKey) }
  }
  const [own, barn, stranger] = [shownBy("greenhouse"), shownBy("barn"), shownBy("stranger")]

  function keyed(addressing: Addressing, sites: string, gatewayTls = `{ fingerprint: ${own.fingerprint} }`): Gateways {
    const text = changed(
      ["  address: 10.10.10.2", `  address: 10.10.10.2\n  tls: { ca: ca.crt }\n  sites: ${sites}`],
      ["10.10.10.1/24 }", `10.10.10.1/24 }\n  tls: ${gatewayTls}`],
    )
    return new Gateways(parseTopology(text, "topology.yaml"), addressing)
  }
  const BARN = `[greenhouse, { site: barn, fingerprint: ${barn.fingerprint}, from: 10.10.10.7/32 }]`

  test("identify() knows who has a key of a site, and tells a stranger which key it shows", () => {
    const gateways = keyed("declared", BARN)
    expect(gateways.identify(own, NOW)).toEqual({ identity: own.fingerprint, rank: 2 })
    expect(gateways.identify(stranger, NOW)).toEqual({
      refusal: `its key is ${stranger.fingerprint}, which is not named here: bun run pair cloud prints it there`,
    })
  })

  test("maySpeakFor() takes a key for its own site, wherever it comes from, and an address alone for nothing", () => {
    const gateways = keyed("declared", BARN)
    for (const shown of [own, barn, stranger]) gateways.identify(shown, NOW)
    const of = (identity: string | undefined, sender: string) =>
      ["greenhouse", "barn", "orchard"].filter((site) => gateways.maySpeakFor(sender, site, identity))
    expect(of(own.fingerprint, "203.0.113.5")).toEqual(["greenhouse"])
    expect(of(undefined, "10.10.10.1")).toEqual([])
    expect(of("", "10.10.10.1")).toEqual([])
    expect(of(stranger.fingerprint, "10.10.10.1")).toEqual([])
  })

  test("maySpeakFor() wants both where a site has an address beside its key", () => {
    const gateways = keyed("declared", BARN)
    gateways.identify(barn, NOW)
    expect(gateways.maySpeakFor("10.10.10.7", "barn", barn.fingerprint)).toBe(true)
    expect(gateways.maySpeakFor("10.10.10.8", "barn", barn.fingerprint)).toBe(false)
  })

  test("maySpeakFor() gives this machine no more in the simulated network than its key does", () => {
    const gateways = keyed("simulated", BARN)
    gateways.identify(barn, NOW)
    expect(gateways.maySpeakFor("127.0.0.1", "barn", barn.fingerprint)).toBe(true)
    expect(gateways.maySpeakFor("127.0.0.1", "greenhouse", barn.fingerprint)).toBe(false)
    expect(gateways.maySpeakFor("127.0.0.1", "greenhouse")).toBe(false)
  })

  test("serve() lets a key go with its line, and one of an authority with its site", () => {
    const pinned = keyed("declared", BARN)
    for (const shown of [own, barn]) pinned.identify(shown, NOW)
    pinned.serve([{ site: "greenhouse" }, { site: "barn", fingerprint: [stranger.fingerprint] }])
    expect(pinned.maySpeakFor("10.10.10.7", "barn", barn.fingerprint)).toBe(false)
    expect(pinned.maySpeakFor("10.10.10.1", "greenhouse", own.fingerprint)).toBe(true)
    expect(pinned.identify(barn, NOW)).toHaveProperty("refusal")
    const vouched = keyed("declared", "[greenhouse, barn]", "{ ca: ca.crt }")
    vouched.identify(barn, NOW)
    expect(vouched.maySpeakFor("10.10.10.7", "barn", barn.fingerprint)).toBe(true)
    vouched.serve([{ site: "greenhouse" }])
    expect(vouched.maySpeakFor("10.10.10.7", "barn", barn.fingerprint)).toBe(false)
    expect(vouched.identify(barn, NOW)).toHaveProperty("refusal")
  })

  test("identify() finds the sites that a certificate is for as asking it of each would", () => {
    const names = ["greenhouse", "farm-b", "Farm-B", "barn", "barn.", "10.0.0.1", "a_b", "x"]
    const gateways = keyed("declared", `[${names.map((name) => JSON.stringify(name)).join(", ")}]`, "{ ca: ca.crt }")
    for (const name of ["greenhouse", "FARM-B", "barn", "10.0.0.1", "a_b", "x", "barn.x", "*.x", "ab"]) {
      const shown = shownBy(name)
      gateways.identify(shown, NOW)
      const asked = names.filter((site) => refusalOf(shown, { by: "authority", name: site }, NOW) === undefined)
      const found = names.filter((site) => gateways.maySpeakFor("10.0.0.9", site, shown.fingerprint))
      expect(found).toEqual(asked)
    }
  })

  test("identify() takes a certificate of the authority for the site whose name it has", () => {
    const gateways = keyed("declared", "[greenhouse, barn, farm-b]", "{ ca: ca.crt }")
    expect(gateways.identify(barn, NOW)).toEqual({ identity: barn.fingerprint, rank: 2 })
    expect(gateways.maySpeakFor("203.0.113.5", "barn", barn.fingerprint)).toBe(true)
    expect(gateways.maySpeakFor("203.0.113.5", "greenhouse", barn.fingerprint)).toBe(false)
    const foreign = { ...barn, chainProblem: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", text: "" } }
    expect(gateways.identify(foreign, NOW)).toEqual({
      refusal: "its certificate is of another authority than is named here",
    })
    expect(gateways.identify(stranger, NOW)).toEqual({
      refusal: "its certificate is for DNS:stranger, not for greenhouse",
    })
  })
})
