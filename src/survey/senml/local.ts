/** What a zone's clock shows at an instant, as a reading has it. */
import { clockChange, type Day } from "../calendar"
import type { Reading } from "../reading"

/** @param instant seconds since 1970, whole, of the years 1970 to 9999 */
export function localTime(
  instant: number,
  timeZone: string,
): Pick<Reading, "seconds" | "offset"> & { readonly day: Day } {
  const at = Temporal.Instant.fromEpochMilliseconds(instant * 1000).toZonedDateTimeISO(timeZone)
  const day = at.toPlainDate().toString() as Day
  const seconds = (at.hour * 60 + at.minute) * 60 + at.second
  const { repeated } = clockChange(day, timeZone)
  const isSecond =
    repeated !== undefined && seconds >= repeated.from && seconds < repeated.to && at.offset === repeated.offsets[1]
  return { day, seconds, ...(isSecond && { offset: at.offset }) }
}
