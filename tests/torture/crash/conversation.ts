// One connection between gateway and cloud as a listener hears it: requests and their answers, in their order.
import { Code, isRequest } from "../../../src/coap/code"
import { OptionNumber, textsOf } from "../../../src/coap/option"
import { FrameReader, type ReceivedFrame } from "../../../src/coap/tcp/frame"

const LARGEST_BYTES = 1024 * 1024

/** One connection, both directions. */
export class Conversation {
  readonly #requests = new FrameReader(LARGEST_BYTES)
  readonly #answers = new FrameReader(LARGEST_BYTES)
  readonly #asked = new Map<string, { readonly path: readonly string[]; readonly body: string }>()

  /** @param take told of every answer to a survey or a collection: its code, and the request's path and body */
  constructor(private readonly take: (code: number, path: readonly string[], body: string) => void) {}

  requests(chunk: Uint8Array): void {
    for (const frame of this.#requests.push(chunk)) {
      if (!isRequest(frame.code)) continue
      const path = textsOf(frame.options, OptionNumber.UriPath)
      this.#asked.set(tokenOf(frame), { path, body: Buffer.from(frame.payload).toString() })
    }
  }

  /** Whether a survey's or a collection's answer is among them. */
  answers(chunk: Uint8Array): boolean {
    let found = false
    for (const frame of this.#answers.push(chunk)) {
      const asked = this.#asked.get(tokenOf(frame))
      if (asked?.path[2] === undefined || frame.code === Code.Continue) continue
      found = true
      this.take(frame.code, asked.path, asked.body)
    }
    return found
  }
}

const tokenOf = ({ token }: ReceivedFrame): string => Buffer.from(token).toString("hex")

/** What goes to a gateway, in its order: from the first withheld answer on it waits. */
export class Line {
  #waiting: (() => void)[] | undefined

  /** @param waits whether an answer is to wait now; it then calls back once, when that may go */
  constructor(private readonly waits: (released: () => void) => boolean) {}

  pass(hasAnswer: boolean, action: () => void): void {
    if (hasAnswer && !this.#waiting && this.waits(() => this.#go())) this.#waiting = []
    if (this.#waiting) this.#waiting.push(action)
    else action()
  }

  /** The connection is over: what still waits was lost on the way. */
  end(action: () => void): void {
    this.#waiting = undefined
    action()
  }

  #go(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    for (const action of waiting ?? []) action()
  }
}
