// Says, once, which surveys can never come any more: their source has forgotten them, or they are too old to be taken.
import type { Database } from "bun:sqlite"
import type { Log } from "../../log"
import { addDays, type Day, dayOf, shortDays } from "../../survey/calendar"
import { parseAddress } from "../../topology/address"
import type { Devices } from "../../topology/devices"
import type { Collection, Ledger } from "../ledger/ledger"
import { debtsOf, type Owed, type Reach } from "../ledger/owed"

export interface NeverComesOptions {
  readonly sqlite: Database
  readonly ledger: Ledger
  readonly timeZone: string
  readonly retentionDays: number
  readonly now: () => number
  readonly log: Pick<Log, "warn">
}

const NAMED_AT_ONCE = 10 // devices; the rest is counted

export class NeverComes {
  /** What was said up to now concerned days before these. */
  #told: Reach | undefined

  constructor(private readonly options: NeverComesOptions) {
    this.begin()
  }

  /** Goes by the ledger: its last run, in whatever process, has told of what was lost until then. */
  begin(): void {
    const { ledger, retentionDays } = this.options
    const { lastRunDay } = ledger
    this.#told = lastRunDay && { lastRunDay, oldestDay: addDays(lastRunDay, 1 - retentionDays) }
  }

  /** A new day is collected: what was missing of the days before cannot come any more, where its source holds one day. */
  tell(day: Day, devices: Devices): void {
    const { now, timeZone, retentionDays } = this.options
    const oldestDay = addDays(dayOf(now(), timeZone), -retentionDays)
    const { lastRunDay = day, oldestDay: toldOldest = oldestDay } = this.#told ?? {}
    this.#told = { lastRunDay: day > lastRunDay ? day : lastRunDay, oldestDay }

    const forgotten = this.#debts(({ day: each }) => each >= lastRunDay && each < day, devices, {
      lastRunDay: day,
      oldestDay: "0000-01-01",
    })
    this.#say(forgotten.lost, devices, ({ survey }) => `${survey} holds one day only`)
    // of these, those that a source might still have had
    const expired = this.#debts(({ day: each }) => each >= toldOldest && each < oldestDay, devices, {
      lastRunDay: day,
      oldestDay: "0000-01-01",
    })
    this.#say(expired.owed, devices, () => "older than gateway.retention")
  }

  #debts(isMeant: (collection: Collection) => boolean, devices: Devices, reach: Reach) {
    const { sqlite, ledger } = this.options
    return debtsOf(sqlite, ledger.all().filter(isMeant), devices, reach)
  }

  #say({ surveys, devices: losers }: Owed, devices: Devices, why: (device: { survey?: string }) => string): void {
    const { log, now, timeZone } = this.options
    const today = dayOf(now(), timeZone)
    for (const { ip, name, days } of losers.slice(0, NAMED_AT_ONCE)) {
      const device = devices.get(parseAddress(ip) ?? 0) ?? {}
      log.warn(`Never comes: ${name === null ? ip : `${ip} ${name}`}, ${shortDays(days, today)}: ${why(device)}`)
    }
    if (losers.length > NAMED_AT_ONCE) log.warn(`Never comes: more of the kind, ${surveys} surveys in all`)
  }
}
