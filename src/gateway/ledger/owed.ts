// Which devices owe which days, and which of these can never come, by the ledger and today's topology: who is paused or
// gone owes nothing.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import { type AddressRange, formatAddress } from "../../topology/address"
import { type DeviceEntry, type Devices, hasHistory } from "../../topology/devices"
import { addressesIn, joinRanges, overlap } from "../../topology/ranges"
import { countMissing, missingRanges } from "../spool/reader"
import type { Collection } from "./ledger"

export interface Owed {
  /** The oldest day that was looked at; null before the first run. */
  readonly since: Day | null
  readonly surveys: number
  /** Who owes what, as far as the latest 1,000 of these surveys go. */
  readonly devices: readonly OwedDays[]
}

export interface OwedDays {
  readonly ip: string
  readonly name: string | null
  /** Oldest first. */
  readonly days: readonly Day[]
}

/** What can still come, and what cannot. */
export interface Debts {
  readonly owed: Owed
  readonly lost: Owed
}

/** From where on a survey can still come. */
export interface Reach {
  /** The day collected last: a device whose source holds one day only owes this one. */
  readonly lastRunDay: Day | undefined
  /** The oldest day that the gateway takes. */
  readonly oldestDay: Day
}

const NAMED = 1000
const COUNTED = 10_000_000 // surveys: seconds
const FEWEST_DAYS = 7

/** Counts what is owed and what is lost of these collections. Of a very large network only the last days are looked at. */
export function debtsOf(
  sqlite: Database,
  collections: readonly Collection[],
  devices: Devices,
  { lastRunDay = "0000-01-01", oldestDay }: Reach,
): Debts {
  const active = devices.entries.filter(({ paused }) => !paused)
  const rangesOf = (isMeant: (entry: DeviceEntry) => boolean) => joinRanges(active.filter(isMeant).map(({ ip }) => ip))
  const all = rangesOf(() => true)
  const forgetful = rangesOf(isForgetful)
  const keeping = rangesOf((entry) => !isForgetful(entry))

  const owed = new Tally(sqlite)
  const lost = new Tally(sqlite)
  const looked = collections.slice(-Math.max(FEWEST_DAYS, Math.floor(COUNTED / devices.size)))
  for (const { day, expected } of looked.toReversed()) {
    const of = (ranges: readonly AddressRange[]) => overlap(joinRanges(expected), ranges)
    if (day < oldestDay) lost.add(day, of(all))
    else if (day < lastRunDay) {
      owed.add(day, of(keeping))
      lost.add(day, of(forgetful))
    } else owed.add(day, of(all))
  }
  const since = looked[0]?.day ?? null
  return { owed: owed.result(since, devices), lost: lost.result(since, devices) }
}

/** A sensor that sends by itself may have kept its days. */
const isForgetful = (entry: DeviceEntry): boolean => entry.survey !== undefined && !hasHistory(entry)

class Tally {
  readonly #daysOf = new Map<number, Day[]>()
  #surveys = 0
  #named = 0

  constructor(private readonly sqlite: Database) {}

  /** Days come latest first. */
  add(day: Day, ranges: readonly AddressRange[]): void {
    const missing = countMissing(this.sqlite, day, ranges)
    this.#surveys += missing
    if (missing === 0) return
    for (const address of addressesIn(missingRanges(this.sqlite, day, ranges, NAMED - this.#named))) {
      if (this.#named === NAMED) return
      this.#daysOf.set(address, [day, ...(this.#daysOf.get(address) ?? [])])
      this.#named++
    }
  }

  result(since: Day | null, devices: Devices): Owed {
    const rising = [...this.#daysOf].sort(([a], [b]) => a - b)
    return {
      since,
      surveys: this.#surveys,
      devices: rising.map(([address, days]) => ({
        ip: formatAddress(address),
        name: devices.get(address)?.name ?? null,
        days,
      })),
    }
  }
}
