// A gateway that speaks OSCORE and devices that do, with nothing but a test between them.
import { Code } from "../../../src/coap/code"
import { type Content, NO_BYTES, OptionNumber, textOption } from "../../../src/coap/option"
import type { RandomBytes } from "../../../src/coap/oscore/challenges"
import { type Exchange, OscoreClient } from "../../../src/coap/oscore/client"
import { type DeviceKeys, GATEWAY_ID, idOf } from "../../../src/coap/oscore/identity"
import { OscoreServer, type OscoreServerOptions } from "../../../src/coap/oscore/server"
import { type Handler, type Request, type Response, say } from "../../../src/coap/resource"
import { TOMATOES } from "../../fixtures"
import { NonceBook } from "./nonces"

export const MASTER_SECRET = Uint8Array.fromHex("0102030405060708090a0b0c0d0e0f10")
export const GATEWAY = { address: "127.0.0.1", port: 5683 }

/** Random bytes of a seed; no test is to depend on them. */
export function seeded(seed: number): RandomBytes {
  let state = seed >>> 0
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state >>> 24
    })
}

export const keysOf = (masterSecret: Uint8Array = MASTER_SECRET, epoch = 1): DeviceKeys => ({
  epochOf: (address) => (address === TOMATOES ? epoch : undefined),
  secretOf: () => masterSecret,
})

/** What the handler was asked, in its order. */
export class Asked {
  readonly requests: Request[] = []
  answer: (request: Request) => Response = () => say(Code.Changed, "Survey arrived")

  readonly handler: Handler = (request) => {
    this.requests.push(request)
    return this.answer(request)
  }

  get bodies(): string[] {
    return this.requests.map(({ payload }) => new TextDecoder().decode(payload))
  }
}

export function serverOf(asked: Asked, options: Partial<OscoreServerOptions> = {}): OscoreServer {
  let number = 0
  const { keys = keysOf(), randomBytes = seeded(1), ownNumber = () => number++ } = options
  return new OscoreServer({ ...options, keys, randomBytes, ownNumber, handler: asked.handler })
}

/** Hands messages over, writes them down, and knows which nonces were used. */
export class Wire implements Exchange {
  readonly book: NonceBook
  readonly messages: { readonly request: Content; readonly response: Content }[] = []
  /** May change what goes to and fro. */
  onTheWay: (message: Content, isRequest: boolean) => Content = (message) => message

  constructor(
    public server: OscoreServer,
    masterSecret: Uint8Array = MASTER_SECRET,
  ) {
    this.book = new NonceBook({ masterSecret, client: idOf(TOMATOES), server: GATEWAY_ID })
  }

  async request(_peer: unknown, message: Content): Promise<Content> {
    const request = this.onTheWay(message, true)
    const response = await this.deliver(request)
    return this.onTheWay(response, false)
  }

  /** As it is, also a second time. */
  async deliver(request: Content): Promise<Content> {
    const { code, options = [], payload = NO_BYTES } = await this.server.handle(arriving(request))
    const response = { code, options, payload }
    this.messages.push({ request, response })
    this.book.hear(request, response)
    return response
  }
}

export const arriving = (content: Content, address = "127.168.1.2"): Request => ({
  ...content,
  address,
  endpoint: `${address}:50000`,
  arrivedAt: 0,
  sizeBytes: 60 + content.payload.length,
})

export const clientOf = (exchange: Exchange, masterSecret = MASTER_SECRET, randomBytes = seeded(2)): OscoreClient =>
  new OscoreClient({ exchange, masterSecret, senderId: idOf(TOMATOES), recipientId: GATEWAY_ID, randomBytes })

export const survey = (text: string): Content => ({
  code: Code.Put,
  options: [textOption(OptionNumber.UriPath, "surveys"), textOption(OptionNumber.UriPath, "192.168.1.2")],
  payload: new TextEncoder().encode(text),
})
