// A reading in the oracle's own words, and what a survey's text says in them.
import type { Day } from "../../../src/survey/calendar"

/** A value of one device, day and time: "192.168.1.2 2026-11-21 08:00 20.5 30". */
export type Reading = string

const readingOf = (ip: string, day: Day, line: string): Reading => {
  const [time, temperature, humidity = ""] = line.split(" - ")
  return `${ip} ${day} ${time} ${temperature} ${humidity.replace("%", "")}`
}

/** The readings of a survey's text. */
export const readingsOf = (ip: string, day: Day, text: string): Reading[] =>
  text.split("\n").flatMap((line) => (line === "" ? [] : [readingOf(ip, day, line)]))
