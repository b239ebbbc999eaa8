import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Epochs, parseEpochs } from "../../src/keys/epochs"
import { parseAddress, parseRange } from "../../src/topology/address"

const at = (ip: string): number => parseAddress(ip) ?? 0
const range = (text: string) => parseRange(text) ?? { first: 0, last: 0 }

describe("parseEpochs()", () => {
  test("reads addresses and ranges of them, in any order, with comments", () => {
    const epochs = parseEpochs("# two\n10.0.0.5-10.0.0.9 3\n\n192.168.1.2 1\r\n10.0.0.1 4294967295", "keys/devices")
    const ips = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.5", "10.0.0.9", "10.0.0.10", "192.168.1.2", "192.168.1.3"]
    expect(ips.map((ip) => epochs.epochOf(at(ip)))).toEqual([
      undefined,
      4_294_967_295,
      undefined,
      3,
      3,
      undefined,
      1,
      undefined,
    ])
  })

  test("refuses anything else, and names the line", () => {
    for (const line of [
      "192.168.1.2",
      "192.168.1.2 0",
      "192.168.1.2 1.5",
      "192.168.1.2 x",
      "tomatoes 1",
      "192.168.1.9-192.168.1.2 1",
      "192.168.1.2 4294967296",
      "1",
    ]) {
      expect(() => parseEpochs(`10.0.0.1 1\n${line}\n`, "keys/devices")).toThrow(`keys/devices:2 A line is an address`)
    }
  })

  test("refuses an address that is there twice: which epoch holds, nobody knows", () => {
    const text = "192.168.1.1-192.168.1.9 1\n192.168.1.5 2\n"
    expect(() => parseEpochs(text, "keys/devices")).toThrow("keys/devices: 192.168.1.5 is there twice")
  })
})

describe("raise()", () => {
  test("gives the next epoch to those that had one, and the first to all others", () => {
    const epochs = new Epochs([]).raise(range("10.0.0.2-10.0.0.4")).raise(range("10.0.0.1-10.0.0.3"))
    expect(epochs.format()).toBe("10.0.0.1 1\n10.0.0.2-10.0.0.3 2\n10.0.0.4 1\n")
  })

  test("is what raising each address by itself is, and what is written is read again", () => {
    const ends = fc
      .tuple(fc.nat({ max: 30 }), fc.nat({ max: 10 }))
      .map(([first, more]) => ({ first, last: first + more }))
    fc.assert(
      fc.property(fc.array(ends, { maxLength: 12 }), (ranges) => {
        const model = new Map<number, number>()
        let epochs = new Epochs([])
        for (const each of ranges) {
          epochs = epochs.raise(each)
          for (let address = each.first; address <= each.last; address++)
            model.set(address, (model.get(address) ?? 0) + 1)
        }
        const again = parseEpochs(epochs.format(), "keys/devices")
        for (let address = 0; address < 50; address++) {
          expect(epochs.epochOf(address)).toBe(model.get(address))
          expect(again.epochOf(address)).toBe(model.get(address))
        }
      }),
    )
  })

  test("a million devices that follow one another are one line", () => {
    const epochs = new Epochs([]).raise({ first: 1, last: 500_000 }).raise({ first: 500_001, last: 1_000_000 })
    expect(epochs.format()).toBe("0.0.0.1-0.15.66.64 1\n")
  })
})
