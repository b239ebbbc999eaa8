// The client's side of OSCORE (RFC 8613 §8.1, §8.4): requests in, answers that verified out. It derives its context anew with
// the server (Appendix B.2) and answers Echo (RFC 9175). What it counts lives as long as it does and is never needed again. No sockets.
import type { Peer } from "../../net/udp"
import { Code } from "../code"
import { type Content, findOption, MessageFormatError, OptionNumber } from "../option"
import { reasonOf } from "../resource"
import { bytes as byteString, concat, readBytes } from "./cbor"
import type { RandomBytes } from "./challenges"
import type { CoseObject } from "./compression"
import { type Context, deriveContext, LAST_SEQUENCE_NUMBER } from "./context"
import { type Binding, objectOf, openResponse, protectRequest } from "./message"

/** One exchange, as `Endpoint.request()` does it. */
export interface Exchange {
  request(peer: Peer, request: Content, signal?: AbortSignal): Promise<Content>
}

/** An answer that is not protected as it should be. Anybody may have sent it: it is a hint, and promises nothing. */
export class UnprovenAnswer extends Error {
  override name = "UnprovenAnswer"
}

export interface OscoreClientOptions {
  readonly exchange: Exchange
  readonly masterSecret: Uint8Array
  /** Ours. */
  readonly senderId: Uint8Array
  /** The server's. */
  readonly recipientId: Uint8Array
  readonly randomBytes: RandomBytes
  /** Requests that one context is good for; there are no more numbers than 2^40. */
  readonly mostRequests?: number
}

const RANDOM_BYTES = 8 // R1 and R3, Appendix B.2
const LEAST_RANDOM_BYTES = 8 // R2
const LONGEST_ID_CONTEXT = 128 // of ours with a server's bytes before it
const MOST_TRIES = 4 // a new context and an Echo, each perhaps once more

/** A context of ours and how often it was used. */
interface Used {
  readonly context: Context
  next: number
}

export class OscoreClient implements Exchange {
  #used: Used | undefined
  #echo: Uint8Array | undefined

  constructor(private readonly options: OscoreClientOptions) {}

  /**
   * Sends a request and resolves with what the server said, which is certain to be its word on this very request. Where
   * there is no context yet it costs one exchange more. Rejects with UnprovenAnswer and whatever the exchange rejects with.
   */
  async request(peer: Peer, request: Content, signal?: AbortSignal): Promise<Content> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const used = this.#current()
      const { context } = used
      const { message, binding } = protectRequest(context, used.next++, this.#echoed(request), kidContextOf(context))
      const reply = await this.options.exchange.request(peer, message, signal)
      const object = objectOf(reply)
      if (object === undefined || object === "none") throw new UnprovenAnswer(hintOf(reply, object === "none"))
      const answer = object.kidContext
        ? this.#renew(context, binding, object, reply)
        : open(context, binding, object, reply)
      if (answer === "renewed") continue
      const echo = findOption(answer.options, OptionNumber.Echo)
      this.#echo = echo?.value
      if (answer.code !== Code.Unauthorized || !echo) return answer
    }
    throw new UnprovenAnswer("the gateway asks for one proof after another")
  }

  /** A sequence number is never used twice: a context that has none left is given up, and one of a former start is not there. */
  #current(): Used {
    const { mostRequests = LAST_SEQUENCE_NUMBER + 1, randomBytes } = this.options
    const used = this.#used
    return used && used.next < mostRequests ? used : this.#begin(randomBytes(RANDOM_BYTES))
  }

  #begin(idContext: Uint8Array): Used {
    this.#echo = undefined // it belongs to the context in which it came (RFC 9175 §2.3)
    this.#used = { context: this.#derive(idContext), next: 0 }
    return this.#used
  }

  #derive(idContext: Uint8Array): Context {
    const { masterSecret, senderId, recipientId } = this.options
    return deriveContext({ masterSecret, idContext, senderId, recipientId })
  }

  /** Steps 3 of Appendix B.2: the server has no such context. If that is its word, the next one is made of its bytes and ours. */
  #renew(context: Context, binding: Binding, object: CoseObject, reply: Content): "renewed" {
    const random = object.kidContext && readBytes(object.kidContext)
    const ours = context.idContext ?? new Uint8Array()
    if (!random || random.length < LEAST_RANDOM_BYTES || random.length + ours.length > LONGEST_ID_CONTEXT)
      throw new UnprovenAnswer("an answer proposes no context that could be")
    open(this.#derive(concat(random, ours)), binding, object, reply)
    this.#begin(concat(random, this.options.randomBytes(RANDOM_BYTES)))
    return "renewed"
  }

  #echoed(request: Content): Content {
    if (!this.#echo) return request
    return { ...request, options: [...request.options, { number: OptionNumber.Echo, value: this.#echo }] }
  }
}

/** With every request: a server that has lost its contexts can say so at once. */
const kidContextOf = ({ idContext }: Context): Uint8Array | undefined => idContext && byteString(idContext)

function open(context: Context, binding: Binding, object: CoseObject, reply: Content): Content {
  try {
    const answer = openResponse(context, binding, object, reply)
    if (answer) return answer
  } catch (cause) {
    if (!(cause instanceof MessageFormatError)) throw cause
    throw new UnprovenAnswer("what is in the answer is no message", { cause })
  }
  throw new UnprovenAnswer("the answer is not protected with this device's key")
}

function hintOf(reply: Content, isPlain: boolean): string {
  return isPlain ? `somebody answered without this device's key: ${reasonOf(reply)}` : "the answer fails to decode"
}
