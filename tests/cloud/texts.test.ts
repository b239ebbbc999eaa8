import { expect, test } from "bun:test"
import { Texts } from "../../src/cloud/texts"
import type { Connection } from "../../src/coap/connection"
import { settle, VirtualClock } from "../virtual-clock"

const MIB = 1024 * 1024

function bench(take: (bytes: Uint8Array) => Promise<string> = async (bytes) => `got ${bytes.length}`) {
  const clock = new VirtualClock(1_000_000)
  const errors: string[] = []
  const texts = new Texts({ clock, maxBytes: MIB, take, onError: (text) => errors.push(text) })
  const connect = () => {
    const said: string[] = []
    const connection: Connection = {
      remoteAddress: "127.0.0.1",
      endpoint: "tcp:1",
      queuedBytes: 0,
      write: (bytes) => void said.push(new TextDecoder().decode(bytes)),
      close: () => void said.push("closed"),
      destroy: () => void said.push("destroyed"),
      pause() {},
      resume() {},
    }
    const handler = texts.accept(connection)
    const send = (bytes: number) => handler.data(new Uint8Array(bytes))
    return { said, handler, send }
  }
  return { clock, errors, connect }
}

test("a text is complete after a pause of 200 ms, or at its end", async () => {
  const { clock, connect } = bench()
  const [pausing, ending] = [connect(), connect()]
  for (let i = 0; i < 3; i++) {
    pausing.send(10)
    await clock.advance(199)
  }
  expect(pausing.said).toEqual([])
  await clock.advance(1)
  expect(pausing.said).toEqual(["got 30", "closed"])
  ending.send(7)
  ending.handler.end?.()
  ending.send(7) // too late
  await clock.advance(1000)
  expect([ending.said, clock.pending]).toEqual([["got 7", "closed"], 0])
})

test("a text that is slow and honest is taken, and a drip that never ends is refused after a minute, whole", async () => {
  const { clock, connect } = bench()
  const [slow, drip] = [connect(), connect()]
  let seconds = 0
  while (seconds < 300) {
    slow.send(20)
    if (drip.said.length === 0) drip.send(1)
    await clock.advance(190)
    seconds += 0.19
    if (seconds < 60) expect(drip.said).toEqual([])
    if (seconds > 65) expect(drip.said).toEqual(["No end of it: send it again", "closed"])
  }
  await clock.advance(200)
  expect(slow.said).toEqual(["got 31580", "closed"])
})

test("a text past the largest is refused", () => {
  const { clock, connect } = bench()
  const { said, send } = connect()
  for (let sent = 0; sent <= MIB; sent += 1024) send(1024)
  expect([said, clock.pending]).toEqual([["More than 1048576 bytes", "closed"], 0])
})

test("of too many large texts the largest gives way, and a small one is taken", async () => {
  const { clock, connect } = bench()
  const large = Array.from({ length: 40 }, connect)
  for (const { send } of large) send(MIB - 1)
  const small = connect()
  small.send(30)
  await clock.advance(200)
  expect(small.said).toEqual(["got 30", "closed"])
  const refused = large.filter(({ said }) => said[0] === "Too many surveys at once: come again")
  const taken = large.filter(({ said }) => said[0] === `got ${MIB - 1}`)
  expect([refused.length, taken.length]).toEqual([8, 32])
})

test("a text that could not be stored is told here, and its sender sees a reset", async () => {
  const { errors, connect } = bench(() => Promise.reject(new Error("on fire")))
  const { said, handler, send } = connect()
  send(1)
  handler.end?.()
  await settle()
  expect([said, errors]).toEqual([["destroyed"], ["Plain text from 127.0.0.1 could not be stored: Error: on fire"]])
})

test("a sender that goes away leaves nothing behind", () => {
  const { clock, connect } = bench()
  const { said, handler, send } = connect()
  send(1)
  handler.close()
  expect([said, clock.pending]).toEqual([[], 0])
})
