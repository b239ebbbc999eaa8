// What a store of an earlier version has to be told once, and SQL cannot compute.
import type { Database } from "bun:sqlite"
import type { Day } from "../../../survey/calendar"
import { rememberNames } from "../names"
import { noteOffsets } from "./offsets"
import { queryOf } from "./query"

/** Reads each survey's row once; within the migration's transaction. */
export function fillStore(sqlite: Database): void {
  const query = queryOf(sqlite)
  for (const { id, devices } of query<{ id: number; devices: string }>("SELECT id, devices FROM sites").all()) {
    rememberNames(query, id, JSON.parse(devices))
  }
  const days = query<{ day: Day; id: number; zone: string }>(
    "SELECT DISTINCT day, zones.id, zones.zone FROM surveys JOIN zones ON zones.id = surveys.zone",
  )
  for (const { day, id, zone } of days.all()) noteOffsets(query, id, zone, day)
}
