/** The merge of what comes for a device and day into what is there: by instant, and nothing is deleted. */
import type { ClockChange } from "./calendar"
import { elapsedSeconds, type Reading } from "./reading"

/** What is new in an upload, and what gives way to it or it to what is there. */
export interface Comparison {
  readonly changes: readonly Reading[]
  readonly superseded: readonly Reading[]
}

/** One day's readings, by instant. */
export class MergedReadings {
  readonly #byInstant = new Map<number, Reading>()

  /** @param change what the clock does on that day */
  constructor(
    readings: Iterable<Reading>,
    private readonly change: ClockChange,
  ) {
    for (const reading of readings) this.take(reading)
  }

  /** @param yields values that are there win */
  compare(incoming: Iterable<Reading>, yields = false): Comparison {
    const changes: Reading[] = []
    const superseded: Reading[] = []
    for (const reading of incoming) {
      const known = this.#byInstant.get(elapsedSeconds(reading, this.change))
      if (!known) changes.push(reading)
      else if (known.temperature !== reading.temperature || known.humidity !== reading.humidity) {
        if (!yields) changes.push(reading)
        superseded.push(yields ? reading : known)
      }
    }
    return { changes, superseded }
  }

  take(reading: Reading): void {
    this.#byInstant.set(elapsedSeconds(reading, this.change), reading)
  }

  /** In the order of the day. */
  inOrder(): Reading[] {
    return [...this.#byInstant].sort(([a], [b]) => a - b).map(([, reading]) => reading)
  }
}
