// Readings that came as plain text, kept beside what the gateway delivers: nothing is ever deleted here.
import type { Database } from "bun:sqlite"
import type { ClockChange, Day } from "../survey/calendar"
import { compareReadings, elapsedSeconds, formatTime, parseTime, type Reading } from "../survey/reading"

/** Whose readings, and when they were taken. */
export interface DeviceDay {
  readonly siteId: number
  readonly day: Day
  readonly address: number
}

interface Row {
  readonly time: string
  readonly second_pass: number
  readonly temperature: number
  readonly humidity: number
}

export class Added {
  constructor(private readonly sqlite: Database) {}

  /** Keeps readings, within the caller's transaction. `now` is in ms since 1970. */
  put(of: DeviceDay, readings: readonly Reading[], now: number): void {
    const receivedAt = Math.max(this.#lastReceivedAt(of) + 1, now)
    const insert = this.sqlite.query<null, (string | number)[]>(
      `INSERT INTO added VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
       ON CONFLICT DO UPDATE SET received_at = excluded.received_at`,
    )
    for (const { seconds, offset, temperature, humidity } of readings) {
      const pass = offset === undefined ? 0 : 1
      insert.run(of.siteId, of.day, of.address, formatTime(seconds), pass, temperature, humidity, receivedAt)
    }
  }

  /** The last received reading of each instant, in the order of the day. `change` is what the clock does on it. */
  latest({ siteId, day, address }: DeviceDay, change: ClockChange): Reading[] {
    const rows = this.sqlite
      .query<Row, [number, Day, number]>(
        `SELECT time, second_pass, temperature, humidity FROM added
         WHERE site = ?1 AND day = ?2 AND address = ?3 ORDER BY received_at`,
      )
      .all(siteId, day, address)
    const latest = new Map<number, Reading>()
    for (const { time, second_pass, temperature, humidity } of rows) {
      const offset = second_pass === 1 ? change.repeated?.offsets[1] : undefined
      const reading = { seconds: parseTime(time), offset, temperature, humidity }
      latest.set(elapsedSeconds(reading, change), reading)
    }
    return [...latest.values()].sort((a, b) => compareReadings(a, b, change))
  }

  #lastReceivedAt({ siteId, day, address }: DeviceDay): number {
    const row = this.sqlite
      .query<{ last: number | null }, [number, Day, number]>(
        "SELECT max(received_at) AS last FROM added WHERE site = ?1 AND day = ?2 AND address = ?3",
      )
      .get(siteId, day, address)
    return row?.last ?? 0
  }
}
