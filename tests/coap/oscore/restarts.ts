// A device, a gateway and somebody in between, over any number of restarts, losses and repetitions (RFC 8613 Appendix B). What
// must hold: no nonce is used twice, no request is taken twice or by a later start, and whoever has the key gets through.
import { type Content, findOption, OptionNumber } from "../../../src/coap/option"
import type { RandomBytes } from "../../../src/coap/oscore/challenges"
import type { OscoreClient } from "../../../src/coap/oscore/client"
import { deriveContext } from "../../../src/coap/oscore/context"
import { GATEWAY_ID, idOf } from "../../../src/coap/oscore/identity"
import { objectOf, openResponse, protectRequest } from "../../../src/coap/oscore/message"
import { OwnNumbers } from "../../../src/coap/oscore/numbers"
import type { OscoreServer } from "../../../src/coap/oscore/server"
import { TOMATOES } from "../../fixtures"
import { seededRandom } from "../../virtual-clock"
import { Asked, clientOf, GATEWAY, MASTER_SECRET, seeded, serverOf, survey, Wire } from "./ends"

/** What a planted fault changes. */
export interface Faults {
  /** Of a device's start, and of a gateway's: other ones each time. */
  readonly deviceBytes?: (start: number) => RandomBytes
  readonly gatewayBytes?: (start: number) => RandomBytes
  /** The gateway's own numbers begin at 0 with each start. */
  readonly numbersForgotten?: boolean
}

export interface Outcome {
  readonly reused: readonly string[]
  /** Bodies that the handler got once more, or from before the gateway's start. */
  readonly repeated: readonly string[]
  readonly isStuck: boolean
  readonly taken: number
}

const STEPS = 120
const LOST = new Error("lost")
const A_RESTART_MS = 1000

const fixed = deriveContext({ masterSecret: MASTER_SECRET, senderId: idOf(TOMATOES), recipientId: GATEWAY_ID })

class Story {
  readonly #random: () => number
  readonly #asked = new Asked()
  readonly #wire: Wire
  readonly #repeated: string[] = []
  readonly #seen = new Set<string>()
  /** In which start of the gateway each body was sent. */
  readonly #sentIn = new Map<string, number>()
  #client: OscoreClient
  #starts = { device: 0, gateway: 0 }
  #now = Date.UTC(2026, 10, 23)
  #reserved: number | undefined
  #bodies = 0
  #sequenceNumber = 0
  #echo: Uint8Array | undefined

  constructor(
    private readonly seed: number,
    private readonly faults: Faults,
  ) {
    this.#random = seededRandom(seed)
    this.#wire = new Wire(this.#startGateway())
    this.#client = this.#startDevice()
    const { answer } = this.#asked
    this.#asked.answer = (request) => {
      const body = new TextDecoder().decode(request.payload)
      if (this.#seen.has(body) || this.#sentIn.get(body) !== this.#starts.gateway) this.#repeated.push(body)
      this.#seen.add(body)
      return answer(request)
    }
  }

  async tell(): Promise<Outcome> {
    for (let step = 0; step < STEPS; step++) await this.#step()
    this.#wire.onTheWay = (message) => message
    const isStuck = await this.#client.request(GATEWAY, this.#next()).then(
      () => false,
      () => true,
    )
    return { reused: this.#wire.book.reused, repeated: this.#repeated, isStuck, taken: this.#seen.size }
  }

  async #step(): Promise<void> {
    const dice = this.#random()
    this.#wire.onTheWay = (message) => {
      if (this.#random() < 0.2) throw LOST
      return message
    }
    if (dice < 0.4) await this.#lossy(() => this.#client.request(GATEWAY, this.#next()))
    else if (dice < 0.6) await this.#lossy(() => this.#sendFixed())
    else if (dice < 0.7) this.#client = this.#startDevice()
    else if (dice < 0.78) this.#wire.server = this.#startGateway()
    else await this.#repeat()
  }

  async #lossy(exchange: () => Promise<unknown>): Promise<void> {
    await exchange().catch((error) => {
      if (error !== LOST) throw error
    })
  }

  /** Of a sensor that keeps its number. */
  async #sendFixed(): Promise<void> {
    const content = this.#next()
    const echo = this.#echo ? [{ number: OptionNumber.Echo, value: this.#echo }] : []
    const options = [...content.options, ...echo]
    const { message, binding } = protectRequest(fixed, this.#sequenceNumber++, { ...content, options })
    const response = await this.#wire.request(GATEWAY, message)
    const object = objectOf(response)
    if (!object || object === "none") return
    const answer = openResponse(fixed, binding, object, response)
    this.#echo = answer && findOption(answer.options, OptionNumber.Echo)?.value
  }

  /** Somebody sends what went by before, as it is. */
  async #repeat(): Promise<void> {
    const { messages } = this.#wire
    const { request } = messages[Math.floor(this.#random() * messages.length)] ?? {}
    if (request) await this.#wire.deliver(request)
  }

  #next(): Content {
    const body = `${this.#bodies++}`
    this.#sentIn.set(body, this.#starts.gateway)
    return survey(body)
  }

  #startDevice(): OscoreClient {
    const { deviceBytes = (start) => seeded(this.seed * 1000 + start) } = this.faults
    return clientOf(this.#wire, MASTER_SECRET, deviceBytes(this.#starts.device++))
  }

  #startGateway(): OscoreServer {
    const { gatewayBytes = (start) => seeded(this.seed * 1000 + 500 + start), numbersForgotten } = this.faults
    this.#now += numbersForgotten ? 0 : A_RESTART_MS
    // of the file and the clock one may fail: a file that was lost, or restored
    if (numbersForgotten || this.#random() < 0.3) this.#reserved = undefined
    const reserve = (upTo: number) => {
      this.#reserved = upTo
      return true
    }
    const numbers = new OwnNumbers({ reserved: this.#reserved, now: this.#now, reserve })
    const randomBytes = gatewayBytes(++this.#starts.gateway)
    return serverOf(this.#asked, { randomBytes, ownNumber: () => numbers.take() })
  }
}

export const tellStory = (seed: number, faults: Faults = {}): Promise<Outcome> => new Story(seed, faults).tell()
