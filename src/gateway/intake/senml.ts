// An upload of SenML (RFC 8428, Content-Format 110) → the ordinary text of surveys. All of a pack is taken or nothing.
import { clockChange, type Day } from "../../survey/calendar"
import { elapsedSeconds, type Reading } from "../../survey/reading"
import { localTime } from "../../survey/senml/local"
import { SenmlReadings, type SenmlRow } from "../../survey/senml/readings"
import { formatSurvey } from "../../survey/survey"

export interface SenmlContext {
  /** When it came, ms since 1970: relative times count from there. */
  readonly arrivedAt: number
  /** Of which it has to be; undefined: its times tell. */
  readonly day: Day | undefined
  /** That of new days. */
  readonly timeZone: string
  /** In which one a day is measured: it may be another where timeZone was changed. */
  readonly zoneOf: (day: Day) => string
}

const MOST_RECORDS = 100_000 // more than a reading every two seconds of a day
const ZONES_TRIED = 3 // that of new days, and those of two days that it may be of

/** Whether a text that nobody says more of is meant so: no line of a survey begins like that. */
export const isSenml = (text: string): boolean => /^\s*\[/.test(text)

/** Each day's survey; or why the pack is refused, with the number of its record, from 1. */
export function readSenml(text: string, context: SenmlContext): Map<Day, string> | string {
  const { arrivedAt, day: asked, zoneOf } = context
  const records = parse(text)
  if (!Array.isArray(records)) return "A SenML pack is a JSON list of records: this is none"
  if (records.length > MOST_RECORDS) {
    return `A SenML pack must have at most ${MOST_RECORDS} records: it has ${records.length}`
  }
  const pack = new SenmlReadings(undefined, arrivedAt / 1000)
  for (const [index, record] of records.entries()) {
    pack.take(record, index + 1)
    if (pack.isRefused) break
  }
  const days = new Map<Day, Reading[]>()
  // a record that is refused may leave another one alone, of which there is nothing to tell
  for (const row of pack.rows().sort(refusedFirst)) {
    const { kind, line, time } = row
    if (kind === "refused") return `Record ${line}: ${row.rule}`
    if (kind === "empty") return `Record ${line}: there is no ${row.lacks} of its time`
    const placed = place(time, context)
    if (!placed) return `Record ${line}: it is of an hour that is of no day, as timeZone was changed`
    const { day, ...local } = placed
    if (asked !== undefined && day !== asked) return `Record ${line}: it is of ${day}, and not of ${asked}`
    const { temperature, humidity } = row
    const readings = days.get(day)
    if (readings) readings.push({ ...local, temperature, humidity })
    else days.set(day, [{ ...local, temperature, humidity }])
  }
  if (days.size === 0) return "No record is a temperature (Cel, K) or a humidity (%RH)"
  return new Map(Array.from(days, ([day, readings]) => [day, canonical(day, readings, zoneOf(day))]))
}

/** By the clock of its day; undefined where it is of none. */
function place(time: number, { day, timeZone, zoneOf }: SenmlContext): ReturnType<typeof localTime> | undefined {
  if (day !== undefined) return localTime(time, zoneOf(day))
  let zone = timeZone
  for (let tries = 0; tries < ZONES_TRIED; tries++) {
    const placed = localTime(time, zone)
    const own = zoneOf(placed.day)
    if (own === zone) return placed
    zone = own
  }
  return undefined
}

const refusedFirst = (a: SenmlRow, b: SenmlRow): number => Number(b.kind === "refused") - Number(a.kind === "refused")

function canonical(day: Day, readings: Reading[], timeZone: string): string {
  const change = clockChange(day, timeZone)
  return formatSurvey(readings.sort((a, b) => elapsedSeconds(a, change) - elapsedSeconds(b, change)))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
