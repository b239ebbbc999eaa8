// What attackers send over UDP, by kinds. Each kind has one length, so that every answer can be held against it.
import type { Random } from "../../../../src/clock"
import { encodeBlock } from "../../../../src/coap/block"
import { Code } from "../../../../src/coap/code"
import { type Option, OptionNumber, textOption, uintOption } from "../../../../src/coap/option"
import { idOf } from "../../../../src/coap/oscore/identity"
import { encodeMessage, Type } from "../../../../src/coap/udp/message"
import { dayBefore } from "../../../../src/survey/calendar"
import { parseAddress } from "../../../../src/topology/address"
import {
  DECLARED,
  declared,
  honestAddress,
  SPOOFED_DEVICES,
  spoofedAddress,
  strangerAddress,
  TIME_ZONE,
} from "../place"

export interface Shot {
  readonly datagram: Uint8Array
  /** The address that it comes from. */
  readonly source: number
}

export interface Kind {
  readonly name: string
  readonly bytes: number
  /** Of all 10,000 a second. */
  readonly aSecond: number
  make(): Shot
}

const BLOCK_BYTES = 1024
const ELECTIVE = 2050 // an option that nobody knows, and that may be ignored (RFC 7252 §5.4.1)
const PADDING_BYTES = 250 // of it: what is kept of a transfer becomes longer by that
const MINUTE_MS = 60_000
const STRANGERS = 8_000_000
const HONEST_IP = declared(parseAddress(honestAddress(0)) ?? 0)

export class Barrage {
  #id = 0
  #tag = 0
  #second = false

  constructor(private readonly random: Random) {}

  /** Everything at once, as it comes from a network that somebody has taken over. */
  kinds(isKeyed = false): Kind[] {
    return [
      ...(isKeyed ? this.#protectedKinds() : []),
      this.#kind("garbage", 900, () => this.#garbage(3)),
      this.#kind("garbage", 900, () => this.#garbage(16)),
      this.#kind("garbage", 900, () => this.#garbage(200)),
      this.#kind("text of a stranger", 600, () => this.#text(`${HONEST_IP} 08:00 - 20 - 30%\n`, this.#stranger())),
      this.#kind("broken text of a device", 600, () => this.#text("8 - \u00e4".padEnd(120, "1"), this.#spoofed())),
      this.halfFinished(3500),
      this.#kind("survey of a spoofed device", 1000, () => this.#put([], this.#survey(), this.#spoofed())),
      this.#kind("survey of a stranger", 900, () => this.#put([], this.#survey(), this.#stranger())),
      this.#kind("survey for another", 300, () => this.#put([HONEST_IP], this.#survey(), this.#spoofed())),
      this.#kind("question of a device", 100, () => this.#owed(this.#spoofed())),
      this.#kind("question of a stranger", 100, () => this.#owed(this.#stranger())),
      this.#kind("nothing", 100, () => ({ datagram: new Uint8Array(0), source: this.#spoofed() })),
      this.#kind("ping", 100, () => this.#message(Code.Empty, [], new Uint8Array(0), this.#stranger(), 0)),
    ]
  }

  /** First blocks, and second ones of every third transfer; no transfer is ever finished. */
  halfFinished(aSecond: number): Kind {
    return this.#kind("half-finished transfer", aSecond, () => {
      const number = this.#second ? 1 : 0
      if (!this.#second) this.#tag++
      this.#second = !this.#second && this.#tag % 3 === 0
      const options = [
        { number: OptionNumber.Block1, value: encodeBlock({ number, more: true, exponent: 6 }) },
        uintOption(OptionNumber.RequestTag, 0x0100_0000 + this.#tag),
        ...[0, 1].map(() => ({ number: ELECTIVE, value: new Uint8Array(PADDING_BYTES) })),
      ]
      const block = new Uint8Array(BLOCK_BYTES).fill(0x31)
      return this.#put([], block, spoofedAddress(this.#tag % SPOOFED_DEVICES), options)
    })
  }

  /** Who knows addresses and no key: what seems to be first messages, later ones, and what has no sense. */
  #protectedKinds(): Kind[] {
    const kid = (address: number) => idOf(address - DECLARED)
    const context = () => this.#bytes(8)
    return [
      this.#kind("first message without a key", 800, () => {
        const source = this.#spoofed()
        return this.#oscore([0x19, 0, 0x09, 0x48, ...context(), ...kid(source)], source)
      }),
      this.#kind("first message for an honest device", 200, () =>
        this.#oscore(
          [0x19, 0, 0x09, 0x48, ...context(), ...kid(parseAddress(honestAddress(0)) ?? 0)],
          this.#stranger(),
        ),
      ),
      this.#kind("later message for an honest device", 400, () =>
        this.#oscore([0x09, this.#below(256), ...kid(parseAddress(honestAddress(0)) ?? 0)], this.#stranger()),
      ),
      this.#kind("OSCORE without sense", 300, () => this.#oscore(this.#bytes(12), this.#stranger())),
    ]
  }

  #oscore(value: readonly number[], source: number): Shot {
    const options = [{ number: OptionNumber.Oscore, value: Uint8Array.from(value) }]
    return this.#message(Code.Post, options, Uint8Array.from(this.#bytes(40)), source)
  }

  #bytes(count: number): number[] {
    return Array.from({ length: count }, () => this.#below(256))
  }

  #kind(name: string, aSecond: number, make: () => Shot): Kind {
    return { name, aSecond, make, bytes: make().datagram.length }
  }

  #garbage(bytes: number): Shot {
    const datagram = Uint8Array.from({ length: bytes }, () => this.random() * 256)
    if (this.random() < 0.5) datagram[0] = 0x40 | this.#below(16) // as if it were a confirmable message
    return { datagram, source: this.random() < 0.5 ? this.#spoofed() : this.#stranger() }
  }

  #text(text: string, source: number): Shot {
    return { datagram: Buffer.from(text), source }
  }

  #survey(): Uint8Array {
    // something new every minute, or nothing of it would have to be stored
    const minute = String(Math.floor(Date.now() / MINUTE_MS) % 60).padStart(2, "0")
    return Buffer.from(`08:${minute} - 20 - 30%\n09:${minute} - 21 - 31%\n`)
  }

  #put(path: readonly string[], payload: Uint8Array, source: number, more: readonly Option[] = []): Shot {
    const day = dayBefore(Date.now(), TIME_ZONE)
    const segments = ["surveys", ...path, day].map((segment) => textOption(OptionNumber.UriPath, segment))
    return this.#message(Code.Put, [...segments, ...more], payload, source)
  }

  #owed(source: number): Shot {
    return this.#message(Code.Get, [textOption(OptionNumber.UriPath, "owed")], new Uint8Array(0), source, 0)
  }

  #message(code: number, options: readonly Option[], payload: Uint8Array, source: number, tokenBytes = 2): Shot {
    this.#id = (this.#id + 1) & 0xffff
    const token = new Uint8Array(tokenBytes)
    return { datagram: encodeMessage({ type: Type.Confirmable, code, id: this.#id, token, options, payload }), source }
  }

  #spoofed(): number {
    return spoofedAddress(this.#below(SPOOFED_DEVICES))
  }

  #stranger(): number {
    return strangerAddress(this.#below(STRANGERS))
  }

  #below(limit: number): number {
    return Math.floor(this.random() * limit)
  }
}
