import { Database } from "bun:sqlite"
import { describe, expect, test } from "bun:test"
import { Code } from "../../../src/coap/code"
import { decodeMessage, encodeMessage, type Message, Type } from "../../../src/coap/udp/message"
import { SPOOL } from "../../../src/gateway/spool/schema"
import { slotOf } from "../../../src/gateway/spool/slot"
import type { Peer } from "../../../src/net/udp"
import { UdpSocket } from "../../../src/net/udp"
import { migrate } from "../../../src/storage/prepare"
import { clockChange } from "../../../src/survey/calendar"
import { formatSurvey, parseSurvey } from "../../../src/survey/survey"
import { type FleetReport, runFleet } from "./fleet"
import { verifySpool } from "./spool"
import { surveyOf, uploadOf } from "./surveys"

const DAY = "2026-11-21"
const FIRST = 0x0a00_0002
const onLinux = test.skipIf(process.platform !== "linux") // sendmmsg and IP_PKTINFO are Linux's

type Answer = (message: Message, peer: Peer, send: (message: Message) => void) => void

/** A fleet of `count` devices against a server that answers so, and stays `until` then. */
async function runAgainst(answer: Answer, count: number, until?: Promise<void>): Promise<FleetReport> {
  const server = await UdpSocket.open({
    address: "127.0.0.1",
    port: 0,
    onDatagram: (datagram, peer) =>
      answer(decodeMessage(datagram), peer, (message) => server.send(encodeMessage(message), peer)),
  })
  try {
    const report = await runFleet({
      server: { address: "127.0.0.1", port: server.port },
      devices: Array.from({ length: count }, (_, index) => FIRST + index),
      requestOf: (device) => uploadOf(device, DAY),
      sourceOf: (device) => 0x7f00_0000 + (device % 2 ** 24),
      window: 8,
      transmission: { ackTimeoutMs: 20, maxRetransmit: 1 },
    })
    await until
    return report
  } finally {
    server.close()
  }
}

const acknowledge = ({ id, token }: Message, code: number = Code.Created): Message => ({
  type: Type.Acknowledgement,
  code,
  id,
  token,
  options: [],
  payload: new Uint8Array(0),
})

describe("runFleet()", () => {
  onLinux("gives every device an address and a token of its own", async () => {
    const seen = new Map<string, string>()
    const { acknowledged, resent } = await runAgainst((message, peer, send) => {
      seen.set(peer.address, message.token.toHex())
      send(acknowledge(message))
    }, 50)
    expect([...seen.keys()].sort()).toEqual(acknowledged.map((_, index) => `127.0.0.${index + 2}`).sort())
    expect(new Set(seen.values()).size).toBe(50)
    expect(resent).toBe(0)
  })

  onLinux("sends the same message again when it is not answered", async () => {
    const seen = new Map<string, number>()
    const { acknowledged, resent } = await runAgainst((message, peer, send) => {
      if (seen.get(peer.address) === message.id) send(acknowledge(message))
      seen.set(peer.address, message.id)
    }, 10)
    expect(acknowledged.length).toBe(10)
    expect(resent).toBe(10)
  })

  onLinux("counts refusals, resets and silence, and acknowledges none of them", async () => {
    const { acknowledged, refused } = await runAgainst((message, peer, send) => {
      if (peer.address === "127.0.0.2") send(acknowledge(message, Code.ServiceUnavailable))
      else if (peer.address === "127.0.0.3") {
        send({ ...acknowledge(message, Code.Empty), type: Type.Reset, token: new Uint8Array(0) })
      } else if (peer.address === "127.0.0.4") send({ ...acknowledge(message), id: (message.id + 1) & 0xffff })
      else send(acknowledge(message))
    }, 4)
    expect(acknowledged).toEqual([FIRST + 3])
    expect(Object.fromEntries(refused)).toEqual({ "5.03": 1, reset: 1, "no answer": 1 })
  })

  onLinux("takes a separate response and acknowledges it", async () => {
    const heard = Promise.withResolvers<void>()
    const { acknowledged } = await runAgainst(
      (message, _peer, send) => {
        if (message.type === Type.Acknowledgement && message.id === 4711) return heard.resolve()
        send({ ...acknowledge(message, Code.Empty), token: new Uint8Array(0) })
        send({ ...acknowledge(message), type: Type.Confirmable, id: 4711 })
      },
      1,
      heard.promise,
    )
    expect(acknowledged).toEqual([FIRST])
  })
})

test("surveyOf() is 120 bytes of canonical lines, another text for every address", () => {
  const texts = new Set<string>()
  for (let address = FIRST; address < FIRST + 5000; address++) {
    const text = new TextDecoder().decode(surveyOf(address))
    const { readings, refused } = parseSurvey(text, clockChange(DAY, "UTC"))
    expect([text.length, readings.length, refused.length]).toEqual([120, 6, 0])
    expect<string>(formatSurvey(readings)).toBe(text)
    texts.add(text)
  }
  expect(texts.size).toBe(5000)
})

describe("verifySpool()", () => {
  function spoolWith(address: number, body: Uint8Array): Database {
    const spool = new Database(":memory:")
    migrate(spool, SPOOL)
    spool.run(
      "INSERT INTO surveys (slot, revision, body, readings, content, digest, late) VALUES (?, 1, ?, 6, 0, '', 0)",
      [slotOf(DAY, address), new TextDecoder().decode(body)],
    )
    return spool
  }

  test("passes what is there", () => verifySpool(spoolWith(FIRST, surveyOf(FIRST)), DAY, [FIRST]))

  test("finds a survey that was acknowledged and lost", () => {
    expect(() => verifySpool(spoolWith(FIRST, surveyOf(FIRST)), DAY, [FIRST, FIRST + 1])).toThrow("10.0.0.3's survey")
  })

  test("finds another device's survey in its place", () => {
    expect(() => verifySpool(spoolWith(FIRST, surveyOf(FIRST + 1)), DAY, [FIRST])).toThrow("is another one")
  })
})
