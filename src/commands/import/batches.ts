// Readings in the order of a file → surveys of a day each, some at a time: a file may be larger than the memory.
import type { ImportedSurvey } from "../../gateway/control/import"
import { type Zones, zoneOf } from "../../gateway/control/zones"
import { clockChange, type Day } from "../../survey/calendar"
import { elapsedSeconds, type Reading } from "../../survey/reading"
import { formatSurvey } from "../../survey/survey"

const READINGS_KEPT = 50_000
const READINGS_A_SURVEY = 1000 // of one text: whoever has more of a day sends it in parts, which are merged
const BATCH_BYTES = 60_000 // of JSON: a request to the gateway may be 64 KiB

interface Collected {
  readonly address: number
  readonly day: Day
  readonly byInstant: Map<number, Reading>
}

export class Batches {
  readonly #collected = new Map<string, Collected>()
  #readings = 0

  constructor(private readonly zones: Zones) {}

  /** Enough for now: `take()` them. */
  get isFull(): boolean {
    return this.#readings >= READINGS_KEPT
  }

  /** False where there is one of that time already, of other values. */
  add(address: number, day: Day, reading: Reading): boolean {
    const key = `${address} ${day}`
    let collected = this.#collected.get(key)
    if (!collected) this.#collected.set(key, (collected = { address, day, byInstant: new Map() }))
    const at = elapsedSeconds(reading, clockChange(day, zoneOf(this.zones, day)))
    const known = collected.byInstant.get(at)
    if (known) return known.temperature === reading.temperature && known.humidity === reading.humidity
    collected.byInstant.set(at, reading)
    this.#readings++
    return true
  }

  /** What was added until now, so many as a request holds at a time. */
  *take(): Generator<ImportedSurvey[]> {
    let batch: ImportedSurvey[] = []
    let bytes = 0
    for (const survey of this.#surveys()) {
      const more = Buffer.byteLength(JSON.stringify(survey)) + 1
      if (bytes + more > BATCH_BYTES && batch.length > 0) {
        yield batch
        batch = []
        bytes = 0
      }
      batch.push(survey)
      bytes += more
    }
    if (batch.length > 0) yield batch
    this.#collected.clear()
    this.#readings = 0
  }

  *#surveys(): Generator<ImportedSurvey> {
    for (const { address, day, byInstant } of this.#collected.values()) {
      const readings = [...byInstant].sort(([a], [b]) => a - b).map(([, reading]) => reading)
      for (let from = 0; from < readings.length; from += READINGS_A_SURVEY) {
        const text = formatSurvey(readings.slice(from, from + READINGS_A_SURVEY))
        yield { address, day, zone: zoneOf(this.zones, day), text }
      }
    }
  }
}
