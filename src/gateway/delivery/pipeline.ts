// The surveys on their way to the cloud: as many at a time as the window holds; what the cloud said of them comes out.
import { asksForLater, Code, codeClass, isAcknowledgement } from "../../coap/code"
import type { Reply } from "../../coap/udp/exchange"
import type { Day } from "../../survey/calendar"
import type { Delivery, Spool } from "../spool/spool"
import type { Collections } from "./collections"
import { asksToWait, type CloudRequests } from "./requests"

/** What the cloud said of one survey. */
export interface Outcome {
  /** `postponed` for long; `failed`: neither taken nor refused, so that it has to be sent again. */
  readonly kind: "delivered" | "refused" | "postponed" | "failed"
  readonly delivery: Delivery
  readonly reply: Reply
}

const PAGE = 64 // surveys that are read from the spool at a time, whole
const MAX_REQUESTS = 4096 // in flight: while the cloud commits some, others come to it
const MAX_BYTES = 4 * 1024 * 1024 // of surveys in flight

export class Pipeline {
  #inFlight = 0
  #bytesInFlight = 0
  #outcomes: Outcome[] = []
  #failure: unknown
  #wake = () => {}

  constructor(
    private readonly spool: Spool,
    private readonly collections: Collections,
    private readonly requests: CloudRequests,
  ) {}

  /**
   * Delivers what is due of this day and of those before it, and yields what the cloud says, many at a time; meanwhile
   * others are under way. Throws the connection's error behind the last that it said.
   * @param run what the cloud refused or put off on this one is passed over
   */
  async *deliver(upTo: Day, run: number): AsyncGenerator<readonly Outcome[]> {
    await this.spool.settle()
    for (const delivery of this.#due(upTo, run)) {
      if (this.#isFull) yield this.#until(() => this.#isHalfEmpty)
      if (this.#failure !== undefined) break
      if (!this.collections.isOpen(delivery.day)) await this.collections.reopen(delivery.day)
      this.#send(delivery)
    }
    yield this.#until(() => this.#inFlight === 0)
    if (this.#failure !== undefined) throw this.#failure
  }

  *#due(upTo: Day, run: number): Generator<Delivery> {
    let page: Delivery[] = []
    do {
      page = this.spool.due(upTo, run, PAGE, page.at(-1))
      yield* page
    } while (page.length > 0)
  }

  get #isFull(): boolean {
    return this.#inFlight >= MAX_REQUESTS || this.#bytesInFlight >= MAX_BYTES
  }

  /**
   * Those that leave together share system calls, here and at the cloud its commit. Those that it has said something of
   * share a mark: what a crash leaves unmarked is delivered once more, and known.
   */
  get #isHalfEmpty(): boolean {
    return this.#inFlight <= MAX_REQUESTS / 2 && this.#bytesInFlight <= MAX_BYTES / 2
  }

  /** All that the cloud has said until then. */
  async #until(condition: () => boolean): Promise<readonly Outcome[]> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = () => {
      if (condition()) resolve()
    }
    this.#wake()
    await promise
    const outcomes = this.#outcomes
    this.#outcomes = []
    return outcomes
  }

  #send(delivery: Delivery): void {
    const bytes = delivery.body.length
    this.#inFlight++
    this.#bytesInFlight += bytes
    const settled = () => {
      this.#inFlight--
      this.#bytesInFlight -= bytes
      this.#wake()
    }
    this.requests.deliver(delivery).then(
      (reply) => {
        this.#outcomes.push({ kind: kindOf(reply), delivery, reply })
        settled()
      },
      (error) => {
        this.#failure ??= error
        settled()
      },
    )
  }
}

function kindOf(reply: Reply): Outcome["kind"] {
  if (isAcknowledgement(reply.code)) return "delivered"
  if (asksForLater(reply.code)) return asksToWait(reply) ? "postponed" : "failed"
  // 4.08 only asks to begin again
  return codeClass(reply.code) === 4 && reply.code !== Code.RequestEntityIncomplete ? "refused" : "failed"
}
