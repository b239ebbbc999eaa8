import { describe, expect, test } from "bun:test"
import type { Stranger } from "../../../src/gateway/events"
import { Senders } from "../../../src/gateway/intake/senders"
import { parseAddress } from "../../../src/topology/address"
import type { Addressing } from "../../../src/topology/addressing"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"

function senders(addressing: Addressing) {
  const refused: Stranger[] = []
  const known = new Senders(parseTopology(SAMPLE, "topology.yaml"), addressing, {
    onStranger: (stranger) => refused.push(stranger),
  })
  return { refused, senders: known }
}

const ipOf = (outcome: ReturnType<Senders["identify"]>) =>
  outcome.kind === "device" ? outcome.device.ip : outcome.reason

describe("in the simulated network", () => {
  const { senders: known, refused } = senders("simulated")

  test("identify() takes a device's likeness for the device, claimed or not", () => {
    expect(ipOf(known.identify({ address: "127.168.1.2" }))).toBe("192.168.1.2")
    expect(ipOf(known.identify({ address: "127.168.1.2" }, "192.168.1.2"))).toBe("192.168.1.2")
  })

  test("identify() lets 127.0.0.1 speak for any declared device, and for itself no one", () => {
    expect(ipOf(known.identify({ address: "127.0.0.1" }, "192.168.1.3"))).toBe("192.168.1.3")
    expect(ipOf(known.identify({ address: "127.0.0.1" }))).toBe("127.0.0.1 is not a declared device")
  })

  test("identify() repeats no word of a megabyte", () => {
    expect(ipOf(known.identify({ address: "127.0.0.1" }, "1".repeat(1_000_000)))).toMatch(
      /^1{1,128}… is not an IPv4 address$/,
    )
  })

  test("identify() lets nobody else speak for another", () => {
    expect(ipOf(known.identify({ address: "127.168.1.2" }, "192.168.1.3"))).toBe(
      "127.168.1.2 may not speak for 192.168.1.3",
    )
  })

  test("maySpeak() is a device's likeness and 127.0.0.1, and nobody else", () => {
    const senders = ["127.168.1.2", "127.0.0.1", "127.168.1.88", "192.168.1.2"]
    expect(senders.filter((sender) => known.maySpeak(sender))).toEqual(["127.168.1.2", "127.0.0.1"])
    expect(senders.filter((sender) => known.isDeclared(sender))).toEqual(["127.168.1.2"])
  })

  test("identify() tells of every refusal who it was, for whom it spoke and what it was told", () => {
    refused.length = 0
    known.identify({ address: "127.0.0.1" }, "192.168.1.77")
    known.identify({ address: "127.168.1.88" })
    known.identify({ address: "127.168.1.2" }, "192.168.1.3")
    expect(refused).toEqual([
      { sender: "127.0.0.1", address: "192.168.1.77", reason: "192.168.1.77 is not a declared device" },
      { sender: "127.168.1.88", address: "127.168.1.88", reason: "127.168.1.88 is not a declared device" },
      { sender: "127.168.1.2", address: "192.168.1.3", reason: "127.168.1.2 may not speak for 192.168.1.3" },
    ])
  })
})

describe("on declared addresses", () => {
  const { senders: known, refused } = senders("declared")

  test("identify() takes the source address alone", () => {
    expect(ipOf(known.identify({ address: "192.168.1.2" }))).toBe("192.168.1.2")
    expect(ipOf(known.identify({ address: "192.168.1.2" }, "192.168.1.2"))).toBe("192.168.1.2")
    expect(ipOf(known.identify({ address: "192.168.1.2" }, "192.168.1.3"))).toBe(
      "192.168.1.2 may not speak for 192.168.1.3",
    )
    expect(ipOf(known.identify({ address: "127.0.0.1" }, "192.168.1.3"))).toBe(
      "127.0.0.1 may not speak for 192.168.1.3",
    )
  })

  test("maySpeak() is a declared address alone", () => {
    const senders = ["192.168.1.2", "127.0.0.1", "127.168.1.2"]
    expect(senders.filter((sender) => known.maySpeak(sender))).toEqual(["192.168.1.2"])
  })

  test("identify() refuses what is no address, and calls nobody a stranger for it", () => {
    refused.length = 0
    expect(ipOf(known.identify({ address: "192.168.1.2" }, "tomatoes"))).toBe("tomatoes is not an IPv4 address")
    expect(refused).toEqual([])
  })
})

describe("of a device that has a key", () => {
  const topology = parseTopology(SAMPLE, "topology.yaml")
  const tomatoes = topology.devices.get(parseAddress("192.168.1.2") ?? 0)?.address
  const keys = { epochOf: (address: number) => (address === tomatoes ? 1 : undefined) }
  const refused: Stranger[] = []
  const known = new Senders(topology, "simulated", { keys, onStranger: (stranger) => refused.push(stranger) })
  const taught = "192.168.1.2 has a key, and without it nothing is taken: bun run pair 192.168.1.2 shows it"

  test("identify() takes nobody without it, at its address and at 127.0.0.1, and says what to do", () => {
    refused.length = 0
    for (const address of ["127.168.1.2", "127.0.0.1"]) {
      expect(known.identify({ address }, "192.168.1.2")).toEqual({ kind: "keyless", reason: taught })
    }
    expect(known.identify({ address: "127.168.1.2" })).toEqual({ kind: "keyless", reason: taught })
    expect(refused.map(({ sender, address }) => `${sender} ${address}`)).toEqual([
      "127.168.1.2 192.168.1.2",
      "127.0.0.1 192.168.1.2",
      "127.168.1.2 192.168.1.2",
    ])
  })

  test("identify() takes whoever has it, wherever it sends from, for this device alone", () => {
    const sender = { address: "203.0.113.9", protectedBy: tomatoes }
    expect(ipOf(known.identify(sender))).toBe("192.168.1.2")
    expect(ipOf(known.identify(sender, "192.168.1.2"))).toBe("192.168.1.2")
    expect(known.identify(sender, "192.168.1.3")).toEqual({
      kind: "stranger",
      reason: "203.0.113.9 may not speak for 192.168.1.3",
    })
  })

  test("identify() refuses a device that has a key and is not declared any more", () => {
    const gone = { address: "192.168.1.77", protectedBy: parseAddress("192.168.1.77") }
    expect(known.identify(gone)).toEqual({ kind: "stranger", reason: "192.168.1.77 is not a declared device" })
  })

  test("identify() takes a device that has no key as ever, unless keys are required", () => {
    expect(ipOf(known.identify({ address: "127.168.1.3" }))).toBe("192.168.1.3")
    const strict = new Senders(topology, "simulated", { keys: { ...keys, areRequired: true } })
    expect(strict.identify({ address: "127.168.1.3" })).toEqual({
      kind: "keyless",
      reason: "192.168.1.3 has no key, and without one nothing is taken here: bun run pair 192.168.1.3",
    })
  })
})
