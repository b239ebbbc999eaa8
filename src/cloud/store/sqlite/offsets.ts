// What the zones' clocks are from UTC on the stored days: SQLite cannot tell, and the view `readings` shows instants.
import { type Day, isTimeZone } from "../../../survey/calendar"
import { offsetsOn } from "../../../survey/offsets"
import type { Query } from "./query"

/** Not those of a zone that this runtime does not know, as another one may have; within the caller's transaction. */
export function noteOffsets(query: Query, zoneId: number, zone: string, day: Day): void {
  if (!isTimeZone(zone)) return
  const { offset, changesAt, offsetAfter } = offsetsOn(day, zone)
  query("INSERT OR IGNORE INTO offsets VALUES (?1, ?2, ?3, ?4, ?5)").run(zoneId, day, offset, changesAt, offsetAfter)
}
