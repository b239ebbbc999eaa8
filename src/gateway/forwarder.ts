// Delivers the spool to the cloud: surveys pipelined, then the collections, again and again until the cloud agrees.
import { type Clock, pause, type Random } from "../clock"
import { LARGEST_BLOCK_BYTES, sendBlockwise } from "../coap/block"
import { Code, isSuccess } from "../coap/code"
import type { Reply } from "../coap/exchange"
import { type Option, OptionNumber, textOption, uintOption } from "../coap/option"
import { ContentFormat } from "../coap/resource"
import type { Day } from "../survey/calendar"
import { countedDigest, deliveryDigest } from "../survey/digest"
import { type AddressRange, formatAddress, formatRange, formatRanges } from "../topology/address"
import { joinRanges } from "../topology/ranges"
import type { Collection, Ledger } from "./ledger"
import { Pipeline, refusal } from "./pipeline"
import type { Delivery, Spool } from "./spool"
import { type Link, Watch } from "./watch"

/** What one forwarding brought to the cloud. */
export interface Forwarded {
  readonly surveys: number
  readonly readings: number
  readonly bytes: number
  readonly elapsedMs: number
  /** Surveys that the cloud refused for good; they are in quarantine. */
  readonly refused: number
  /** Days on which the cloud's store differs although everything was delivered again. */
  readonly differing: readonly Day[]
}

export interface ForwarderOptions {
  readonly site: string
  /** What PUT /sites/<site> tells: time zone and device names. */
  readonly siteInfo: () => unknown
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

const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 60_000
const BELIEVED_REFUSALS = 3 // of one survey by the cloud
const OPTIONS_ROOM_BYTES = 256 // what path, query and header of a delivery can take of a message

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
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(LONGEST_RETRY_MS, delayMs * 2)) {
      signal.throwIfAborted()
      try {
        return await attempt.make(signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof Error)) throw error
        // half fixed, half random: a site's gateways must not come back in step
        const jitteredMs = delayMs / 2 + (random() * delayMs) / 2
        onRetry?.(error, jitteredMs)
        await pause(clock, jitteredMs, signal)
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
  #startedAt = 0
  #told = false

  constructor(
    private readonly options: ForwarderOptions,
    private readonly run: Day | undefined,
  ) {}

  async make(signal: AbortSignal): Promise<Forwarded> {
    const { clock, connect, onDelivered } = this.options
    this.#startedAt ||= clock.now()
    const link = await connect(signal)
    const watch = new Watch(clock, link, signal)
    try {
      await this.#announce(watch)
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
    const body = JSON.stringify(this.options.siteInfo())
    const reply = await this.#put(link, ["sites", this.options.site], [], ContentFormat.Json, body)
    if (!isSuccess(reply.code)) throw refusal("the site", reply)
  }

  async #deliverDue(link: Watch): Promise<void> {
    const { spool, ledger } = this.options
    const upTo = ledger.lastClosedDay
    if (!upTo) return
    const pipeline = new Pipeline({
      spool,
      put: (delivery) => this.#deliver(link, delivery),
      isBelieved: (delivery) => this.#isBelieved(delivery),
      onDelivered: (delivery) => this.#count(delivery),
      onRefused: () => {
        this.#refused++
      },
    })
    await pipeline.run(upTo)
  }

  /** Damage on the way looks like a survey that is wrong: a refusal counts when it was repeated. */
  #isBelieved({ day, address, revision }: Delivery): boolean {
    const key = `${day} ${address} ${revision}`
    const refusals = (this.#refusals.get(key) ?? 0) + 1
    this.#refusals.set(key, refusals)
    return refusals >= BELIEVED_REFUSALS
  }

  #deliver(link: Watch, { day, address, revision, digest, body }: Delivery): Promise<Reply> {
    const path = ["sites", this.options.site, "surveys", formatAddress(address), day]
    const zone = this.options.spool.formerZone(day)
    const covered = deliveryDigest(digest, revision, zone)
    const query = [`revision=${revision}`, `digest=${covered}`, ...(zone ? [`zone=${zone}`] : [])]
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
      if (await this.#closeCollection(link, collection)) continue
      await spool.redeliver(day)
      if (!(await this.#closeCollection(link, collection))) differing.push(day)
    }
  }

  #isToClose({ day, confirmed }: Collection, compared: ReadonlySet<Day>): boolean {
    if (day > (this.options.ledger.lastClosedDay ?? "")) return false
    if (this.#changed.has(day)) return true
    if (day <= (this.options.ledger.releasedUpTo ?? "")) return false
    return (this.run !== undefined || !confirmed) && !compared.has(day)
  }

  /** Whether the cloud's store holds what we delivered. */
  async #closeCollection(link: Watch, collection: Collection): Promise<boolean> {
    const { site, ledger } = this.options
    // the digest speaks of the spool as it is now, so nothing of it may be on its way
    await this.#deliverDue(link)
    const body = JSON.stringify(this.#describe(collection))
    const path = ["sites", site, "collections", collection.day]
    const reply = await this.#put(link, path, [], ContentFormat.Json, body)
    const agreed = isSuccess(reply.code)
    if (!agreed && reply.code !== Code.Conflict) throw refusal(`the collection of ${collection.day}`, reply)
    if (agreed) this.#changed.delete(collection.day)
    this.#listed.delete(collection.day)
    await ledger.confirm(collection.day, agreed)
    return agreed
  }

  #describe({ day, scheduledAt, expected, confirmed }: Collection) {
    const { spool } = this.options
    return {
      scheduledAt: new Date(scheduledAt).toISOString(),
      run: !confirmed && !this.#listed.has(day), // the cloud then lists the whole day, otherwise what changed
      arrived: formatRanges(spool.arrived(day, false)),
      late: formatRanges(spool.arrived(day, true)),
      missing: formatRanges(spool.missing(day, expected)),
      changed: joinRanges(this.#changed.get(day) ?? []).map(formatRange),
      ...countedDigest(spool.digests(day)),
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
      elapsedMs: this.options.clock.now() - this.#startedAt,
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
