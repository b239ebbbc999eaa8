// What may come to a store of one device's day, in any order, and what has to be there afterwards, told independently.
import fc from "fast-check"
import type { StoredReading } from "../../../src/cloud/store/stored"
import { clockChange, type Day } from "../../../src/survey/calendar"
import { readCanonical } from "../../../src/survey/canonical"
import { formatTime, parseTime, type Reading } from "../../../src/survey/reading"
import { parseSurvey } from "../../../src/survey/survey"

/** 02:00 comes twice in Rome on that day, 03:00 in Helsinki, nothing in UTC. */
export const CHANGE_DAY: Day = "2026-10-25"
const ZONES = ["Europe/Rome", "Europe/Helsinki", "UTC"]
const MOST = 4 // revisions from 0 to this, so that many are equal

/** A delivery of lines, or plain text. */
export interface Arrival {
  readonly kind: "delivery" | "text"
  /** Of text 0. */
  readonly revision: number
  readonly zone: string
  readonly body: string
  readonly readings: readonly Reading[]
}

export interface Told {
  readonly reading: StoredReading
  readonly revision: number
}

export interface Expected {
  readonly revision: number
  readonly zone: string
  /** By the text of their time. */
  readonly versions: readonly Told[]
}

const line = fc
  .record({
    time: fc.constantFrom("00:30", "02:00", "02:15", "02:45", "03:00", "03:30", "08:00", "23:59:59"),
    offset: fc.constantFrom("", "", "", "+01:00", "+02:00", "+03:00"),
    temperature: fc.constantFrom(-1.5, 9, 20),
    humidity: fc.constantFrom(30, 30.5),
  })
  .map(({ time, offset, temperature, humidity }) => `${time}${offset} - ${temperature} - ${humidity}%`)

/** What a zone's clock does not show is not among them; an empty survey may be. */
export const arrival: fc.Arbitrary<Arrival> = fc
  .record({
    kind: fc.constantFrom<"delivery" | "text">("delivery", "delivery", "text"),
    revision: fc.nat(MOST),
    zone: fc.constantFrom(...ZONES),
    lines: fc.array(line, { maxLength: 10 }),
  })
  .map(({ kind, revision, zone, lines }) => {
    const change = clockChange(CHANGE_DAY, zone)
    const { body } = readCanonical(lines.join("\n"), change)
    return { kind, revision: kind === "text" ? 0 : revision, zone, body, readings: parseSurvey(body, change).readings }
  })

/** The same arrivals twice: as they come first, and in another order with some of them again. */
export const twoOrders = fc.array(arrival, { minLength: 1, maxLength: 8 }).chain((arrivals) =>
  fc
    .tuple(
      fc.shuffledSubarray(arrivals, { minLength: arrivals.length }),
      fc.array(fc.record({ arrival: fc.constantFrom(...arrivals), at: fc.nat(arrivals.length) }), { maxLength: 4 }),
    )
    .map(([shuffled, again]) => {
      const other = [...shuffled]
      for (const { arrival, at } of again) other.splice(at, 0, arrival)
      return { arrivals, other }
    }),
)

export const toldBy = ({ readings, revision }: Arrival): Told[] =>
  readings.map(({ seconds, offset, temperature, humidity }) => ({
    reading: [formatTime(seconds, offset), temperature, humidity],
    revision,
  }))

/** At each time the highest revision, of equal ones the higher text; the zone likewise. */
export function expectedOf(arrivals: readonly Arrival[]): Expected {
  const best = new Map<string, Told>()
  let [revision, zone] = [-1, ""]
  for (const arrival of arrivals) {
    if (arrival.revision > revision || (arrival.revision === revision && arrival.zone > zone)) {
      ;({ revision, zone } = arrival)
    }
    for (const told of toldBy(arrival)) {
      const known = best.get(told.reading[0])
      if (!known || rank(told) > rank(known)) best.set(told.reading[0], told)
    }
  }
  return { revision, zone, versions: byTime([...best.values()]) }
}

const rank = ({ reading: [, temperature, humidity], revision }: Told): string =>
  `${revision} ${temperature} - ${humidity}%`

/** As texts compare, so that the order of the day is another matter. */
export const byTime = (versions: readonly Told[]): Told[] =>
  versions.toSorted((a, b) => (a.reading[0] < b.reading[0] ? -1 : 1))

/** As their day passes in a zone. */
export function isInOrder(versions: readonly Told[], zone: string): boolean {
  const { repeated } = clockChange(CHANGE_DAY, zone)
  const hour = repeated ? repeated.to - repeated.from : 0
  const places = versions.map(({ reading: [time] }) => {
    const seconds = parseTime(time)
    return seconds + (repeated && (time.includes("+") || seconds >= repeated.to) ? hour : 0)
  })
  return places.every((place, at) => at === 0 || place >= (places[at - 1] ?? 0))
}
