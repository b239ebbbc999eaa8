// What is read of the store as tables: each reading, or each device's day in numbers. New columns stand behind the old ones,
// which keep their places.
import type { Day } from "../../survey/calendar"
import { offsetsOn, timestampOf } from "../../survey/offsets"
import { type DayStatistics, statisticsOf } from "../../survey/statistics"
import { formatAddress } from "../../topology/address"
import type { StoredDay } from "../store/pages"

/** `instant`: as RFC 3339 writes it; `time`: of the day; `count`: a whole number. */
export type Kind = "text" | "day" | "time" | "instant" | "number" | "count"

/** A row's value in a flat table; null where there is nothing, of a column where that may be. */
export interface Column<Row> {
  readonly name: string
  readonly kind: Kind
  readonly isOptional: boolean
  readonly of: (row: Row) => string | number | null
}

/** A row is a document, in the words of JSON. */
export interface Table<Row> {
  readonly columns: readonly Column<Row>[]
}

/** Rows as they are read, a page at a time. */
export type Pages<Row> = AsyncIterable<readonly Row[]>

/** One whose rows come of the stored surveys, none of an empty one. */
export interface SurveyTable<Row> extends Table<Row> {
  readonly rowsOf: (survey: StoredDay, name: string | undefined) => readonly Row[]
}

interface DeviceDayRow {
  readonly site: string
  /** Its address. */
  readonly device: string
  readonly day: Day
  readonly name: string | null
}

/** °C and %. */
export interface ReadingRow extends DeviceDayRow {
  /** Local; in the second pass of an hour that comes twice its offset stands behind it. */
  readonly time: string
  readonly temperature: number
  readonly humidity: number
  /** Null of a zone that this runtime does not know. */
  readonly timestamp: string | null
}

export type DayRow = DeviceDayRow & DayStatistics

type Columns<Row> = { readonly [name: string]: readonly [kind: Kind, of: Column<Row>["of"], optional?: "optional"] }

export const columnsOf = <Row>(columns: Columns<Row>): Column<Row>[] =>
  Object.entries(columns).map(([name, [kind, of, optional]]) => ({
    name,
    kind,
    of,
    isOptional: optional !== undefined,
  }))

export const READINGS: SurveyTable<ReadingRow> = {
  columns: columnsOf<ReadingRow>({
    site: ["text", ({ site }) => site],
    device: ["text", ({ device }) => device],
    day: ["day", ({ day }) => day],
    time: ["time", ({ time }) => time],
    temperature: ["number", ({ temperature }) => temperature],
    humidity: ["number", ({ humidity }) => humidity],
    timestamp: ["instant", ({ timestamp }) => timestamp, "optional"],
    name: ["text", ({ name }) => name, "optional"],
  }),
  rowsOf: ({ site, address, day, zone, readings }, label) => {
    const name = label ?? null
    const device = formatAddress(address)
    const offsets = knownOffsets(day, zone)
    return readings.map(([time, temperature, humidity]) => {
      const timestamp = offsets ? timestampOf(day, time, offsets) : null
      return { site, device, day, time, temperature, humidity, timestamp, name }
    })
  },
}

/** Undefined of a zone that this runtime does not know. */
function knownOffsets(day: Day, zone: string) {
  try {
    return offsetsOn(day, zone)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export const DAYS: SurveyTable<DayRow> = {
  columns: columnsOf<DayRow>({
    site: ["text", ({ site }) => site],
    device: ["text", ({ device }) => device],
    day: ["day", ({ day }) => day],
    readings: ["count", ({ readings }) => readings],
    temperature_min: ["number", ({ temperature }) => temperature.min],
    temperature_mean: ["number", ({ temperature }) => temperature.mean],
    temperature_max: ["number", ({ temperature }) => temperature.max],
    humidity_min: ["number", ({ humidity }) => humidity.min],
    humidity_mean: ["number", ({ humidity }) => humidity.mean],
    humidity_max: ["number", ({ humidity }) => humidity.max],
    name: ["text", ({ name }) => name, "optional"],
  }),
  rowsOf: ({ site, address, day, readings }, label) => {
    const name = label ?? null
    const statistics = statisticsOf(readings)
    return statistics ? [{ site, device: formatAddress(address), day, ...statistics, name }] : []
  },
}
