// A plain bulk insert: rows of one size in the order of their keys, durable, in commits as the gateway's window makes them.
import { Database } from "bun:sqlite"

export const TOGETHER = 512

/** Milliseconds for so many rows of so many bytes into a new file. */
export function insertMs(file: string, rows: number, rowBytes: number): number {
  const database = new Database(file)
  database.run("PRAGMA journal_mode = WAL")
  database.run("PRAGMA synchronous = FULL")
  database.run("CREATE TABLE surveys (place INTEGER PRIMARY KEY, body BLOB NOT NULL)")
  const insert = database.query("INSERT INTO surveys VALUES (?1, ?2)")
  const body = new Uint8Array(rowBytes)
  const startedAt = performance.now()
  for (let at = 0; at < rows; at += TOGETHER) {
    database.transaction(() => {
      for (let place = at; place < Math.min(at + TOGETHER, rows); place++) insert.run(place, body)
    })()
  }
  const elapsedMs = performance.now() - startedAt
  database.close()
  return elapsedMs
}
