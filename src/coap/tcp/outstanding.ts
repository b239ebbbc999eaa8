// Our requests on one connection that wait for their answers, matched by token (RFC 7252 §5.3.2).
import type { Random } from "../../clock"
import { type Content, readUint } from "../option"
import { encodeFrame } from "./frame"

const TOKEN_BYTES = 4

export interface Waiting {
  /** The request as it goes on the wire. */
  readonly bytes: Uint8Array
  readonly reject: (reason: unknown) => void
}

export class Outstanding {
  readonly #byToken = new Map<number, Waiting & { readonly resolve: (reply: Content) => void }>()
  #nextToken: number

  /** @param onSettled is told of each request that no longer waits, whatever the reason */
  constructor(
    random: Random,
    private readonly onSettled: () => void,
  ) {
    this.#nextToken = Math.floor(random() * 0x1_0000_0000)
  }

  get size(): number {
    return this.#byToken.size
  }

  /** Gives the request a token that no other has and calls `send`. Rejects with the signal's reason, or as told. */
  add(request: Content, signal: AbortSignal | undefined, send: (waiting: Waiting) => void): Promise<Content> {
    const { promise, resolve, reject } = Promise.withResolvers<Content>()
    const token = this.#freeToken()
    const settled = () => {
      this.#byToken.delete(token)
      signal?.removeEventListener("abort", giveUp)
      this.onSettled()
    }
    const giveUp = () => {
      reject(signal?.reason)
      settled()
    }
    const waiting = {
      bytes: encodeFrame({ ...request, token: tokenBytes(token) }),
      resolve(reply: Content) {
        resolve(reply)
        settled()
      },
      reject(reason: unknown) {
        reject(reason)
        settled()
      },
    }
    this.#byToken.set(token, waiting)
    if (signal?.aborted) giveUp()
    else {
      signal?.addEventListener("abort", giveUp, { once: true })
      send(waiting)
    }
    return promise
  }

  /** An answer to nothing that waits is ignored (RFC 8323 has no Reset). */
  resolve(token: Uint8Array, reply: Content): void {
    this.#find(token)?.resolve(reply)
  }

  /** The answer came, and is of no use. */
  reject(token: Uint8Array, reason: Error): void {
    this.#find(token)?.reject(reason)
  }

  /** All that wait now, in the order in which they were made. */
  all(): Waiting[] {
    return [...this.#byToken.values()]
  }

  #find(token: Uint8Array) {
    return token.length === TOKEN_BYTES ? this.#byToken.get(readUint(token) ?? -1) : undefined
  }

  #freeToken(): number {
    while (this.#byToken.has(this.#nextToken)) this.#nextToken = (this.#nextToken + 1) >>> 0
    const token = this.#nextToken
    this.#nextToken = (token + 1) >>> 0
    return token
  }
}

function tokenBytes(token: number): Uint8Array {
  const bytes = new Uint8Array(TOKEN_BYTES)
  new DataView(bytes.buffer).setUint32(0, token)
  return bytes
}
