// The load: any number of devices in one process, each a CoAP client of its own (RFC 7252 §4.2, §5.2, §5.3).
import type { Random } from "../../../src/clock"
import { Code, formatCode, isSuccess } from "../../../src/coap/code"
import { readUint } from "../../../src/coap/option"
import type { Outgoing, Transmission } from "../../../src/coap/udp/exchange"
import { decodeMessage, encodeEmpty, encodeMessage, Type } from "../../../src/coap/udp/message"
import type { Peer } from "../../../src/net/udp"
import { LoopbackSocket } from "../loopback"

export interface FleetOptions {
  readonly server: Peer
  /** One number a device, in the order in which they send. */
  readonly devices: Iterable<number>
  readonly requestOf: (device: number) => Outgoing
  /** The address of 127.0.0.0/8 that the nth device to send sends from. One carries 65,536 devices, one after the other. */
  readonly sourceOf: (device: number, nth: number) => number
  /** Devices that wait for their answers at the same time. */
  readonly window: number
  /** Devices that begin in a second, at most; as many as there is room for by default. */
  readonly rate?: number
  /** RFC 7252 §4.8 by default. */
  readonly transmission?: Transmission
  readonly random?: Random
  /** Hears what a device is answered. */
  readonly onAnswer?: (device: number, answer: Outgoing) => void
}

export interface FleetReport {
  /** Devices whose upload was answered with success. */
  readonly acknowledged: readonly number[]
  /** Other ends, by what they were, as "5.03", "reset" or "no answer". */
  readonly refused: ReadonlyMap<string, number>
  readonly resent: number
  /** How long each device waited for its acknowledgement. */
  readonly waitsMs: readonly number[]
  /** From the first datagram to the last answer. */
  readonly elapsedMs: number
}

const RFC_TRANSMISSION: Transmission = { ackTimeoutMs: 2000, maxRetransmit: 4 } // RFC 7252 §4.8
const ACK_RANDOM_FACTOR = 1.5 // RFC 7252 §4.8
const MAX_LATENCY_MS = 100_000 // RFC 7252 §4.8.2
const LOOKS_PER_ACK_TIMEOUT = 20
const BEGIN_EVERY_MS = 1 // at a rate

