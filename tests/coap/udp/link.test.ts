import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { BlockReceiver, blockBytes, decodeBlock, sendBlockwise } from "../../../src/coap/block"
import { Code } from "../../../src/coap/code"
import { findOption, OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { type Handler, say } from "../../../src/coap/resource"
import { Endpoint, ExchangeTimeout, type Outgoing, type Reply } from "../../../src/coap/udp/exchange"
import type { Peer } from "../../../src/net/udp"
import { seededRandom, VirtualClock } from "../../virtual-clock"
import { type Faults, SeededLink } from "./seeded-link"

const DEVICE: Peer = { address: "192.168.1.2", port: 40_000 }
const GATEWAY: Peer = { address: "192.168.1.1", port: 10_005 }
const NONE = new Uint8Array(0)
const MAX_UPLOADS = 1000
const ACK_TIMEOUT_MS = 200 // so short that no outage lasts for EXCHANGE_LIFETIME: transfers are not given up

/** Puts bodies together from blocks, or is meant to. */
type Reassembly = (clock: VirtualClock, handler: Handler) => Handler

const ours: Reassembly = (clock, handler) => {
  const limits = { bodyBytes: 1 << 20, perAddress: 16, transfers: 64, totalBytes: 1 << 24 }
  return new BlockReceiver(limits, clock, () => undefined, handler).handle
}

/** The planted fault: it takes a block that comes again for the next one. */
const appendsRepeated: Reassembly = (_, handler) => {
  const chunks: Uint8Array[] = []
  return (request) => {
    const option = findOption(request.options, OptionNumber.Block1)
    const block = option && decodeBlock(option.value)
    if (!block) return handler(request)
    if (block.number === 0) chunks.length = 0
    chunks.push(request.payload)
    return block.more ? { code: Code.Continue } : handler({ ...request, payload: Buffer.concat(chunks) })
  }
}

interface Scenario {
  readonly seed: number
  readonly faults: Faults
  readonly maxRetransmit: number
  readonly body: Uint8Array
  readonly exponent: number
  /** How long the handler takes to commit. */
  readonly commitMs: number
}

/** One upload over the link: what the handler saw, and what the sender was told. */
async function play(scenario: Scenario, reassembly: Reassembly) {
  const { seed, faults, maxRetransmit, body, exponent, commitMs } = scenario
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const link = new SeededLink(clock, random, faults)
  const seen: Uint8Array[] = []
  const handler: Handler = ({ payload }) => {
    seen.push(payload)
    return new Promise((resolve) => clock.after(commitMs, () => resolve(say(Code.Changed, `${payload.length}`))))
  }
  const transmission = { ackTimeoutMs: ACK_TIMEOUT_MS, maxRetransmit }
  const join = (own: Peer, options: { handler?: Handler }): Endpoint => {
    const send = link.join(own, (datagram, from) => endpoint.receive(datagram, from))
    const endpoint = new Endpoint({ send, clock, random, transmission, ...options })
    return endpoint
  }
  join(GATEWAY, { handler: reassembly(clock, handler) })
  const device = join(DEVICE, {})
  let timeouts = 0
  const ask = async (request: Outgoing): Promise<Reply> => {
    for (;;) {
      try {
        return await device.request(GATEWAY, request)
      } catch (error) {
        if (!(error instanceof ExchangeTimeout)) throw error
        timeouts++
      }
    }
  }
  const size = blockBytes(exponent)
  const upload = async () => {
    for (let tag = 1; tag <= MAX_UPLOADS; tag++) {
      const options = [textOption(OptionNumber.UriPath, "surveys"), uintOption(OptionNumber.RequestTag, tag)]
      const request = { code: Code.Put, options, payload: body }
      const { code } = await sendBlockwise(ask, request, { wholeBytes: size, blockBytes: size })
      if (code !== Code.RequestEntityIncomplete) return { code, uploads: tag }
    }
    throw new Error("it never ends")
  }
  const { code, uploads } = await clock.run(upload())
  // what is still under way must do no harm either
  await clock.advance(1_000_000)
  return { code, uploads, timeouts, seen, counts: link.counts }
}

const bodies = fc
  .record({ exponent: fc.nat({ max: 6 }), blocks: fc.nat({ max: 40 }), tail: fc.nat({ max: 1023 }), salt: fc.nat(255) })
  .map(({ exponent, blocks, tail, salt }) => {
    const size = blockBytes(exponent)
    const length = Math.min(20_480, blocks * size + (tail % size))
    return { exponent, body: Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + salt) & 0xff) }
  })

const scenarios = (stray: fc.Arbitrary<number>): fc.Arbitrary<Scenario> =>
  fc
    .record({
      seed: fc.integer(),
      bodies,
      maxRetransmit: fc.nat({ max: 4 }),
      commitMs: fc.constantFrom(0, 5, 50),
      faults: fc.record({
        loss: fc.constantFrom(0, 0.1, 0.3, 0.5),
        doubled: fc.constantFrom(0, 0.2),
        delayMs: fc.constantFrom(1, 10, ACK_TIMEOUT_MS / 2),
        stray,
      }),
    })
    .map(({ bodies: { body, exponent }, ...rest }) => ({ ...rest, body, exponent }))

