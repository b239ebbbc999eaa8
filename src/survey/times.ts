/** Which times may stand in a survey, and in which pass of a repeated hour. */
import type { ClockChange, RepeatedSpan, Span } from "./calendar"
import { compareReadings, elapsedSeconds, formatTime, type Reading, type Refusal } from "./reading"

/** Takes the lines of one survey in the order of the file. */
export class SurveyTimes {
  readonly #readings: Reading[] = []
  #latest = -1 // elapsed seconds
  #taken: Set<number> | undefined // elapsed seconds; made only for a file that is out of order
  #pass: 1 | 2 = 1
  #lineBefore = -1 // seconds of the day; lines outside of the repeated hour do not count
  #firstPassEnd = -1 // seconds of the day of the first pass's last reading
  #secondPassTaken = false

  /** @param after where a text comes in parts, the latest reading of those before */
  constructor(
    private readonly change: ClockChange,
    after?: Reading,
  ) {
    if (after) this.#goOnBehind(after)
  }

  /** Takes a reading, or says which rule its time breaks. */
  take(reading: Reading): Refusal | undefined {
    const { skipped, repeated } = this.change
    const { seconds, offset, temperature, humidity } = reading
    if (within(skipped, seconds)) {
      const span = `${formatTime(skipped.from)} to ${formatTime(skipped.to)}`
      return broken(`Time must be on the clock, which skips ${span} on this day`, reading)
    }
    if (!within(repeated, seconds)) {
      if (offset === undefined) return this.#add(reading)
      return broken("An offset stands only behind a time that comes twice on its day", reading)
    }

    const [first, second] = repeated.offsets
    if (offset !== undefined && offset !== first && offset !== second) {
      return broken(`The offset must be ${first} or ${second} on this day`, reading)
    }
    if (!this.follow(seconds, offset)) {
      return broken(`Time goes back in the second pass of an hour that comes twice, ${whichOf(repeated)}`, reading)
    }
    if (this.#pass === 1) {
      this.#firstPassEnd = seconds
      this.#secondPassTaken = false
      return this.#add(offset === undefined ? reading : { seconds, temperature, humidity })
    }
    // Only refused lines began the second pass, and what was wrong with them may have been their time.
    if (offset === undefined && !this.#secondPassTaken && seconds > this.#firstPassEnd) {
      return broken(`Time comes twice on this day, and lines before it are refused, ${whichOf(repeated)}`, reading)
    }
    this.#secondPassTaken = true
    return this.#add(offset === undefined ? { seconds, offset: second, temperature, humidity } : reading)
  }

  /**
   * Follows the clock to the time of a line, also of one that is refused; false when that needs a third pass. A line
   * with an offset tells its pass itself, and those behind it go on from there.
   */
  follow(seconds: number, offset?: string): boolean {
    const { repeated } = this.change
    if (!within(repeated, seconds)) return true
    if (offset !== undefined) {
      const pass = repeated.offsets.indexOf(offset)
      if (pass === -1) return true // such a line says nothing of the clock
      this.#pass = pass === 0 ? 1 : 2
    } else if (seconds <= this.#lineBefore) {
      if (this.#pass === 2) return false
      this.#pass = 2
    }
    this.#lineBefore = seconds
    return true
  }

  /** All readings taken, ordered by instant. */
  readings(): Reading[] {
    if (this.#taken) this.#readings.sort((a, b) => compareReadings(a, b, this.change))
    return this.#readings
  }

  #goOnBehind({ seconds, offset }: Reading): void {
    if (!within(this.change.repeated, seconds)) return
    this.#lineBefore = seconds
    this.#secondPassTaken = offset !== undefined
    if (offset === undefined) this.#firstPassEnd = seconds
    else this.#pass = 2
  }

  #add(reading: Reading): Refusal | undefined {
    const elapsed = elapsedSeconds(reading, this.change)
    if (elapsed <= this.#latest) {
      this.#taken ??= new Set(this.#readings.map((taken) => elapsedSeconds(taken, this.change)))
      if (this.#taken.has(elapsed)) return broken("Time must not come twice", reading)
    } else this.#latest = elapsed
    this.#taken?.add(elapsed)
    this.#readings.push(reading)
    return undefined
  }
}

function within<Within extends Span>(span: Within | undefined, seconds: number): span is Within {
  return span !== undefined && seconds >= span.from && seconds < span.to
}

const whichOf = ({ offsets: [first, second] }: RepeatedSpan): string =>
  `write ${first} or ${second} behind it to say which one is meant`

const broken = (rule: string, { seconds, offset }: Reading): Refusal => {
  return () => `${rule}: it is ${formatTime(seconds, offset)}`
}
