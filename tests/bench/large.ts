// One survey of 1 MiB over a link that loses datagrams, in virtual time, beside the arithmetic of stop-and-wait.
import { BlockReceiver, LARGEST_BLOCK_BYTES } from "../../src/coap/block"
import { Code } from "../../src/coap/code"
import { say } from "../../src/coap/resource"
import { Endpoint } from "../../src/coap/udp/exchange"
import { Uploader } from "../../src/device/uploader"
import type { Peer } from "../../src/net/udp"
import { SeededLink } from "../coap/udp/seeded-link"
import { seededRandom, VirtualClock } from "../virtual-clock"
import type { Figure } from "./figure"

const SURVEY_BYTES = 1024 * 1024
const LOSSES = [0, 0.01, 0.05] // each way
const ROUND_TRIP_MS = 10 // on the average: each way takes 0 to 10 ms
const ACK_TIMEOUT_MS = 2000 // RFC 7252 §4.8
const MEAN_RANDOM_FACTOR = 1.25 // RFC 7252 §4.8: between 1 and 1.5
const MAX_RETRANSMIT = 4 // RFC 7252 §4.8
const WITHIN = 1.1
const DEVICE: Peer = { address: "192.168.1.2", port: 40_000 }
const GATEWAY: Peer = { address: "192.168.1.1", port: 10_005 }

/** Throws when what arrives is not what was sent. */
export async function measureLarge(seed: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const loss of LOSSES) {
    const value = await uploadMs(loss, seed)
    const limitMs = stopAndWaitMs(loss)
    figures.push({
      figure: `survey of 1 MiB, ${loss * 100} % lost each way, round trip ${ROUND_TRIP_MS} ms`,
      value: value / 1000,
      unit: "s",
      peer: `stop-and-wait: ${(limitMs / 1000).toFixed(1)} s`,
      ratio: value / limitMs,
      aim: `${WITHIN} × the arithmetic or less`,
      met: value <= WITHIN * limitMs,
    })
  }
  return figures
}

async function uploadMs(loss: number, seed: number): Promise<number> {
  const clock = new VirtualClock(Date.UTC(2026, 10, 23))
  const random = seededRandom(seed)
  const link = new SeededLink(clock, random, { loss, doubled: 0, delayMs: ROUND_TRIP_MS, stray: 0 })
  const body = Uint8Array.from({ length: SURVEY_BYTES }, (_, at) => at % 251)
  let arrived = false
  const limits = { bodyBytes: SURVEY_BYTES, perAddress: 1, transfers: 1, totalBytes: 2 * SURVEY_BYTES }
  const receiver = new BlockReceiver(
    limits,
    clock,
    () => undefined,
    ({ payload }) => {
      arrived = Buffer.compare(payload, body) === 0
      return say(Code.Created, "Surveys arrived")
    },
  )
  const transmission = { ackTimeoutMs: ACK_TIMEOUT_MS, maxRetransmit: MAX_RETRANSMIT }
  const join = (own: Peer, handler?: typeof receiver.handle): Endpoint => {
    const send = link.join(own, (datagram, from) => endpoint.receive(datagram, from))
    const endpoint = new Endpoint({ send, clock, random, transmission, ...(handler && { handler }) })
    return endpoint
  }
  join(GATEWAY, receiver.handle)
  const uploader = new Uploader({ endpoint: join(DEVICE), gateway: GATEWAY, ip: DEVICE.address, clock, random })
  const startedAt = clock.now()
  await clock.run(uploader.upload("2026-11-22", body, new AbortController().signal))
  if (!arrived) throw new Error("the survey of 1 MiB was acknowledged and is another one")
  return clock.now() - startedAt
}

/** Expected: a round trip a block, and of each lost try its timeout, which doubles (RFC 7252 §4.2). */
function stopAndWaitMs(loss: number): number {
  const failed = 1 - (1 - loss) ** 2
  let waitMs = 0
  for (let tries = 0; tries <= MAX_RETRANSMIT; tries++) {
    waitMs += failed ** (tries + 1) * ACK_TIMEOUT_MS * MEAN_RANDOM_FACTOR * 2 ** tries
  }
  return (SURVEY_BYTES / LARGEST_BLOCK_BYTES) * (ROUND_TRIP_MS + waitMs)
}
