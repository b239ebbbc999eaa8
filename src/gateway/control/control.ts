// Answers what people ask of a running gateway, one request after the other.
import { errorText } from "../../format"
import type { Log } from "../../log"
import type { Sockets } from "../../net/sockets"
import type { UnixAnswer, UnixListener } from "../../net/unix"
import { StorageRefused } from "../../storage/errors"
import { TopologyError } from "../../topology/yaml/problem"
import { refusedText } from "./carry-out"
import { type ControlRequest, readRequest } from "./request"
import { makeFolder, socketOf } from "./socket"

export interface ControlOptions {
  /** The file that the gateway holds the lock of. */
  readonly spool: string
  readonly sockets: Pick<Sockets, "listenUnix">
  readonly log: Pick<Log, "warn" | "error">
  /** Resolves with what was done, in words. */
  readonly carryOut: (request: ControlRequest) => Promise<string>
}

const OWNER_AND_GROUP = 0o660

export class Control {
  #listener: UnixListener | undefined
  #last: Promise<unknown> = Promise.resolve()
  #isStopping = false

  constructor(private readonly options: ControlOptions) {}

  /** A gateway that cannot be asked does its work all the same. */
  start(): void {
    const { spool, sockets, log } = this.options
    const place = socketOf(spool)
    const { path } = place
    try {
      makeFolder(place, spool)
      this.#listener = sockets.listenUnix({ path, mode: OWNER_AND_GROUP, answer: (text) => this.#answer(text) })
    } catch (error) {
      const why = errorText(error)
      log.warn(`Nobody can ask anything of this gateway while it runs: there is no socket at ${path}, ${why}`)
    }
  }

  /** Resolves when what is under way is answered; what waits behind it is not done. May be called twice. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#listener?.stop()
  }

  #answer(text: string): Promise<UnixAnswer> {
    const answer = this.#last.then(() => this.#perform(text))
    this.#last = answer
    return answer
  }

  async #perform(text: string): Promise<UnixAnswer> {
    if (this.#isStopping) return { status: 503, text: "The gateway is stopping: ask again" }
    const request = readRequest(text)
    if (!request) return { status: 400, text: "This is no request that the gateway knows" }
    try {
      return { status: 200, text: await this.options.carryOut(request) }
    } catch (error) {
      return this.#refuse(request, error)
    }
  }

  #refuse({ ask }: ControlRequest, error: unknown): UnixAnswer {
    if (error instanceof StorageRefused) return { status: 503, text: refusedText(error) }
    if (error instanceof TopologyError) return { status: 422, text: error.message.split("\n", 1).join() }
    this.options.log.error(`What was asked for could not be done, ${ask}: ${error}`)
    return { status: 500, text: `The gateway could not do it: ${error}` }
  }
}
