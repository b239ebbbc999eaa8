// Delivers the spool to the cloud: surveys pipelined, then the collections, again and again until the cloud agrees.
import { backoff, type Clock, pause, type Random } from "../../clock"
import { LARGEST_BLOCK_BYTES, sendBlockwise } from "../../coap/block"
import { Code, isAcknowledgement } from "../../coap/code"
import { type Option, OptionNumber, textOption, uintOption } from "../../coap/option"
import { ContentFormat, textOf } from "../../coap/resource"
import type { Reply } from "../../coap/udp/exchange"
import type { Day } from "../../survey/calendar"
import { deliveryDigest } from "../../survey/digest"
import { PROTOCOL } from "../../survey/protocol"
import { type AddressRange, formatAddress, formatRange, formatRanges } from "../../topology/address"
import { joinRanges } from "../../topology/ranges"
import type { Collection, Ledger } from "../ledger/ledger"
import type { Delivery, Spool } from "../spool/spool"
import { asksToWait, Pipeline, refusal } from "./pipeline"
import { type Link, Watch } from "./watch"

/** What one forwarding brought to the cloud. */
export interface Forwarded {
  readonly surveys: number
  readonly readings: number
  readonly bytes: number
  readonly elapsedMs: number
  /** Surveys that the cloud refused on this run. */
  readonly refused: number
  /** Days on which the cloud's store differs although everything was delivered again. */
  readonly differing: readonly Day[]
}

export interface ForwarderOptions {
  readonly site: string
  /** What PUT /sites/<site> tells beside the protocol: the spool, its time zone, its devices. */
  readonly siteInfo: () => object
  /** What a collection tells of those that are not there or not taken. */
  readonly account: (collection: Collection) => CollectionAccount
  readonly connect: (signal: AbortSignal) => Promise<Link>
  readonly spool: Spool
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Random
  /** All due surveys are at the cloud; the collections follow. */
  readonly onDelivered?: (forwarded: Forwarded) => void
  /** An attempt failed and will be repeated. */
  readonly onRetry?: (error: Error, delayMs: number) => void
}

/** Addresses as ranges. */
export interface CollectionAccount {
  readonly missing: readonly string[]
  readonly stale: readonly string[]
  readonly refused: readonly string[]
  /** Address and reason, the first of them. */
  readonly reasons: readonly (readonly [string, string])[]
}

const RETRIES = { firstMs: 1000, growth: 2, longestMs: 60_000 }
const MEANT_REFUSALS = 3 // of one survey on one run: damage on the way looks like a survey that is wrong
const OPTIONS_ROOM_BYTES = 256 // what path, query and header of a delivery can take of a message

const NOTHING = new Uint8Array(0)

const encoder = new TextEncoder()

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
    const turn = unlessAborted(this.#running, signal).then(() => this.#untilDone(run, signal))
    // without what became of them: each would hold the one before it
    this.#running = Promise.allSettled([this.#running, turn]).then(() => {})
    return turn
  }

  async #untilDone(run: Day | undefined, signal: AbortSignal): Promise<Forwarded> {
    const { clock, random, onRetry } = this.options
    const attempt = new Attempt(this.options, run)
    const nextPauseMs = backoff(RETRIES, random)
    for (;;) {
      signal.throwIfAborted()
      try {
        return await attempt.make(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof Error)) throw error
        const pauseMs = nextPauseMs()
        onRetry?.(error, pauseMs)
        await pause(clock, pauseMs, signal)
      }
    }
  }
}

/** One forwarding; what earlier tries brought is counted and not repeated. */
class Attempt {
  /** Addresses by day, as ranges: a fleet's day is delivered in their order. */
  readonly #changed = new Map<Day, AddressRange[]>()
  readonly #reopening = new Map<Day, Promise<void>>()
  /** Days that the cloud has listed whole: of these, what changed. */
  readonly #listed = new Set<Day>()
  /** How often the cloud has refused what, by day, address and revision. */
  readonly #refusals = new Map<string, number>()
  #surveys = 0
  #readings = 0
  #bytes = 0
  #refused = 0
  readonly #startedAt: number
  #told = false

