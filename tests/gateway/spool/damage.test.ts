// Damage that no checksum of the Internet sees: whatever two bits of an upload change sides, no other value is taken.
import { expect, spyOn, test } from "bun:test"
import { BlockReceiver } from "../../../src/coap/block"
import { isRequest } from "../../../src/coap/code"
import { refuseRequest } from "../../../src/coap/critical"
import { MessageFormatError } from "../../../src/coap/option"
import { Endpoint } from "../../../src/coap/udp/exchange"
import { decodeMessage, type Message } from "../../../src/coap/udp/message"
import { Uploader } from "../../../src/device/uploader"
import { Resources } from "../../../src/gateway/intake/resources"
import { Senders } from "../../../src/gateway/intake/senders"
import { damaged } from "../../coap/udp/seeded-link"
import { seededRandom, VirtualClock } from "../../virtual-clock"
import { Bench, DAY, TIME_ZONE } from "../fixtures"

const DEVICE = "192.168.1.2"
const SURVEY = "08:00 - 20.5 - 30%\n08:10 - 21 - 31%\n12:00 - -25 - 33.25%\n"
const LIMITS = { bodyBytes: 4096, perAddress: 16, transfers: 16, totalBytes: 65_536 }

/** The datagram with which our devices send it. */
function uploadOf(survey: string, seed: number): Uint8Array {
  const [clock, random] = [new VirtualClock(), seededRandom(seed)]
  const sent: Uint8Array[] = []
  const transmission = { ackTimeoutMs: 2000, maxRetransmit: 4 }
  const endpoint = new Endpoint({ send: (datagram) => sent.push(datagram), clock, random, transmission })
  const uploader = new Uploader({ endpoint, gateway: { address: "192.168.1.1", port: 1 }, ip: DEVICE, clock, random })
  void uploader.upload(DAY, Buffer.from(survey), new AbortController().signal).catch(() => {})
  endpoint.stop()
  return sent[0] ?? new Uint8Array(0)
}

function decoded(datagram: Uint8Array): Message | undefined {
  try {
    return decodeMessage(datagram)
  } catch (error) {
    if (error instanceof MessageFormatError) return undefined
    throw error
  }
}

test("no two bits that change sides get another value past the digest", () => {
  using bench = new Bench()
  const senders = new Senders(bench.declared, "declared")
  const { admit, handle } = new Resources(senders, bench.collector, TIME_ZONE)
  spyOn(bench.collector, "refuseMessage").mockImplementation(() => {})
  const taken: string[] = []
  spyOn(bench.collector, "take").mockImplementation(async ({ text, day }) => {
    taken.push(`${day}\n${text}`)
    return { kind: "taken", answer: "", first: true, changed: true, readings: 0, refused: 0 }
  })
  const datagram = uploadOf(SURVEY, 1)
  for (const copy of damaged(datagram)) {
    const message = decoded(copy)
    if (!message || !isRequest(message.code) || refuseRequest(message)) continue
    const { code, options, payload } = message
    const origin = {
      address: DEVICE,
      endpoint: `${DEVICE}:40000`,
      arrivedAt: bench.clock.now(),
      sizeBytes: copy.length,
    }
    void new BlockReceiver(LIMITS, bench.clock, admit, handle).handle({ code, options, payload, ...origin })
  }
  // where only the message id or the token came to harm
  expect(taken.length).toBeGreaterThan(0)
  expect(new Set(taken)).toEqual(new Set([`${DAY}\n${SURVEY}`]))
})
