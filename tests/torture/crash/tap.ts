// Listens in on the leg to the cloud: what was acknowledged and agreed there, and answers withheld for a while.
import { Code, formatCode, isSuccess } from "../../../src/coap/code"
import type { Sockets } from "../../../src/net/sockets"
import type { ConnectionHandler } from "../../../src/net/tcp"
import { Conversation, Line } from "./conversation"

/** A gateway's account of a day, and that the cloud found the same. */
export interface Agreed {
  readonly surveys: number
  readonly digest: string
}

const PATIENCE_MS = 5000

export class Tap {
  /** Surveys and collections that the cloud has acknowledged so far. */
  count = 0
  onAcknowledged: (count: number) => void = () => {}
  /** What was agreed last, by day. */
  readonly agreed = new Map<string, Agreed>()
  /** Other answers, and days on which the cloud's store differed: none of it belongs to a single crash. */
  readonly problems: string[] = []
  readonly #withheld = Promise.withResolvers<void>()
  readonly #released = Promise.withResolvers<void>()
  #withholding = false

  /** From now on the cloud's answers to surveys wait until `release()`, for some seconds at most. */
  withhold(): void {
    this.#withholding = true
  }

  /** Resolves when the first answer waits: the survey is stored, and its gateway does not know. */
  get withheld(): Promise<void> {
    return this.#withheld.promise
  }

  release(): void {
    this.#withholding = false
    this.#released.resolve()
  }

  /** The sockets of a cloud. */
  listening(sockets: Sockets): Sockets {
    return {
      ...sockets,
      listenTcp: (options) =>
        sockets.listenTcp({
          ...options,
          onConnection: (connection) => {
            const conversation = new Conversation(this.#take)
            const line = new Line(this.#waits)
            const handler = options.onConnection({
              remoteAddress: connection.remoteAddress,
              endpoint: connection.endpoint,
              get queuedBytes() {
                return connection.queuedBytes
              },
              write: (chunk) => line.pass(conversation.answers(chunk), () => connection.write(chunk)),
              close: () => line.pass(false, () => connection.close()),
              destroy: (error) => connection.destroy(error),
              pause: () => connection.pause(),
              resume: () => connection.resume(),
            })
            const data = (chunk: Uint8Array) => {
              conversation.requests(chunk)
              handler.data(chunk)
            }
            return { ...bound(handler), data, close: (error) => line.end(() => handler.close(error)) }
          },
        }),
    }
  }

  /** The sockets of a gateway. */
  connecting(sockets: Sockets): Sockets {
    return {
      ...sockets,
      connectTcp: (options) =>
        sockets.connectTcp({
          ...options,
          onConnection: (connection) => {
            const conversation = new Conversation(this.#take)
            const write = connection.write.bind(connection)
            connection.write = (chunk) => {
              conversation.requests(chunk)
              write(chunk)
            }
            const handler = options.onConnection(connection)
            const line = new Line(this.#waits)
            const data = (chunk: Uint8Array) => {
              const kept = new Uint8Array(chunk)
              line.pass(conversation.answers(kept), () => handler.data(kept))
            }
            return { ...bound(handler), data, close: (error) => line.end(() => handler.close(error)) }
          },
        }),
    }
  }

  readonly #waits = (released: () => void): boolean => {
    if (!this.#withholding) return false
    this.#withheld.resolve()
    const giveUp = setTimeout(() => this.release(), PATIENCE_MS)
    void this.#released.promise.then(() => {
      clearTimeout(giveUp)
      released()
    })
    return true
  }

  readonly #take = (code: number, [, , kind, ...rest]: readonly string[], body: string): void => {
    const what = `${kind} ${rest.join(" ")}`
    if (code === Code.Conflict)
      this.problems.push(`the cloud's store differed on ${what}: only the comparison showed it`)
    else if (!isSuccess(code)) this.problems.push(`the cloud answered ${formatCode(code)} to ${what}`)
    else {
      if (kind === "collections") this.agreed.set(rest[0] ?? "", JSON.parse(body))
      this.onAcknowledged(++this.count)
    }
  }
}

/** The optional methods; a connection whose handler lacks one has a default for it. */
function bound(handler: ConnectionHandler): Omit<ConnectionHandler, "data" | "close"> {
  const { end, drained } = handler
  return { ...(end && { end: () => end.call(handler) }), ...(drained && { drained: () => drained.call(handler) }) }
}
