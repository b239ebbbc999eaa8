/** Which times may stand in a survey, and in which pass of a repeated hour (DESIGN.md §4). */
import type { ClockChange, Span } from "./calendar"
import { compareReadings, elapsedSeconds, formatTime, type Reading } from "./reading"

/** Takes the lines of one survey in the order of the file. */
export class SurveyTimes {
  readonly #change: ClockChange
  readonly #readings: Reading[] = []
  #latest = -1 // elapsed seconds
  #taken: Set<number> | undefined // elapsed seconds; made only for a file that is out of order
  #pass: 1 | 2 = 1
  #lineBefore = -1 // seconds of the day; lines outside of the repeated hour do not count
  #firstPassEnd = -1 // seconds of the day of the first pass's last reading
  #secondPassTaken = false

  constructor(change: ClockChange) {
    this.#change = change
  }

  /** Takes a reading, or says which rule its time breaks. */
  take(reading: Reading): string | undefined {
    const { skipped, repeated } = this.#change
    const { seconds } = reading
    if (within(skipped, seconds)) {
      const span = `${formatTime(skipped.from)} to ${formatTime(skipped.to)}`
      return broken(`Time must be on the clock, which skips ${span} on this day`, seconds)
    }
    if (!within(repeated, seconds)) return this.#add(reading)

    if (!this.follow(seconds)) return broken("Time must not begin a third pass of an hour that comes twice", seconds)
    if (this.#pass === 1) {
      this.#firstPassEnd = seconds
      return this.#add(reading)
    }
    // Without the line that began the second pass the canonical text would put this reading into the first.
    if (!this.#secondPassTaken && seconds > this.#firstPassEnd) {
      return broken("Time comes twice on this day, and refused lines before it hide which one is meant", seconds)
    }
    this.#secondPassTaken = true
    return this.#add({ ...reading, secondPass: true })
  }

  /** Follows the clock to the time of a line, also of one that is refused; false when that needs a third pass. */
  follow(seconds: number): boolean {
    if (!within(this.#change.repeated, seconds)) return true
    if (seconds <= this.#lineBefore) {
      if (this.#pass === 2) return false
      this.#pass = 2
    }
    this.#lineBefore = seconds
    return true
  }

  /** All readings taken, ordered by instant. */
  readings(): Reading[] {
    if (this.#taken) this.#readings.sort((a, b) => compareReadings(a, b, this.#change))
    return this.#readings
  }

  #add(reading: Reading): string | undefined {
    const elapsed = elapsedSeconds(reading, this.#change)
    if (elapsed <= this.#latest) {
      this.#taken ??= new Set(this.#readings.map((taken) => elapsedSeconds(taken, this.#change)))
      if (this.#taken.has(elapsed)) return broken("Time must not come twice", reading.seconds)
    } else this.#latest = elapsed
    this.#taken?.add(elapsed)
    this.#readings.push(reading)
    return undefined
  }
}

function within(span: Span | undefined, seconds: number): span is Span {
  return span !== undefined && seconds >= span.from && seconds < span.to
}

function broken(rule: string, seconds: number): string {
  return `${rule}: it is ${formatTime(seconds)}`
}
