import { afterEach, beforeEach, expect, test } from "bun:test"
import { Code } from "../../../src/coap/code"
import { findOption, type Option, OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { ContentFormat } from "../../../src/coap/resource"
import { decodeMessage, encodeMessage, Type } from "../../../src/coap/udp/message"
import { Listener } from "../../../src/gateway/intake/listener"
import { PlainText } from "../../../src/gateway/intake/plain-text"
import { Resources } from "../../../src/gateway/intake/resources"
import { systemSockets } from "../../../src/net/sockets"
import type { Peer } from "../../../src/net/udp"
import { parseTopology } from "../../../src/topology/yaml/load"
import { changed } from "../../topology/sample"
import { settle } from "../../virtual-clock"
import { Bench, HERBS, MORNING, NOW, TIME_ZONE, TOMATOES } from "../fixtures"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

/** A listener whose socket is the test. */
async function listen(limits: string) {
  const answers: { datagram: Uint8Array; peer: Peer }[] = []
  const warned: string[] = []
  let receive = (_datagram: Uint8Array, _peer: Peer) => {}
  const { collector, clock } = bench
  const { senders } = bench.parts
  const listener = new Listener({
    topology: parseTopology(changed(["site", `limits: ${limits}\nsite`]), "topology.yaml"),
    addressing: "simulated",
    sockets: {
      ...systemSockets,
      openUdp: async ({ onDatagram }) => {
        receive = onDatagram
        return { port: 1, send: (datagram, peer) => void answers.push({ datagram, peer }), close() {} }
      },
    },
    clock,
    random: () => 0.5,
    log: { debug() {}, info() {}, warn: (text) => void warned.push(text), error() {} },
    senders,
    resources: new Resources(senders, collector, TIME_ZONE),
    plainText: new PlainText(senders, collector, TIME_ZONE, clock.now),
  })
  await listener.start()
  return {
    answers,
    warned,
    receive: (datagram: Uint8Array, address: string) => receive(datagram, { address, port: 1 }),
  }
}

const ping = (id: number) =>
  encodeMessage({
    type: Type.Confirmable,
    id,
    code: Code.Empty,
    token: new Uint8Array(0),
    options: [],
    payload: new Uint8Array(0),
  })

test("an address that sends too fast is not listened to for the rest of the second, and everybody else is", async () => {
  const { answers, warned, receive } = await listen("{ perPeer: { datagramsPerSecond: 10 } }")
  for (let id = 0; id < 100; id++) receive(ping(id), "127.0.0.9")
  expect(answers).toHaveLength(10)
  receive(ping(0), "127.168.1.2")
  expect(answers.at(-1)?.peer.address).toBe("127.168.1.2")
  expect(warned).toEqual(["127.0.0.9 sends faster than limits.perPeer.datagramsPerSecond: datagrams are dropped"])
  await bench.clock.advance(1000)
  receive(ping(100), "127.0.0.9")
  expect(answers).toHaveLength(12)
})

test("a declared device is answered before the strangers who wait", async () => {
  const { answers, receive } = await listen("{}")
  for (let id = 0; id < 1500; id++) receive(ping(id), "127.0.0.9")
  receive(ping(0), "127.168.1.2")
  expect(answers).toHaveLength(1024) // a turn's share
  await settle()
  expect(answers.map(({ peer }) => peer.address).indexOf("127.168.1.2")).toBe(1024)
})

test("an upload is answered from the spool", async () => {
  const { answers, receive } = await listen("{}")
  const options = ["surveys", "192.168.1.2"].map((segment) => textOption(OptionNumber.UriPath, segment))
  const payload = new TextEncoder().encode(MORNING)
  receive(
    encodeMessage({ type: Type.Confirmable, id: 1, code: Code.Put, token: Uint8Array.of(1), options, payload }),
    "127.168.1.2",
  )
  await settle()
  const [answer] = answers
  expect(decodeMessage(answer?.datagram ?? new Uint8Array(0)).code).toBe(Code.Created)
})

/** What a request by this device is answered with, each time that it comes. */
async function exchange(code: number, options: readonly Option[], payload = "", times = 1) {
  const { answers, receive } = await listen("{}")
  const token = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const body = new TextEncoder().encode(payload)
  const request = encodeMessage({ type: Type.Confirmable, id: 7, code, token, options, payload: body })
  for (let time = 0; time < times; time++) {
    receive(request, "127.168.1.2")
    await settle()
  }
  return { requestBytes: request.length, replies: answers.map(({ datagram }) => decodeMessage(datagram)), answers }
}
const pathOf = (path: string) => path.split("/").map((segment) => textOption(OptionNumber.UriPath, segment))

test("GET /.well-known/core is answered each time that it is sent again, for an answer may get lost", async () => {
  const { replies } = await exchange(Code.Get, pathOf(".well-known/core"), "", 3)
  expect(replies.map(({ code }) => code)).toEqual(Array(3).fill(Code.Content))
})

test("GET /.well-known/core comes in blocks where the client wants blocks", async () => {
  const options = [...pathOf(".well-known/core"), uintOption(OptionNumber.Block2, 0)] // number 0 of 16 bytes
  const { replies } = await exchange(Code.Get, options)
  expect(replies.map(({ payload }) => payload.length)).toEqual([16])
  expect(findOption(replies[0]?.options ?? [], OptionNumber.Block2)?.value).toEqual(Uint8Array.of(8)) // there is more
})

test("a second Block1 is a critical option too many", async () => {
  const options = [...pathOf("surveys"), uintOption(OptionNumber.Block1, 8), uintOption(OptionNumber.Block1, 24)]
  const { replies } = await exchange(Code.Put, options, "x".repeat(16))
  expect(replies.map(({ code }) => code)).toEqual([Code.BadOption])
  expect(bench.due()).toEqual([])
})

test("no answer but that of /.well-known/core is larger than its request, in blocks or not", async () => {
  for (let day = 10; day < 22; day++) await bench.ledger.open(`2026-11-${day}`, NOW, [{ first: TOMATOES, last: HERBS }])
  for (const path of ["owed", "owed/192.168.1.2", "owed/192.168.1.9", "surveys", "missing", "x"]) {
    for (const code of [Code.Get, Code.Put, 5, 31]) {
      for (const more of [
        [],
        [uintOption(9, 0)],
        [textOption(35, "coap://x")],
        [uintOption(OptionNumber.Accept, 50)],
      ]) {
        for (const block of [[], [uintOption(OptionNumber.Block2, 0)], [uintOption(OptionNumber.Block2, 17)]]) {
          for (const after of ["", `after=${"0".repeat(30)}`]) {
            const query = after === "" ? [] : [textOption(OptionNumber.UriQuery, after)]
            const { requestBytes, answers } = await exchange(code, [...pathOf(path), ...more, ...block, ...query])
            expect(answers[0]?.datagram.length).toBeWithin(4, requestBytes + 1)
          }
        }
      }
    }
  }
})

test("an empty upload is told from one that brought something, however short its request", async () => {
  const { answers, receive } = await listen("{}")
  const options = [textOption(OptionNumber.UriPath, "surveys")]
  const message = { type: Type.Confirmable, code: Code.Put, token: Uint8Array.of(1), options }
  for (const [id, text] of ["", MORNING].entries()) {
    receive(encodeMessage({ ...message, id, payload: new TextEncoder().encode(text) }), "127.168.1.2")
    await settle()
  }
  const texts = answers.map(({ datagram }) => new TextDecoder().decode(decodeMessage(datagram).payload))
  expect(texts).toEqual(["Empty", "Surveys arrived"])
})

test("SenML whose times count from when it comes is taken once, however often its datagram comes", async () => {
  const { answers, receive } = await listen("{}")
  const options = [...pathOf("surveys"), uintOption(OptionNumber.ContentFormat, ContentFormat.Senml)]
  const payload = new TextEncoder().encode('[{"n":"t","u":"Cel","v":20},{"n":"h","u":"%RH","v":30}]')
  const message = { type: Type.Confirmable, code: Code.Put, token: Uint8Array.of(1), id: 7, options, payload }
  for (let time = 0; time < 3; time++) {
    receive(encodeMessage(message), "127.168.1.2")
    await settle()
    await bench.clock.advance(2000)
  }
  expect(answers.map(({ datagram }) => decodeMessage(datagram).code)).toEqual(Array(3).fill(Code.Created))
  expect(bench.due().map(({ readings }) => readings)).toEqual([1])
})
