import { describe, expect, test } from "bun:test"
import type { Stranger } from "../../../src/gateway/events"
import { Senders } from "../../../src/gateway/intake/senders"
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
