// A whole TCP session whose transport is this file: it never throws, and says what the reference says it must.
import { drainMicrotasks } from "bun:jsc"
import type { Clock } from "../../../src/clock"
import { Code } from "../../../src/coap/code"
import { type Response, say } from "../../../src/coap/resource"
import { encodeFrame } from "../../../src/coap/tcp/frame"
import { Session, type SessionOptions } from "../../../src/coap/tcp/session"
import { csmFrame } from "./corpus"
import type { Dice } from "./dice"
import { makeStream } from "./frames"
import { ReferenceSession } from "./reference-session"
import { Scratch } from "./scratch"
import { Sent } from "./sent"
import type { Target } from "./target"

const MAX_MESSAGE_BYTES = 1152
const MANY = 1000 // requests at the same time
const NONE = new Uint8Array(0)
const REQUEST = { code: Code.Put, options: [], payload: new Uint8Array(40) }
const REQUEST_TOKEN = 0x8000_0000 // what a random of one half gives
const REQUEST_BYTES = encodeFrame({ ...REQUEST, token: new Uint8Array(4) }).length
const RESPONSE = encodeFrame({ code: Code.Changed, token: Uint8Array.of(0x80, 0, 0, 0), options: [], payload: NONE })
const ANSWERS: readonly [Response, ...Response[]] = [
  say(Code.Changed),
  say(Code.BadRequest, "some text that may have to be cut to what the peer takes"),
  say(Code.Content, "x".repeat(700)),
]

export class Sessions implements Target {
  readonly name = "sessions"
  readonly #scratch = new Scratch()
  readonly #reference = new ReferenceSession()
  readonly #sent = new Sent()
  #closes = 0
  #settled = 0
  #timers = new Set<() => void>()
  #description = ""
  readonly #clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (_delayMs, callback) => {
      this.#timers.add(callback)
      return () => void this.#timers.delete(callback)
    },
  }

  constructor(private readonly make = (options: SessionOptions) => new Session(options)) {}

  check(dice: Dice): string | undefined {
    const scratch = this.#scratch
    makeStream(scratch, dice)
    if (dice.below(8) > 0) {
      scratch.insert(0, csmFrame.length)
      for (let at = 0; at < csmFrame.length; at++) scratch.put(at, csmFrame[at] ?? 0)
    }
    const asks = dice.below(4) === 0
    if (asks && dice.below(2) === 0) scratch.append(RESPONSE)
    const slow = dice.below(4) === 0
    const serial = dice.below(4) === 0
    this.#begin(asks, slow, serial)
    const answer = dice.pick(ANSWERS)
    const session = this.#session(slow ? async () => answer : () => answer, serial ? 1 : MANY)
    if (asks) session.request(REQUEST).then(this.#onSettled, this.#onSettled)
    const wrong = this.#converse(session, dice)
    // each once: what is still under way is given up, and a timer may ask for the next
    for (const callback of [...this.#timers]) callback()
    session.closed()
    drainMicrotasks()
    if (wrong !== undefined) return wrong
    if (this.#settled !== (asks ? 1 : 0)) return `our request was settled ${this.#settled} times`
    return undefined
  }

  input(): string {
    return `${this.#scratch.view.toHex()} ${this.#description}`
  }

  #begin(asks: boolean, slow: boolean, serial: boolean): void {
    this.#sent.begin()
    this.#closes = this.#settled = 0
    this.#timers.clear()
    this.#description = `${asks ? "with" : "without"} a request of ours, ${slow ? "slow" : "quick"} answers, ${serial ? "one" : "many"} at a time, cut at`
    this.#reference.begin({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      slow,
      serial,
      requestBytes: asks ? REQUEST_BYTES : 0,
      requestToken: asks ? REQUEST_TOKEN.toString(16) : "",
    })
  }

  #session(handler: () => Response | Promise<Response>, maxInFlight: number): Session {
    const session = this.make({
      send: (bytes) => this.#sent.add(bytes),
      close: () => void this.#closes++,
      random: () => 0.5,
      clock: this.#clock,
      maxMessageSizeBytes: MAX_MESSAGE_BYTES,
      address: "10.10.10.1",
      endpoint: "tcp:1",
      handler,
      maxInFlight,
    })
    session.start()
    return session
  }

  readonly #onSettled = () => void this.#settled++

  #converse(session: Session, dice: Dice): string | undefined {
    const bytes = this.#scratch.view
    const reference = this.#reference
    let pieces = dice.below(3)
    for (let from = 0; from < bytes.length; pieces--) {
      const to = pieces > 0 ? Math.min(bytes.length, from + 1 + dice.below(40)) : bytes.length
      this.#description += ` ${to}`
      session.receive(bytes.subarray(from, to))
      drainMicrotasks()
      reference.receive(bytes, to)
      from = to
    }
    if (this.#closes !== (reference.ended ? 1 : 0)) return `closed ${this.#closes} times`
    if (session.peerMaxMessageSizeBytes !== reference.peerMaxMessageBytes) return "the peer's Max-Message-Size differs"
    return this.#sent.compare(reference)
  }
}
