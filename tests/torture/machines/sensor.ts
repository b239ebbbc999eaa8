// Sensors that send by themselves, over CoAP or in plain text, until they are acknowledged or refused.
import { pause } from "../../../src/clock"
import { Code, codeClass, isAcknowledgement } from "../../../src/coap/code"
import { OptionNumber, textOption } from "../../../src/coap/option"
import { Endpoint } from "../../../src/coap/udp/exchange"
import type { Day } from "../../../src/survey/calendar"
import { MINUTE_MS } from "../network/chance"
import type { Lan } from "../network/datagrams"
import type { Life } from "../network/life"
import { GATEWAY } from "./declaration"

export interface Message {
  /** The device that it speaks for. */
  readonly ip: string
  readonly day: Day
  readonly text: string
}

const TRANSMISSION = { ackTimeoutMs: 2000, maxRetransmit: 2 }
const AGAIN_MS = 20 * MINUTE_MS
const TRIES = 150 // two days
const ANSWER_MS = 5000

/** One who speaks CoAP from an address of its own. */
export class Speaker {
  constructor(
    private readonly life: Life,
    private readonly lan: Lan,
    private readonly address: string,
  ) {}

  /** The answer's code; undefined where there is none. */
  async put(path: readonly string[], text: string): Promise<number | undefined> {
    const { life, lan, address } = this
    const socket = lan.open(life, {
      address,
      port: 0,
      onDatagram: (datagram, from) => endpoint.receive(datagram, from),
    })
    const send = (datagram: Uint8Array, to: typeof GATEWAY) => socket.send(datagram, to)
    const endpoint = new Endpoint({
      send,
      clock: life,
      random: life.random,
      transmission: TRANSMISSION,
    })
    const options = path.map((segment) => textOption(OptionNumber.UriPath, segment))
    try {
      const { code } = await endpoint.request(GATEWAY, {
        code: Code.Put,
        options,
        payload: Buffer.from(text),
      })
      return code
    } catch {
      return undefined // it was not answered
    } finally {
      endpoint.stop()
      socket.close()
    }
  }

  /** The answer to a datagram of plain text; undefined where there is none. */
  async say(text: string): Promise<string | undefined> {
    const answered = Promise.withResolvers<string | undefined>()
    const onDatagram = (datagram: Uint8Array) => answered.resolve(Buffer.from(datagram).toString())
    const socket = this.lan.open(this.life, {
      address: this.address,
      port: 0,
      onDatagram,
    })
    socket.send(Buffer.from(text), GATEWAY)
    this.life.after(ANSWER_MS, () => answered.resolve(undefined))
    const answer = await answered.promise
    socket.close()
    return answer
  }
}

/** Puts a survey until the gateway acknowledges it; false when it is refused, or nobody took it for days. */
export async function sendUntilTaken(speaker: Speaker, life: Life, { ip, day, text }: Message): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const code = await speaker.put(["surveys", ip, day], text)
    if (code !== undefined && isAcknowledgement(code)) return true
    if (code !== undefined && codeClass(code) === 4) return false
    await pause(life, AGAIN_MS)
  }
  return false
}