const isWhole = (scenario: Scenario, seen: readonly Uint8Array[]) =>
  seen.length > 0 && seen.every((body) => Buffer.compare(body, scenario.body) === 0)

describe("a body over a link that loses, doubles and reorders", () => {
  test("arrives exactly, and exactly once, in one transfer", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(fc.constant(0)), async (scenario) => {
        const { code, uploads, timeouts, seen } = await play(scenario, ours)
        expect([code, uploads]).toEqual([Code.Changed, 1])
        expect(isWhole(scenario, seen)).toBe(true)
        // a body that fits in one datagram is remembered by its message id alone: put again, it is the same
        const isBlockwise = scenario.body.length > blockBytes(scenario.exponent)
        if (isBlockwise || timeouts === 0) expect(seen.length).toBe(1)
      }),
      { numRuns: 150 },
    )
  })

  test("arrives exactly, where datagrams stray until nobody expects them and transfers begin again", async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(fc.constantFrom(0.02, 0.1)), async (scenario) => {
        const { code, timeouts, seen } = await play(scenario, ours)
        expect(code).toBe(Code.Changed)
        expect(isWhole(scenario, seen)).toBe(true)
        if (timeouts === 0) expect(seen.length).toBe(1)
      }),
      { numRuns: 150 },
    )
  })

  test("would be caught if a repeated block were appended", async () => {
    const base = {
      body: Uint8Array.from({ length: 500 }, (_, i) => i & 0xff),
      exponent: 2,
      maxRetransmit: 1,
      commitMs: 0,
    }
    const faults = { loss: 0.3, doubled: 0.1, delayMs: 10, stray: 0 }
    let caught = 0
    for (let seed = 0; seed < 10; seed++) {
      const scenario = { ...base, seed, faults }
      const { seen } = await play(scenario, appendsRepeated)
      if (!isWhole(scenario, seen)) caught++
      expect(isWhole(scenario, (await play(scenario, ours)).seen)).toBe(true)
    }
    expect(caught).toBeGreaterThan(5)
  })
})

describe("SeededLink", () => {
  const run = async (seed: number, faults: Partial<Faults>) => {
    const clock = new VirtualClock()
    const link = new SeededLink(clock, seededRandom(seed), { loss: 0, doubled: 0, delayMs: 10, stray: 0, ...faults })
    const got: number[] = []
    link.join(GATEWAY, ([first = 0]) => got.push(first))
    const send = link.join(DEVICE, () => {})
    for (let i = 0; i < 200; i++) send(Uint8Array.of(i), GATEWAY)
    await clock.advance(10_000)
    return { got, counts: link.counts }
  }

  test("does the same for the same seed, and something else for another", async () => {
    const faults = { loss: 0.2, doubled: 0.2 }
    const first = await run(1, faults)
    expect(await run(1, faults)).toEqual(first)
    expect((await run(2, faults)).got).not.toEqual(first.got)
  })

  test("loses, doubles and reorders", async () => {
    const { got, counts } = await run(3, { loss: 0.2, doubled: 0.2 })
    expect(counts.lost).toBeWithin(20, 60)
    expect(counts.doubled).toBeWithin(15, 50)
    expect(got.length).toBe(200 - counts.lost + counts.doubled)
    expect(got).not.toEqual([...got].sort((a, b) => a - b))
  })

  test("carries nothing to nobody", async () => {
    const clock = new VirtualClock()
    const link = new SeededLink(clock, seededRandom(1), { loss: 0, doubled: 0, delayMs: 0, stray: 0 })
    link.join(DEVICE, () => {})(NONE, GATEWAY)
    link.leave(DEVICE)
    await clock.advance(1)
    expect(link.counts).toEqual({ sent: 1, lost: 0, doubled: 0, damaged: 0, delivered: 0 })
  })

  test("damages what no checksum sees", async () => {
    const clock = new VirtualClock()
    const link = new SeededLink(clock, seededRandom(4), { loss: 0, doubled: 0, delayMs: 0, stray: 0, damaged: 1 })
    const sent = Buffer.from("08:00 - 20 - 30%")
    const got: Uint8Array[] = []
    link.join(GATEWAY, (datagram) => got.push(datagram))
    const send = link.join(DEVICE, () => {})
    for (let i = 0; i < 100; i++) send(sent, GATEWAY)
    await clock.advance(1)
    expect(link.counts.damaged).toBe(100)
    expect(got.every((datagram) => Buffer.compare(datagram, sent) !== 0)).toBe(true)
    expect(new Set(got.map(checksum))).toEqual(new Set([checksum(sent)]))
  })
})

/** RFC 1071, of an even number of bytes. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}
