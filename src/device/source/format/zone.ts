// What a clock shows at an instant, and at which instants it shows a time: asked of every row, so spans are remembered.
import { parseOffset } from "../../../topology/formats/pattern"

/** Between two changes of the clock, seconds since 1970: `from` belongs to it, `to` does not. */
interface Span {
  readonly from: number
  readonly to: number
  readonly offset: number
}

const A_DAY = 86_400

export class Zone {
  /** It is an offset: the clock never changes. */
  readonly isFixed: boolean
  readonly #spans: Span[] = []
  #latest: Span

  /** @param name an offset such as +01:00, or a time zone. Throws a RangeError for an unknown one. */
  constructor(private readonly name: string) {
    const offset = parseOffset(name)
    this.isFixed = !Number.isNaN(offset)
    this.#latest = this.isFixed ? { from: -Infinity, to: Infinity, offset } : this.#find(0)
  }

  /** How far the clock is ahead of UTC, seconds. */
  offsetAt(instant: number): number {
    return this.#spanOf(instant).offset
  }

  /** None where the clock skips the time, two where it shows it twice. @param local as if it were UTC */
  instantsOf(local: number): number[] {
    const { from, to, offset } = this.#latest
    const here = local - offset
    if (here - A_DAY >= from && here + A_DAY < to) return [here]
    const offsets = new Set([this.offsetAt(local - A_DAY), this.offsetAt(local + A_DAY)])
    return [...offsets]
      .map((each) => local - each)
      .filter((at) => at + this.offsetAt(at) === local)
      .sort((a, b) => a - b)
  }

  #spanOf(instant: number): Span {
    const { from, to } = this.#latest
    if (instant >= from && instant < to) return this.#latest
    this.#latest = this.#spans.find((span) => instant >= span.from && instant < span.to) ?? this.#find(instant)
    return this.#latest
  }

  #find(instant: number): Span {
    const at = Temporal.Instant.fromEpochMilliseconds(instant * 1000).toZonedDateTimeISO(this.name)
    const secondsOf = (change: Temporal.ZonedDateTime | null) => change && change.epochMilliseconds / 1000
    const offset = at.offsetNanoseconds / 1e9
    // the instant of a change belongs to what follows it
    const from = secondsOf(at.add({ nanoseconds: 1 }).getTimeZoneTransition("previous")) ?? -Infinity
    const span = { from, to: secondsOf(at.getTimeZoneTransition("next")) ?? Infinity, offset }
    this.#spans.push(span)
    return span
  }
}
