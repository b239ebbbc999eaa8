// Another site of the same cloud, which has closed a day.
import { Database } from "bun:sqlite"
import { MONDAY_AT_SIX, type Site } from "../end-to-end/fixture"

export async function closeAt({ topology }: Site, name: string, report: object): Promise<void> {
  const whole = { scheduledAt: new Date(MONDAY_AT_SIX).toISOString(), arrived: [], late: [], missing: [], stale: [] }
  using sqlite = new Database(topology.cloud.store)
  sqlite.query("INSERT OR IGNORE INTO sites (site, time_zone, devices) VALUES (?1, 'Europe/Rome', '[]')").run(name)
  sqlite
    .query("INSERT OR REPLACE INTO collections SELECT id, '2026-11-22', 0, NULL, ?2, 1 FROM sites WHERE site = ?1")
    .run(name, JSON.stringify({ ...whole, refused: [], reasons: [], ...report }))
}
