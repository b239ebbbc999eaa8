// Damage that no checksum of the Internet sees: whatever two bits of a delivery change sides, nothing else is stored.
import { expect, test } from "bun:test"
import { Receiver } from "../../src/cloud/receiver"
import { BlockReceiver, sendBlockwise } from "../../src/coap/block"
import { Code, isRequest } from "../../src/coap/code"
import { refuseRequest } from "../../src/coap/critical"
import { MessageFormatError, OptionNumber, textOption, uintOption } from "../../src/coap/option"
import { ContentFormat } from "../../src/coap/resource"
import { encodeFrame, FrameReader, type ReceivedFrame } from "../../src/coap/tcp/frame"
import type { Reply } from "../../src/coap/udp/exchange"
import { deliveryDigest, surveyDigest } from "../../src/survey/digest"
import { damaged } from "../coap/udp/seeded-link"
import { VirtualClock } from "../virtual-clock"
import { Bench, DAY, GATEWAY, receiverOptions, SITE, TIME_ZONE } from "./fixtures"

const SURVEY = "08:00 - 20.5 - 30%\n08:10 - 21 - 31%\n"
const REVISION = 1_795_000_000_000
const LIMITS = { bodyBytes: 4096, perAddress: 16, transfers: 16, totalBytes: 65_536, bert: true }

/** The message with which a gateway delivers it. */
async function delivery(): Promise<Uint8Array> {
  const head = { site: SITE, revision: REVISION, zone: TIME_ZONE }
  const digest = deliveryDigest(surveyDigest("192.168.1.2", DAY, SURVEY), head)
  const options = [
    ...["sites", SITE, "surveys", "192.168.1.2", DAY].map((part) => textOption(OptionNumber.UriPath, part)),
    uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
    ...[`revision=${REVISION}`, `zone=${TIME_ZONE}`, `digest=${digest}`].map((part) =>
      textOption(OptionNumber.UriQuery, part),
    ),
  ]
  let sent: Uint8Array = new Uint8Array(0)
  const ask = async (request: Parameters<Parameters<typeof sendBlockwise>[0]>[0]): Promise<Reply> => {
    sent = encodeFrame({ ...request, token: Uint8Array.of(0x12, 0x34, 0x56, 0x78) })
    return { code: Code.Created, options: [], payload: new Uint8Array(0) }
  }
  const request = { code: Code.Put, options, payload: Buffer.from(SURVEY) }
  await sendBlockwise(ask, request, { wholeBytes: 1024, blockBytes: 1024 })
  return sent
}

/** The requests that a stream turns out to be, without those that a session refuses. */
function requestsIn(stream: Uint8Array): ReceivedFrame[] {
  const frames: ReceivedFrame[] = []
  try {
    for (const frame of new FrameReader(4096).push(stream)) frames.push(frame)
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error
  }
  return frames.filter((frame) => isRequest(frame.code) && refuseRequest(frame) === undefined)
}

test("no two bits that change sides get another value, revision or zone past the digest, or drop anything", async () => {
  using bench = new Bench()
  await bench.describeSite()
  const stored: string[] = []
  bench.store.deliver = async (site, { address, day, revision, zone, body }) => {
    stored.push(`${site} ${address} ${day} ${revision} ${zone}\n${body}`)
    return { outcome: "new", superseded: 0 }
  }
  const dropped: string[] = []
  bench.store.drop = async (_, { day, revision }) => dropped.push(`${day} ${revision}`)
  const receiver = new Receiver(receiverOptions(bench))
  const clock = new VirtualClock()
  const origin = { address: GATEWAY, endpoint: "tcp", arrivedAt: 0, sizeBytes: 0 }
  for (const copy of damaged(await delivery())) {
    const blocks = new BlockReceiver(LIMITS, clock, receiver.admit, receiver.handle)
    for (const { code, options, payload } of requestsIn(copy))
      await blocks.handle({ code, options, payload, ...origin })
  }
  // where only the token came to harm
  expect(stored.length).toBeGreaterThan(0)
  expect(new Set(stored).size).toBe(1)
  expect(stored[0]).toEndWith(`${DAY} ${REVISION} ${TIME_ZONE}\n${SURVEY}`)
  expect(dropped).toEqual([])
})
