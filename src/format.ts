// Quantities, devices and errors in words.
import { printable } from "./printable"

export const count = (number: number, singular: string, plural = `${singular}s`): string =>
  `${number} ${number === 1 ? singular : plural}`

/** "192.168.1.2 tomatoes", printable: columns stand below each other. */
export const labelOf = ({ ip, name }: { readonly ip: string; readonly name?: string | null | undefined }): string =>
  name ? `${ip} ${printable(name)}` : ip

/** What an error says; whatever else was thrown, as text. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const UNITS = ["KB", "MB", "GB", "TB"]

/** "272 B", "1.5 KB", "12 MB" */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  let value = bytes / 1024
  let unit = 0
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`
}

/** "61 ms", "2.4 s", "3 min 20 s" */
export function formatElapsed(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

/** "18 h 32 min", "24 h", "3 d 4 h", "less than a minute" */
export function formatWait(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  const hours = Math.floor(minutes / 60)
  if (minutes < 1) return "less than a minute"
  return hours < 48 ? twoUnits(hours, "h", minutes % 60, "min") : twoUnits(Math.floor(hours / 24), "d", hours % 24, "h")
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const parts = [large > 0 ? `${large} ${largeUnit}` : "", small > 0 ? `${small} ${smallUnit}` : ""]
  return parts.filter((part) => part !== "").join(" ")
}

/** "today 18:00 Europe/Rome", "tomorrow 06:00 Europe/Rome", "Monday 30 November 06:00 Europe/Rome" */
export function formatWhen(instantMs: number, nowMs: number, timeZone: string): string {
  const at = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone)
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone).toPlainDate()
  const days = today.until(at.toPlainDate()).total("days")
  const date = () => at.toPlainDate().toLocaleString("en-GB", { weekday: "long", day: "numeric", month: "long" })
  const day = days === 0 ? "today" : days === 1 ? "tomorrow" : date()
  return `${day} ${at.toPlainTime().toString({ smallestUnit: "minute" })} ${timeZone}`
}
