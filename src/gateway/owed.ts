// Which devices owe which days, by the ledger and today's topology: who is paused or gone owes nothing.
import type { Database } from "bun:sqlite"
import type { Day } from "../survey/calendar"
import { formatAddress } from "../topology/address"
import type { Devices } from "../topology/devices"
import { addressesIn, joinRanges, overlap } from "../topology/ranges"
import type { Collection } from "./ledger"
import { countMissing, missingRanges } from "./missing"

export interface Owed {
  /** The oldest day that was looked at; null before the first run. */
  readonly since: Day | null
  readonly surveys: number
  /** Who owes what, as far as the latest 1,000 of these surveys go. */
  readonly devices: readonly { readonly ip: string; readonly name: string | null; readonly days: readonly Day[] }[]
}

const NAMED = 1000
const COUNTED = 10_000_000 // surveys: seconds
const FEWEST_DAYS = 7

/** Counts what is owed. Of a very large network only the last days are looked at. */
export function owedBy(sqlite: Database, collections: readonly Collection[], devices: Devices): Owed {
  const active = joinRanges(devices.entries.filter(({ paused }) => !paused).map(({ ip }) => ip))
  const looked = collections.slice(-Math.max(FEWEST_DAYS, Math.floor(COUNTED / devices.size)))
  const daysOf = new Map<number, Day[]>()
  let surveys = 0
  let named = 0
  for (const { day, expected } of looked.toReversed()) {
    const owing = overlap(joinRanges(expected), active)
    const missing = countMissing(sqlite, day, owing)
    surveys += missing
    if (missing === 0 || named === NAMED) continue
    for (const address of addressesIn(missingRanges(sqlite, day, owing, NAMED - named))) {
      daysOf.set(address, [day, ...(daysOf.get(address) ?? [])])
      if (++named === NAMED) break
    }
  }
  const rising = [...daysOf].sort(([a], [b]) => a - b)
  return {
    since: looked[0]?.day ?? null,
    surveys,
    devices: rising.map(([address, days]) => ({
      ip: formatAddress(address),
      name: devices.get(address)?.name ?? null,
      days,
    })),
  }
}
