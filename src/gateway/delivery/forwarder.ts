// Delivers the spool to the cloud: surveys pipelined, then the collections, again and again until the cloud agrees.
import { backoff, pause, type Random } from "../../clock"
import { Code, isAcknowledgement } from "../../coap/code"
import { reasonOf, textOf } from "../../coap/resource"
import type { Reply } from "../../coap/udp/exchange"
import type { Day } from "../../survey/calendar"
import { PROTOCOL } from "../../survey/protocol"
import type { Forwarded, GatewayEvent } from "../events"
import type { Collection } from "../ledger/ledger"
import type { Delivery } from "../spool/spool"
import { Collections, type CollectionsOptions, type Comparison } from "./collections"
import type { CloudConnection } from "./connection"
import { type Outcome, Pipeline } from "./pipeline"
import { CloudRequests, refusal } from "./requests"

export interface ForwarderOptions extends CollectionsOptions {
  readonly site: string
  /** What PUT /sites/<site> tells beside the protocol: the spool, its time zone, its devices. */
  readonly siteInfo: () => object
  /** It ends by itself when the signal aborts. */
  readonly connect: (signal: AbortSignal) => Promise<CloudConnection>
  readonly random: Random
  readonly emit: (event: GatewayEvent) => void
}

const RETRIES = { firstMs: 1000, growth: 2, longestMs: 60_000 }
const MEANT_REFUSALS = 3 // of one survey on one run: damage on the way looks like a survey that is wrong

export class Forwarder {
  #running: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: ForwarderOptions) {}

  /**
   * Delivers what is due, one forwarding after the other, and tries until it is done.
   * @param run the day whose collection has been closed: with it every day that is kept is compared, without it
   *   only those that changed or that the cloud never confirmed
   * @throws the signal's reason when it aborts first: the rest stays in the spool
   */
  forward(run: Day | undefined, signal: AbortSignal): Promise<Forwarded> {
    const turn = unlessAborted(this.#running, signal).then(() => this.#untilDone(run !== undefined, signal))
    // without what became of them: each would hold the one before it
    this.#running = Promise.allSettled([this.#running, turn]).then(() => {})
    return turn
  }

  async #untilDone(isRun: boolean, signal: AbortSignal): Promise<Forwarded> {
    const { clock, random, spool, emit } = this.options
    const forwarding = new Forwarding(this.options, isRun)
    const nextPauseMs = backoff(RETRIES, random)
    for (;;) {
      signal.throwIfAborted()
      try {
        await spool.settle() // also where the cloud is away for weeks: in memory it stands for one day's uploads only
        return await forwarding.attempt(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof Error)) throw error
        const pauseMs = nextPauseMs()
        emit({ kind: "not-delivered", error, againInMs: pauseMs })
        await pause(clock, pauseMs, signal)
      }
    }
  }
}

/** What earlier attempts brought is counted and not repeated. */
class Forwarding {
  readonly #collections: Collections
  /** How often the cloud has refused what, by day, address and revision. */
  readonly #refusals = new Map<string, number>()
  readonly #counts = { surveys: 0, readings: 0, bytes: 0, refused: 0 }
  readonly #startedAt: number
  #isDelivered = false

  constructor(
    private readonly options: ForwarderOptions,
    private readonly isRun: boolean,
  ) {
    this.#collections = new Collections(options, isRun)
    this.#startedAt = options.clock.monotonic()
  }

  async attempt(signal: AbortSignal): Promise<Forwarded> {
    const { connect, site } = this.options
    const connection = await connect(signal)
    try {
      const requests = new CloudRequests(connection, site)
      await this.#describeSite(requests)
      await this.#tellDropped(requests)
      await this.#deliverDue(requests)
      this.#tellDelivered()
      const differing = await this.#closeCollections(requests)
      await connection.release()
      return this.#result(differing)
    } finally {
      connection.destroy()
    }
  }

