// How deliveries of one device and day become one: at each time the value of the highest revision stays, of two with the
// same revision the one whose text is higher. So any order and any repetition of them gives the same readings.
import type { ClockChange } from "../../survey/calendar"
import { elapsedSeconds } from "../../survey/reading"
import { formatStored, readStored, type StoredReading } from "./stored"

/** A value and the highest revision that it came with. */
export interface Version {
  readonly reading: StoredReading
  readonly revision: number
}

export interface Merged {
  /** In the order of the day. */
  readonly versions: readonly Version[]
  /** Values that gave way, stored or incoming. */
  readonly superseded: readonly Version[]
}

/** @param change what the clock does on that day: it tells the order of an hour that comes twice */
export function mergeVersions(stored: readonly Version[], incoming: readonly Version[], change: ClockChange): Merged {
  const byTime = new Map(stored.map((version) => [version.reading[0], version]))
  const superseded: Version[] = []
  for (const version of incoming) {
    const [time] = version.reading
    const known = byTime.get(time)
    if (!known) {
      byTime.set(time, version)
      continue
    }
    const [newer, older] = compareVersions(version, known) > 0 ? [version, known] : [known, version]
    byTime.set(time, newer)
    if (formatStored(newer.reading) !== formatStored(older.reading)) superseded.push(older)
  }
  return { versions: inOrderOfTheDay([...byTime.values()], change), superseded }
}

function inOrderOfTheDay(versions: readonly Version[], change: ClockChange): Version[] {
  const placed = versions.map((version) => ({ version, at: elapsedSeconds(readStored(version.reading), change) }))
  placed.sort((a, b) => a.at - b.at || compareTexts(a.version.reading[0], b.version.reading[0]))
  return placed.map(({ version }) => version)
}

const compareVersions = (a: Version, b: Version): number =>
  a.revision - b.revision || compareTexts(formatStored(a.reading), formatStored(b.reading))

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
