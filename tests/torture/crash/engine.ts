// What keeps the cloud's store, as the suite lays it out for a lane, keeps a copy of it, and reads it by plain SQL.
import { Database } from "bun:sqlite"
import type { Day } from "../../../src/survey/calendar"
import { keyOf } from "./book"
import type { Reading } from "./readings"

/** What is found in a store at the end of a cycle. */
export interface Found {
  /** What is not sound of it. */
  readonly problems: readonly string[]
  /** Readings by day and device, as the view shows them, each in the order of its day. */
  readonly readings: ReadonlyMap<string, readonly Reading[]>
}

export interface Engine {
  /** A lane's `cloud.store`; undefined: a file in the lane's folder, which is emptied, kept and laid out with that. */
  placeOf(lane: number): string | undefined
  /** Nothing is there after it. */
  empty(lane: number): Promise<void>
  /** Keeps a copy of what is there. */
  keep(lane: number): Promise<void>
  /** That copy is there after it, and nothing else. */
  layOut(lane: number): Promise<void>
  /** @param store a topology's `cloud.store` */
  look(store: string): Promise<Found>
}

export interface Row {
  readonly device: string
  readonly day: Day
  readonly time: string
  readonly temperature: number
  readonly humidity: number
}

export const READINGS = "SELECT device, CAST(day AS text) AS day, time, temperature, humidity FROM readings"

export function byDayAndDevice(rows: readonly Row[]): Map<string, Reading[]> {
  const found = new Map<string, Reading[]>()
  for (const { device, day, time, temperature, humidity } of rows) {
    const key = keyOf({ ip: device, day })
    found.set(key, [...(found.get(key) ?? []), [time, temperature, humidity]])
  }
  return found
}

const goesWithTheFolder = async () => {}

export const SQLITE: Engine = {
  placeOf: () => undefined,
  empty: goesWithTheFolder,
  keep: goesWithTheFolder,
  layOut: goesWithTheFolder,
  async look(store) {
    const problems = damageOf(store)
    using database = new Database(store, { readonly: true })
    return { problems, readings: byDayAndDevice(database.query<Row, []>(READINGS).all()) }
  },
}

/** What SQLite finds wrong with a database's pages. */
export function damageOf(file: string): string[] {
  using database = new Database(file)
  const rows = database.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all()
  const isSound = rows.length === 1 && rows[0]?.integrity_check === "ok"
  return isSound ? [] : [`${file}: ${JSON.stringify(rows)}`]
}
