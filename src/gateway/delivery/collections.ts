// The collections of one forwarding: open before anything of their days goes, closed when cloud and spool agree.
import type { Clock } from "../../clock"
import { Code, isAcknowledgement } from "../../coap/code"
import type { Day } from "../../survey/calendar"
import { type AddressRange, formatRange, formatRanges } from "../../topology/address"
import { joinRanges } from "../../topology/ranges"
import type { Collection, Ledger } from "../ledger/ledger"
import type { Delivery, Spool } from "../spool/spool"
import type { CollectionAccount } from "./account"
import { asksToWait, type CloudRequests, refusal } from "./requests"

export interface CollectionsOptions {
  readonly spool: Spool
  readonly ledger: Ledger
  readonly clock: Clock
  /** What a collection tells of those that are not there or not taken. */
  readonly account: (collection: Collection) => CollectionAccount
}

/** Whether the cloud's store holds what we delivered; `later`: it cannot tell yet, as its clock is behind that day. */
export type Comparison = "agrees" | "differs" | "later"

export class Collections {
  /** What went to the cloud, addresses by day, as ranges: a fleet's day is delivered in their order. */
  readonly #changed = new Map<Day, AddressRange[]>()
  /** Days that the cloud has listed whole: of these, what changed. */
  readonly #listed = new Set<Day>()

  /** @param isRun whether every day that is kept is compared, or only those that changed or were never confirmed */
  constructor(
    private readonly options: CollectionsOptions,
    private readonly isRun: boolean,
  ) {}

  isOpen(day: Day): boolean {
    return this.options.ledger.get(day)?.confirmed === false
  }

  /** Before anything of its day is delivered: should this process die behind that, the next one still closes the day. */
  async reopen(day: Day): Promise<void> {
    const { ledger } = this.options
    if (ledger.get(day) === undefined) return ledger.adopt(day)
    this.#listed.add(day)
    await ledger.confirm(day, false)
  }

  /** The cloud has another survey of this day. */
  add({ day, address }: Delivery): void {
    const changed = this.#changed.get(day)
    const latest = changed?.at(-1)
    if (latest && latest.last + 1 === address) latest.last = address
    else if (changed) changed.push({ first: address, last: address })
    else this.#changed.set(day, [{ first: address, last: address }])
  }

  /** The oldest that is to be closed; behind what the cloud has said of others, one that changed since once more. */
  next(said: ReadonlyMap<Day, Comparison>): Collection | undefined {
    return this.options.ledger.all().find((collection) => this.#isToClose(collection, said.get(collection.day)))
  }

  #isToClose({ day, confirmed, expected }: Collection, said: Comparison | undefined): boolean {
    const { ledger, spool } = this.options
    if (day > (ledger.lastClosedDay ?? "") || said === "differs") return false
    if (this.#changed.has(day)) return true
    if (day <= (ledger.releasedUpTo ?? "") || said !== undefined) return false
    // a day that was dropped; a run of which nobody is expected is one that the cloud agrees upon
    const isOwnRun = this.isRun && day === ledger.lastRun?.day
    if (expected.length === 0 && spool.isEmpty(day) && !isOwnRun) return false
    return this.isRun || !confirmed
  }

  /** Asks for the comparison. Nothing may be on its way: the digest speaks of the spool as it is now. */
  async close(collection: Collection, requests: CloudRequests): Promise<Comparison> {
    const { day, expected } = collection
    const reply = await requests.close(day, this.#describe(collection))
    const agreed = isAcknowledgement(reply.code)
    const isLater = asksToWait(reply)
    if (agreed || isLater) this.#changed.delete(day)
    if (isLater) return "later"
    if (!agreed && reply.code !== Code.Conflict) throw refusal(`the collection of ${day}`, reply)
    this.#listed.delete(day)
    const { ledger } = this.options
    await ledger.confirm(day, agreed)
    // somebody was excused meanwhile: the cloud hears that nobody is missing
    if (agreed && ledger.get(day)?.expected !== expected) this.#changed.set(day, [])
    return agreed ? "agrees" : "differs"
  }

  #describe(collection: Collection) {
    const { spool, clock, account } = this.options
    const { day, scheduledAt, confirmed } = collection
    return {
      scheduledAt: new Date(Math.max(0, scheduledAt) || clock.now()).toISOString(),
      run: !confirmed && !this.#listed.has(day), // the cloud then lists the whole day, otherwise what changed
      ...(scheduledAt <= 0 && { adopted: true }),
      arrived: formatRanges(spool.arrived(day, false)),
      late: formatRanges(spool.arrived(day, true)),
      ...account(collection),
      changed: joinRanges(this.#changed.get(day) ?? []).map(formatRange),
      ...spool.agreement(day),
    }
  }
}
