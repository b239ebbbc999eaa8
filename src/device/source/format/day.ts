// One day of one device, out of a file that may hold months of many: the ordinary text of a survey.
import { didYouMean } from "../../../nearest"
import { clockChange, type Day, shortDay } from "../../../survey/calendar"
import { elapsedSeconds, formatTime, type Reading } from "../../../survey/reading"
import { formatSurvey, type RefusedLine } from "../../../survey/survey"
import type { Format } from "../../../topology/formats/schema"
import type { SurveyText } from "../file"
import { checkSize, SurveyMissing } from "../missing"
import type { Block } from "./blocks"
import { type Formatted, laidOut, openFile, skipped } from "./file"
import type { Layout } from "./layout"
import { LocalTimes } from "./local"
import { type Row, rowsOf, visitTimes } from "./rows"

export interface DayQuestion {
  /** What relative paths start from. */
  readonly folder: string
  /** The file's path. */
  readonly path: string
  readonly day: Day
  /** limits.survey */
  readonly limitBytes: number
  readonly formatted: Formatted
}

/** When the rows of a block are, as the pattern has it, and the latest of each device. */
interface Times {
  readonly first: number
  readonly last: number
  readonly latest: ReadonlyMap<string, number>
}

const DAY_SECONDS = 86_400
const CLOCKS_DIFFER_DAYS = 2 // the file's and the site's may be 26 hours apart
const BLOCKS_REMEMBERED = 65_536
const REFUSED_ROWS_KEPT = 100

/** Looks at each block of a file once, and again only where it changed: the day's rows may stand anywhere in it. */
export class DayReader {
  readonly #known = new WeakMap<Format, Map<string, Times>>()

  /** Throws SurveyMissing. */
  async read({ folder, path, day, limitBytes, formatted }: DayQuestion): Promise<SurveyText> {
    const { sensor, timeZone } = formatted
    const start = Temporal.PlainDate.from(day).toZonedDateTime("UTC").epochMilliseconds / 1000
    const from = start - CLOCKS_DIFFER_DAYS * DAY_SECONDS
    const to = start + (CLOCKS_DIFFER_DAYS + 1) * DAY_SECONDS
    const latest = new Map<string, number>()
    let collected: Collected | undefined
    await using file = await openFile(folder, path)
    for await (const { block, layout } of laidOut(file, path, formatted)) {
      collected ??= new Collected(layout, day, timeZone, sensor)
      const times = this.#timesOf(block, layout)
      for (const [device, time] of times.latest) latest.set(device, Math.max(time, latest.get(device) ?? time))
      if (times.last >= from && times.first < to) collected.take(rowsOf(block, layout))
    }
    if (!collected) throw new SurveyMissing(`${path} is empty`)
    const { readings, refused, refusedCount, empty } = collected.finish()
    if (readings.length === 0 && refusedCount === 0) {
      throw new SurveyMissing(`${path} ${whyNone(day, formatted, collected, latest, empty)}`)
    }
    const bytes = new TextEncoder().encode(formatSurvey(readings))
    checkSize(path, "has", bytes.length, limitBytes)
    return { bytes, refused, refusedCount }
  }

  #timesOf(block: Block, layout: Layout): Times {
    let known = this.#known.get(layout.format)
    if (!known) this.#known.set(layout.format, (known = new Map()))
    const key = `${block.hash} ${block.line === 1 ? "head" : layout.time} ${layout.device}`
    const times = known.get(key) ?? findTimes(block, layout)
    if (known.size >= BLOCKS_REMEMBERED) known.clear()
    known.set(key, times)
    return times
  }
}

function findTimes(block: Block, layout: Layout): Times {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  const latest = new Map<string, number>()
  visitTimes(block, layout, (time, device) => {
    if (Number.isNaN(time)) return
    if (time < first) first = time
    if (time > last) last = time
    if (!(time <= (latest.get(device) ?? Number.NEGATIVE_INFINITY))) latest.set(device, time)
  })
  return { first, last, latest }
}

