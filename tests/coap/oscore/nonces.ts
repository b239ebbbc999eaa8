// Whoever knows the keys and listens: which key and nonce each message on the wire was sealed with, and whether one came twice.
import type { Content } from "../../../src/coap/option"
import { readBytes } from "../../../src/coap/oscore/cbor"
import { type Context, deriveContext, nonceOf } from "../../../src/coap/oscore/context"
import { objectOf } from "../../../src/coap/oscore/message"

export interface Ends {
  readonly masterSecret: Uint8Array
  readonly client: Uint8Array
  readonly server: Uint8Array
}

export class NonceBook {
  /** What was sealed with this key and nonce. */
  readonly #sealed = new Map<string, string>()
  readonly reused: string[] = []

  constructor(private readonly ends: Ends) {}

  get size(): number {
    return this.#sealed.size
  }

  /** A request, and its answer where one came. */
  hear(request: Content, response?: Content): void {
    const asked = objectOf(request)
    if (!asked || asked === "none" || !asked.partialIv || !asked.kid) return
    const idContext = asked.kidContext && readBytes(asked.kidContext)
    const context = this.#contextOf(idContext)
    this.#note("request", context.recipientKey, nonceOf(context, asked.kid, asked.partialIv), request)
    const answered = response && objectOf(response)
    if (!response || !answered || answered === "none") return
    const random = answered.kidContext && readBytes(answered.kidContext)
    const own = random ? this.#contextOf(Uint8Array.of(...random, ...(idContext ?? []))) : context
    const nonce = answered.partialIv
      ? nonceOf(own, this.ends.server, answered.partialIv)
      : nonceOf(own, asked.kid, asked.partialIv)
    this.#note("answer", own.senderKey, nonce, response)
  }

  /** As the server has it. */
  #contextOf(idContext: Uint8Array | undefined): Context {
    const { masterSecret, client, server } = this.ends
    return deriveContext({ masterSecret, idContext, senderId: server, recipientId: client })
  }

  #note(what: string, key: Uint8Array, nonce: Uint8Array, { payload }: Content): void {
    const both = `${Uint8Array.from(key).toHex()} ${nonce.toHex()}`
    const sealed = Uint8Array.from(payload).toHex()
    const before = this.#sealed.get(both)
    if (before !== undefined && before !== sealed) this.reused.push(`${what} ${both}`)
    this.#sealed.set(both, sealed)
  }
}
