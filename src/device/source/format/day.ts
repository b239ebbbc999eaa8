// One day of one device, out of files that may hold months of many: the ordinary text of a survey.
import { didYouMean } from "../../../nearest"
import { type Day, shortDay } from "../../../survey/calendar"
import { formatSurvey } from "../../../survey/survey"
import type { Format } from "../../../topology/formats/schema"
import type { SurveyText } from "../file"
import { checkSize, SurveyMissing, SurveyPassed } from "../missing"
import { Collected } from "./collected"
import { type Formatted, openFile, piecesOf } from "./file"
import type { Piece } from "./row"
import { filesOf } from "./several"

export interface DayQuestion {
  /** What relative paths start from. */
  readonly folder: string
  /** The file's path, or that of several. */
  readonly path: string
  readonly day: Day
  /** limits.survey */
  readonly limitBytes: number
  readonly formatted: Formatted
  /** Since the epoch. */
  readonly nowMs: number
}

/** When the rows of a piece are, as the file's clock has it, and the latest of each device. */
interface Times {
  readonly first: number
  readonly last: number
  readonly latest: ReadonlyMap<string, number>
}

const DAY_SECONDS = 86_400
const CLOCKS_DIFFER_DAYS = 2 // the file's and the site's may be 26 hours apart
const PIECES_REMEMBERED = 65_536
const DEVICES_REMEMBERED = 1_000_000 // of all pieces: a file may have another name in each row
const NAMES_REMEMBERED = 1000

/** Looks at each piece of a file once, and again only where it changed: the day's rows may stand anywhere in it. */
export class DayReader {
  readonly #known = new WeakMap<Format, { readonly pieces: Map<string, Times>; devices: number }>()

  /** Throws SurveyMissing. */
  async read({ folder, path, day, limitBytes, formatted, nowMs }: DayQuestion): Promise<SurveyText> {
    const start = Temporal.PlainDate.from(day).toZonedDateTime("UTC").epochMilliseconds / 1000
    const from = start - CLOCKS_DIFFER_DAYS * DAY_SECONDS
    const to = start + (CLOCKS_DIFFER_DAYS + 1) * DAY_SECONDS
    const latest = new Map<string, number>()
    const collected = new Collected(day, formatted)
    let untimed: string | undefined
    for (const each of await filesOf(folder, path)) {
      await using file = await openFile(folder, each)
      let isBegun = false
      let isNear = false
      for await (const piece of piecesOf(file, each, formatted, nowMs)) {
        if (!isBegun) collected.begin(each, piece.clock)
        isBegun = true
        const times = this.#timesOf(piece, formatted.format)
        for (const [device, time] of times.latest) {
          const isKnown = latest.has(device) || device === formatted.sensor
          if (isKnown || latest.size < NAMES_REMEMBERED) latest.set(device, Math.max(time, latest.get(device) ?? time))
        }
        const isTimed = times.latest.size > 0
        if (latest.size === 0) untimed ??= firstRefused(piece, each)
        // a line that is cut may be all of a piece
        if (!isTimed && isNear) collected.goOn(piece.rows())
        if (!isTimed) continue
        isNear = times.last >= from && times.first < to
        if (isNear) collected.take(piece.rows())
      }
    }
    if (!collected.times) throw new SurveyMissing(`${path} is empty`)
    if (latest.size === 0) throw new SurveyMissing(`${path} has no readings${untimed ? `: ${untimed}` : ""}`)
    const { readings, refused, refusedCount } = collected.finish()
    const last = lastDay(formatted, collected, latest) ?? day
    if (readings.length === 0 && refusedCount === 0) {
      const why = `${path} ${whyNone(day, formatted, collected, latest)}`
      throw last > day && collected.empty === 0 ? new SurveyPassed(why) : new SurveyMissing(why)
    }
    const bytes = new TextEncoder().encode(formatSurvey(readings))
    checkSize(path, "has", bytes.length, limitBytes)
    return { bytes, refused, refusedCount, isPart: last <= day }
  }

  #timesOf(piece: Piece, format: Format): Times {
    let known = this.#known.get(format)
    const times = known?.pieces.get(piece.key)
    if (times) return times
    if (!known || known.pieces.size >= PIECES_REMEMBERED || known.devices >= DEVICES_REMEMBERED) {
      this.#known.set(format, (known = { pieces: new Map(), devices: 0 }))
    }
    const found = findTimes(piece)
    known.pieces.set(piece.key, found)
    known.devices += found.latest.size
    return found
  }
}

function findTimes(piece: Piece): Times {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  const latest = new Map<string, number>()
  piece.visitTimes((time, device) => {
    if (Number.isNaN(time)) return
    if (time < first) first = time
    if (time > last) last = time
    if (!(time <= (latest.get(device) ?? Number.NEGATIVE_INFINITY))) latest.set(device, time)
  })
  return { first, last, latest }
}

/** Of rows none of which has a time that can be read. */
function firstRefused(piece: Piece, path: string): string | undefined {
  const row = piece.rows().find(({ kind }) => kind === "refused")
  return row?.kind === "refused" ? `${path}:${row.line} ${row.rule}` : undefined
}

/** That of the device's latest row; undefined without any. */
function lastDay(
  { format, sensor }: Formatted,
  { times }: Collected,
  latest: ReadonlyMap<string, number>,
): Day | undefined {
  const last = latest.get(format.device ? sensor : "")
  return last === undefined ? undefined : times?.dayNamed(last)
}

function whyNone(day: Day, formatted: Formatted, collected: Collected, latest: ReadonlyMap<string, number>): string {
  const { format, sensor } = formatted
  const { empty, lacks } = collected
  const whose = format.device ? ` of ${sensor}` : ""
  if (empty > 0) {
    return `has ${empty} rows${whose} of ${shortDay(day)}, and ${lacks ? `nothing at ${lacks}` : "no values in them"}`
  }
  const last = lastDay(formatted, collected, latest)
  if (last !== undefined) {
    const what = format.device ? ` of ${sensor} of ${shortDay(day)}` : ` of ${shortDay(day)}`
    return `has no reading${what}, its last is of ${shortDay(last, day)}`
  }
  const names = [...latest.keys()].filter((name) => name !== "")
  const others = names.length > 0 ? `: it has rows of ${names.slice(0, 10).join(", ")}` : ""
  return `has no rows of ${sensor}${didYouMean(sensor, names, others)}`
}