/** Sends every device's request and resolves when each has its answer or has given up. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  const ended = Promise.withResolvers<void>()
  const fleet = new Fleet(options, ended.resolve)
  using socket = await LoopbackSocket.open(options.server, (datagram) => {
    try {
      fleet.receive(datagram)
    } catch (error) {
      ended.reject(error) // what is malformed is the server's fault, and the end
    }
  })
  return await fleet.run(socket, ended.promise)
}

class Fleet {
  readonly #options: FleetOptions
  readonly #onEnd: () => void
  readonly #random: Random
  readonly #transmission: Transmission
  readonly #devices: Iterator<number>
  /** By token: it tells the device, the socket being one for all. */
  readonly #flights = new Map<number, Flight>()
  readonly #acknowledged: number[] = []
  readonly #waitsMs: number[] = []
  readonly #refused = new Map<string, number>()
  readonly #firstId: number
  readonly #firstToken: number
  #socket: LoopbackSocket | undefined
  #started = 0
  #startedAt = 0
  #resent = 0
  #allStarted = false
  #filling = false

  constructor(options: FleetOptions, onEnd: () => void) {
    this.#options = options
    this.#onEnd = onEnd
    this.#random = options.random ?? Math.random
    this.#transmission = options.transmission ?? RFC_TRANSMISSION
    this.#devices = options.devices[Symbol.iterator]()
    this.#firstId = Math.floor(this.#random() * 0x1_0000)
    this.#firstToken = Math.floor(this.#random() * 0x1_0000_0000)
  }

  async run(socket: LoopbackSocket, ended: Promise<void>): Promise<FleetReport> {
    this.#socket = socket
    const startedAt = (this.#startedAt = performance.now())
    const begin = this.#options.rate === undefined ? undefined : setInterval(() => this.#fill(), BEGIN_EVERY_MS)
    const look = setInterval(() => this.#resend(), this.#transmission.ackTimeoutMs / LOOKS_PER_ACK_TIMEOUT)
    try {
      this.#fill()
      await ended
    } finally {
      clearInterval(look)
      clearInterval(begin)
    }
    const elapsedMs = performance.now() - startedAt
    return {
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      resent: this.#resent,
      waitsMs: this.#waitsMs,
      elapsedMs,
    }
  }

  receive(datagram: Uint8Array): void {
    const message = decodeMessage(datagram)
    const { type, code, id, token } = message
    if (code === Code.Empty) {
      this.#receiveEmpty(type, id)
      return
    }
    const key = readUint(token) ?? -1
    const flight = this.#flights.get(key)
    if (!flight) return // a repeated answer
    // piggy-backed: id and token must both match (RFC 7252 §5.3.2)
    if (type === Type.Acknowledgement && flight.id !== id) return
    if (type === Type.Confirmable) this.#socket?.send(encodeEmpty(Type.Acknowledgement, id), flight.source)
    this.#options.onAnswer?.(flight.device, message)
    this.#end(key, flight, isSuccess(code) ? undefined : formatCode(code))
  }

  #receiveEmpty(type: Type, id: number): void {
    for (const [key, flight] of this.#flights) {
      if (flight.id !== id) continue
      if (type === Type.Reset) this.#end(key, flight, "reset")
      // a separate response follows (RFC 7252 §5.2.2)
      else if (type === Type.Acknowledgement) flight.wait(MAX_LATENCY_MS, this.#transmission.maxRetransmit)
      return
    }
  }

  #end(key: number, flight: Flight, refusal: string | undefined): void {
    this.#flights.delete(key)
    this.#waitsMs.push(performance.now() - flight.startedAt)
    if (refusal === undefined) this.#acknowledged.push(flight.device)
    else this.#refused.set(refusal, (this.#refused.get(refusal) ?? 0) + 1)
    if (this.#filling) return
    this.#filling = true
    // after all that came in this turn, so that what goes out leaves together
    setImmediate(() => this.#fill())
  }

  #fill(): void {
    this.#filling = false
    const { window, rate = Number.POSITIVE_INFINITY } = this.#options
    const due = rate === Number.POSITIVE_INFINITY ? rate : (rate * (performance.now() - this.#startedAt)) / 1000
    while (!this.#allStarted && this.#flights.size < window && this.#started < due) {
      const { value: device, done } = this.#devices.next()
      if (done) this.#allStarted = true
      else this.#start(device)
    }
    this.#socket?.flush()
    if (this.#allStarted && this.#flights.size === 0) this.#onEnd()
  }

  #start(device: number): void {
    const { requestOf, sourceOf } = this.#options
    const nth = this.#started++
    const id = (this.#firstId + nth) & 0xffff
    const token = (this.#firstToken + nth) >>> 0
    const datagram = encodeMessage({ type: Type.Confirmable, id, token: tokenOf(token), ...requestOf(device) })
    const flight = new Flight(device, sourceOf(device, nth), id, datagram)
    flight.wait(this.#transmission.ackTimeoutMs * (1 + (ACK_RANDOM_FACTOR - 1) * this.#random()), 0)
    this.#flights.set(token, flight)
    this.#socket?.send(datagram, flight.source)
  }

  #resend(): void {
    const now = performance.now()
    for (const [key, flight] of this.#flights) {
      if (flight.resendAt > now) continue
      if (flight.resent === this.#transmission.maxRetransmit) {
        this.#end(key, flight, "no answer")
        continue
      }
      this.#resent++
      flight.wait(flight.waitMs * 2, flight.resent + 1)
      this.#socket?.send(flight.datagram, flight.source)
    }
    this.#socket?.flush()
  }
}

/** A request on its way. */
class Flight {
  readonly startedAt = performance.now()
  waitMs = 0
  resendAt = 0
  resent = 0

  constructor(
    readonly device: number,
    readonly source: number,
    readonly id: number,
    readonly datagram: Uint8Array,
  ) {}

  wait(waitMs: number, resent: number): void {
    this.waitMs = waitMs
    this.resendAt = performance.now() + waitMs
    this.resent = resent
  }
}

const tokenOf = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