  async #describeSite(requests: CloudRequests): Promise<void> {
    const reply = await requests.describe({ protocol: PROTOCOL, ...this.options.siteInfo() })
    if (!isAcknowledgement(reply.code)) throw refusal("the site", reply)
  }

  /** What a person dropped here the cloud drops too; on a run it hears of all, as its store may be one of before. */
  async #tellDropped(requests: CloudRequests): Promise<void> {
    const { spool } = this.options
    for (const tombstone of this.isRun && !this.#isDelivered ? spool.dropped() : spool.untold()) {
      const { day, revision, told } = tombstone
      const reply = await requests.drop(tombstone)
      if (reply.code !== Code.Deleted) throw refusal(`to drop ${day}`, reply)
      // it tells up to which revision: what comes later has to be above that
      if (!told) await spool.markTold(tombstone, Number(textOf(reply)) || revision)
    }
  }

  /** Everything that is due goes to the cloud; what the cloud said of each revision is then marked. */
  async #deliverDue(requests: CloudRequests): Promise<void> {
    const { spool, ledger } = this.options
    const upTo = ledger.lastClosedDay
    if (!upTo) return
    const run = ledger.lastRun?.scheduledAt ?? 0
    const pipeline = new Pipeline(spool, this.#collections, requests)
    let again: Reply | undefined
    for await (const outcomes of pipeline.deliver(upTo, run)) {
      const { delivered = [], refused = [], postponed = [], failed = [] } = Object.groupBy(outcomes, this.#judge)
      if (delivered.length > 0) await spool.markDelivered(delivered.map(({ delivery }) => delivery))
      for (const { delivery } of delivered) this.#count(delivery)
      await Promise.all(refused.map(({ delivery, reply }) => spool.markRefused(delivery, run, reasonOf(reply))))
      this.#counts.refused += refused.length
      await Promise.all(postponed.map(({ delivery, reply }) => spool.markPostponed(delivery, run, reasonOf(reply))))
      again ??= failed[0]?.reply
    }
    if (again) throw refusal("a survey for now", again)
  }

  /** A refusal is believed when it was given so often: until then the survey is sent again. */
  readonly #judge = ({ kind, delivery: { day, address, revision } }: Outcome): Outcome["kind"] => {
    if (kind !== "refused") return kind
    const key = `${day} ${address} ${revision}`
    const refusals = (this.#refusals.get(key) ?? 0) + 1
    this.#refusals.set(key, refusals)
    return refusals >= MEANT_REFUSALS ? "refused" : "failed"
  }

  #count(delivery: Delivery): void {
    this.#collections.add(delivery)
    this.#counts.surveys++
    this.#counts.readings += delivery.readings
    this.#counts.bytes += Buffer.byteLength(delivery.body)
  }

  #tellDelivered(): void {
    if (this.#isDelivered) return
    this.#isDelivered = true
    if (this.isRun || this.#counts.surveys > 0) this.options.emit({ kind: "delivered", ...this.#result([]) })
  }

  /** Days on which the cloud differs to the end. What comes meanwhile is delivered, and its days are closed again. */
  async #closeCollections(requests: CloudRequests): Promise<Day[]> {
    const said = new Map<Day, Comparison>()
    for (let next = this.#collections.next(said); next; next = this.#collections.next(said)) {
      let comparison = await this.#closeCollection(requests, next)
      if (comparison === "differs") {
        await this.options.spool.redeliver(next.day)
        comparison = await this.#closeCollection(requests, next)
      }
      said.set(next.day, comparison)
    }
    return [...said].flatMap(([day, comparison]) => (comparison === "differs" ? [day] : []))
  }

  async #closeCollection(requests: CloudRequests, collection: Collection): Promise<Comparison> {
    await this.#deliverDue(requests)
    return this.#collections.close(collection, requests)
  }

  #result(differing: readonly Day[]): Forwarded {
    return { ...this.#counts, elapsedMs: this.options.clock.monotonic() - this.#startedAt, differing }
  }
}

/** The promise, or the signal's reason if that comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener("abort", abort, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort))
}