/** The rows of one day and device. */
class Collected {
  readonly times: LocalTimes
  readonly #readings = new Map<number, Reading>()
  readonly #refused: RefusedLine[] = []
  #refusedCount = 0
  #empty = 0
  /** Refused rows without a time, of which the next one tells the day. */
  #undated: RefusedLine[] = []
  #isOnDay: boolean | undefined

  constructor(
    private readonly layout: Layout,
    private readonly day: Day,
    private readonly timeZone: string,
    private readonly sensor: string,
  ) {
    this.times = new LocalTimes(layout, timeZone)
  }

  take(rows: readonly Row[]): void {
    this.#isOnDay = undefined
    for (const row of rows) {
      const isAnothers = this.layout.device !== undefined && row.device !== this.sensor
      if (isAnothers && !(row.kind === "refused" && row.device === "")) continue
      if (Number.isNaN(row.time)) this.#takeUndated(row)
      else this.#takeDated(row)
    }
    this.#undated = []
  }

  finish() {
    const refused = this.#refused.sort((a, b) => a.line - b.line)
    const change = clockChange(this.day, this.timeZone)
    const order = (reading: Reading) => elapsedSeconds(reading, change)
    const readings = [...this.#readings.values()].sort((a, b) => order(a) - order(b))
    return { readings, refused, refusedCount: this.#refusedCount, empty: this.#empty }
  }

  #takeUndated(row: Row): void {
    if (row.kind !== "refused") return
    if (this.#isOnDay === undefined) this.#undated.push(row)
    else if (this.#isOnDay) this.#refuse(row)
  }

  #takeDated(row: Row): void {
    const instant = this.times.instantOf(row)
    // a time that the clock skips is on the day that it names
    this.#isOnDay = this.times.dayOf(instant ?? row.time) === this.day
    if (this.#isOnDay) for (const undated of this.#undated) this.#refuse(undated)
    this.#undated = []
    if (!this.#isOnDay) return
    if (row.kind === "empty") this.#empty++
    else if (row.kind === "refused") this.#refuse(row)
    else if (instant === undefined) this.#refuse(skipped(row))
    else this.#add(instant, row)
  }

  #add(instant: number, row: Extract<Row, { kind: "values" }>): void {
    const { reading } = this.times.place(instant, row)
    const known = this.#readings.get(instant)
    if (!known) this.#readings.set(instant, reading)
    else if (known.temperature !== reading.temperature || known.humidity !== reading.humidity) {
      const { line, text } = row
      const time = formatTime(reading.seconds, reading.offset)
      this.#refuse({ line, text, rule: `Time must not come twice with other values: it is ${time}` })
    }
  }

  #refuse({ line, rule, text }: RefusedLine): void {
    if (this.#refusedCount++ < REFUSED_ROWS_KEPT) this.#refused.push({ line, rule, text })
  }
}

function whyNone(
  day: Day,
  { format, sensor }: Formatted,
  { times }: Collected,
  latest: ReadonlyMap<string, number>,
  empty: number,
): string {
  const whose = format.device ? ` of ${sensor}` : ""
  if (empty > 0) return `has ${empty} rows${whose} of ${shortDay(day)}, and no values in them`
  const last = latest.get(format.device ? sensor : "")
  if (last !== undefined) {
    const lastDay = times.dayOf(times.instantOf({ time: last, device: "" }) ?? last)
    const what = format.device ? ` of ${sensor} of ${shortDay(day)}` : ` of ${shortDay(day)}`
    return `has no reading${what}, its last is of ${shortDay(lastDay, day)}`
  }
  const names = [...latest.keys()]
  if (names.length === 0) return "has no readings"
  return `has no rows of ${sensor}${didYouMean(sensor, names, `: it has rows of ${names.slice(0, 10).join(", ")}`)}`
}
