// What takes time to work out, kept for a moment: a page and its plot ask for the same one after the other.
import { type Clock, systemClock } from "../../clock"

const LEAST_AGE_MS = 1000
const REST = 10 // times as long as it took: a year of readings a second takes seconds
const MOST = 32 // at a time

interface Entry<T> {
  readonly value: Promise<T>
  staleAt: number
}

/** Values by their keys, at most a second old, or ten times as old as it takes to work them out. */
export class Kept<T> {
  readonly #entries = new Map<string, Entry<T>>()

  constructor(private readonly clock: Pick<Clock, "monotonic"> = systemClock) {}

  get(key: string, make: () => Promise<T>): Promise<T> {
    const startedAt = this.clock.monotonic()
    const known = this.#entries.get(key)
    if (known && startedAt < known.staleAt) return known.value
    const entry: Entry<T> = { value: make(), staleAt: Number.POSITIVE_INFINITY }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > MOST && oldest !== undefined) this.#entries.delete(oldest)
    const age = (ms: number) => {
      entry.staleAt = this.clock.monotonic() + ms
    }
    entry.value.then(
      () => age(Math.max(LEAST_AGE_MS, REST * (this.clock.monotonic() - startedAt))),
      () => age(0), // whoever asks next sees whether it goes now
    )
    return entry.value
  }

  /** Something has changed. */
  clear(): void {
    this.#entries.clear()
  }
}
