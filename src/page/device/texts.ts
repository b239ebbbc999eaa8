// Numbers and days as the page of a device writes them.
import { type Day, describeDay } from "../../survey/calendar"

/** "−1.5": as plainly as it can be written, or to so many places. */
export const decimal = (value: number, places?: number): string =>
  (places === undefined ? String(value) : value.toFixed(places)).replace(/^-(?!0(\.0*)?$)/, "−").replace(/^-/, "")

/** "+1.5", "−0.4" and "0.0". */
export function difference(value: number, places: number): string {
  const text = decimal(value, places)
  return value > 0 && Number(text) !== 0 ? `+${text}` : text
}

export const celsius = (value: number, places?: number): string => `${decimal(value, places)} °C`
export const percent = (value: number, places?: number): string => `${decimal(value, places)} %`

/** "22 Nov"; with its year when that is not the year of `today`. */
export function briefDay(day: Day, today: Day = day): string {
  const [, date = "", month = "", year = ""] = describeDay(day).split(" ")
  return `${date} ${month.slice(0, 3)}${day.slice(0, 4) === today.slice(0, 4) ? "" : ` ${year}`}`
}

/** "Sun 22 Nov" */
export const weekday = (day: Day, today?: Day): string => `${describeDay(day).slice(0, 3)} ${briefDay(day, today)}`

/** "16 to 22 Nov" */
export function briefSpan(from: Day, to: Day, today: Day = to): string {
  if (from === to) return briefDay(to, today)
  const isSameMonth = from.slice(0, 7) === to.slice(0, 7)
  return `${isSameMonth ? Number(from.slice(8)) : briefDay(from, to)} to ${briefDay(to, today)}`
}