  constructor(
    private readonly options: ForwarderOptions,
    private readonly run: Day | undefined,
  ) {
    this.#startedAt = options.clock.monotonic()
  }

  async make(signal: AbortSignal): Promise<Forwarded> {
    const { clock, connect, onDelivered } = this.options
    const link = await connect(signal)
    const watch = new Watch(clock, link, signal)
    try {
      await this.#announce(watch)
      await this.#tellDropped(watch)
      await this.#deliverDue(watch)
      if (!this.#told && (this.run !== undefined || this.#surveys > 0)) onDelivered?.(this.#result([]))
      this.#told = true
      const differing = await this.#closeCollections(watch)
      await link.release()
      return this.#result(differing)
    } finally {
      watch.stop()
      link.destroy()
    }
  }

  async #announce(link: Watch): Promise<void> {
    const body = JSON.stringify({ protocol: PROTOCOL, ...this.options.siteInfo() })
    const reply = await this.#put(link, ["sites", this.options.site], [], ContentFormat.Json, body)
    if (!isAcknowledgement(reply.code)) throw refusal("the site", reply)
  }

  /** What a person dropped here the cloud drops too; on a run it hears of all, as its store may be one of before. */
  async #tellDropped(link: Watch): Promise<void> {
    const { spool, site } = this.options
    const all = this.run === undefined || this.#told ? spool.untold() : spool.dropped()
    for (const tombstone of all) {
      const { day, revision, told } = tombstone
      const path = ["sites", site, "surveys", formatRange(tombstone), day].map((part) =>
        textOption(OptionNumber.UriPath, part),
      )
      const options = [...path, textOption(OptionNumber.UriQuery, `${told ? "upTo" : "revision"}=${revision}`)]
      const reply = await link.request({ code: Code.Delete, options, payload: NOTHING })
      if (reply.code !== Code.Deleted) throw refusal(`to drop ${day}`, reply)
      // it tells up to which revision: what comes later has to be above that
      if (!told) await spool.markTold(tombstone, Number(textOf(reply)) || revision)
    }
  }

  async #deliverDue(link: Watch): Promise<void> {
    const { spool, ledger } = this.options
    const upTo = ledger.lastClosedDay
    if (!upTo) return
    const pipeline = new Pipeline({
      spool,
      run: ledger.lastRun?.scheduledAt ?? 0,
      put: (delivery) => this.#deliver(link, delivery),
      isMeant: (delivery) => this.#isMeant(delivery),
      onDelivered: (delivery) => this.#count(delivery),
      onRefused: () => {
        this.#refused++
      },
    })
    await pipeline.run(upTo)
  }

  #isMeant({ day, address, revision }: Delivery): boolean {
    const key = `${day} ${address} ${revision}`
    const refusals = (this.#refusals.get(key) ?? 0) + 1
    this.#refusals.set(key, refusals)
    return refusals >= MEANT_REFUSALS
  }

  #deliver(link: Watch, { day, address, revision, digest, zone, body }: Delivery): Promise<Reply> {
    const { site } = this.options
    const path = ["sites", site, "surveys", formatAddress(address), day]
    const covered = deliveryDigest(digest, { site, revision, zone })
    const query = [`revision=${revision}`, `zone=${zone}`, `digest=${covered}`]
    const put = () => this.#put(link, path, query, ContentFormat.Text, body)
    const isOpen = this.options.ledger.get(day)?.confirmed === false
    return isOpen ? put() : this.#reopen(day).then(put)
  }

  /** Before anything of its day is delivered: should this process die behind that, the next one still closes the day. */
  #reopen(day: Day): Promise<void> {
    const { ledger } = this.options
    const reopening = this.#reopening.get(day)
    if (reopening) return reopening
    const isKnown = ledger.get(day) !== undefined
    if (isKnown) this.#listed.add(day)
    const reopened = (isKnown ? ledger.confirm(day, false) : ledger.adopt(day)).finally(() => {
      this.#reopening.delete(day)
    })
    this.#reopening.set(day, reopened)
    return reopened
  }

  #count({ day, address, readings, body }: Delivery): void {
    this.#surveys++
    this.#readings += readings
    this.#bytes += Buffer.byteLength(body)
    const changed = this.#changed.get(day)
    const latest = changed?.at(-1)
    if (latest && latest.last + 1 === address) latest.last = address
    else if (changed) changed.push({ first: address, last: address })
    else this.#changed.set(day, [{ first: address, last: address }])
  }

  /** Days on which the cloud differs to the end. What comes meanwhile is delivered, and its days are closed again. */
  async #closeCollections(link: Watch): Promise<Day[]> {
    const { spool, ledger } = this.options
    const differing: Day[] = []
    const compared = new Set<Day>()
    for (;;) {
      const collection = ledger.all().find((each) => !differing.includes(each.day) && this.#isToClose(each, compared))
      if (!collection) return differing
      const { day } = collection
      compared.add(day)
      if ((await this.#closeCollection(link, collection)) !== "differs") continue
      await spool.redeliver(day)
      if ((await this.#closeCollection(link, collection)) === "differs") differing.push(day)
    }
  }

  #isToClose({ day, confirmed, expected }: Collection, compared: ReadonlySet<Day>): boolean {
    const { ledger, spool } = this.options
    if (day > (ledger.lastClosedDay ?? "")) return false
    if (this.#changed.has(day)) return true
    if (day <= (ledger.releasedUpTo ?? "") || compared.has(day)) return false
    // a day that was dropped
    if (expected.length === 0 && spool.isEmpty(day)) return false
    return this.run !== undefined || !confirmed
  }

  /** Whether the cloud's store holds what we delivered; `later`: it cannot tell yet, as its clock is behind that day. */
  async #closeCollection(link: Watch, collection: Collection): Promise<"agrees" | "differs" | "later"> {
    const { site, ledger } = this.options
    // the digest speaks of the spool as it is now, so nothing of it may be on its way
    await this.#deliverDue(link)
    const body = JSON.stringify(this.#describe(collection))
    const path = ["sites", site, "collections", collection.day]
    const reply = await this.#put(link, path, [], ContentFormat.Json, body)
    const agreed = isAcknowledgement(reply.code)
    const isLater = asksToWait(reply)
    if (agreed || isLater) this.#changed.delete(collection.day)
    if (isLater) return "later"
    if (!agreed && reply.code !== Code.Conflict) throw refusal(`the collection of ${collection.day}`, reply)
    this.#listed.delete(collection.day)
    await ledger.confirm(collection.day, agreed)
    return agreed ? "agrees" : "differs"
  }

  #describe(collection: Collection) {
    const { spool, account } = this.options
    const { day, scheduledAt, confirmed } = collection
    return {
      scheduledAt: new Date(Math.max(0, scheduledAt) || this.options.clock.now()).toISOString(),
      run: !confirmed && !this.#listed.has(day), // the cloud then lists the whole day, otherwise what changed
      arrived: formatRanges(spool.arrived(day, false)),
      late: formatRanges(spool.arrived(day, true)),
      ...account(collection),
      changed: joinRanges(this.#changed.get(day) ?? []).map(formatRange),
      ...spool.agreement(day),
    }
  }

  #put(link: Watch, path: string[], query: string[], format: number, body: string): Promise<Reply> {
    const options: Option[] = [
      ...path.map((segment) => textOption(OptionNumber.UriPath, segment)),
      uintOption(OptionNumber.ContentFormat, format),
      ...query.map((pair) => textOption(OptionNumber.UriQuery, pair)),
    ]
    const wholeBytes = link.peerMaxMessageSizeBytes - OPTIONS_ROOM_BYTES
    return sendBlockwise(
      (request) => link.request(request),
      { code: Code.Put, options, payload: encoder.encode(body) },
      { wholeBytes, blockBytes: Math.min(LARGEST_BLOCK_BYTES, wholeBytes) },
    )
  }

  #result(differing: readonly Day[]): Forwarded {
    return {
      surveys: this.#surveys,
      readings: this.#readings,
      bytes: this.#bytes,
      elapsedMs: this.options.clock.monotonic() - this.#startedAt,
      refused: this.#refused,
      differing,
    }
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
