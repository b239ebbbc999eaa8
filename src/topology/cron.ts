// Cron expressions. The cron package, with its luxon, takes 8 ms to load: it waits until there is something to ask it.
import type { CronTime } from "cron"
import { WRITTEN } from "./yaml/problem"

const DAILY = /^[0-5]?\d (?:[01]?\d|2[0-3]) \* \* \*$/

const PARTS = [
  ["second", "0 to 59"],
  ["minute", "0 to 59"],
  ["hour", "0 to 23"],
  ["day", "1 to 31"],
  ["month", "1 to 12"],
  ["weekday", "0 to 7 (0 and 7 are Sunday)"],
] as const

/** What a cron expression is, in a message. */
export const CRON_RULE = 'minute, hour, day, month and weekday, such as "0 6 * * *"'

/** Whether it is what almost everybody writes, a minute and an hour of every day; the package need not be asked then. */
export const isDaily = (expression: string): boolean => DAILY.test(expression)

/** As the package reads it, on UTC's clock. Throws the package's error where it cannot. */
export function readCron(expression: string): CronTime {
  const { CronTime } = require("cron") as typeof import("cron")
  return new CronTime(expression, "UTC")
}

/** Why a schedule cannot be this one, as a Finding's message; undefined for one that comes, and at most once a day. */
export function cronFault(expression: string | undefined): string | undefined {
  if (expression === undefined || isDaily(expression)) return undefined
  const time = attempt(() => readCron(expression))
  if (!time) return unreadable(expression)
  const [second = "*", minute = "*", hour = "*", dayOfMonth] = time.toJSON()
  if (![second, minute, hour].every((part) => /^\d+$/.test(part))) {
    return `must fire at most once a day, as "0 6 * * *" does: it is ${WRITTEN}`
  }
  // Only the day of the month can make a time that never comes, such as 30 February. Looking takes cron some 10 ms.
  if (dayOfMonth === "*" || attempt(() => time.getNextDateFrom(new Date(0), "UTC"))) return undefined
  return `never comes, as no month that it names has such a day: it is ${WRITTEN}`
}

/** The package's errors are in its own words: it is asked part by part, and which part is wrong is said in ours. */
function unreadable(expression: string): string {
  const [, hour, minute] = /^(\d\d?):(\d\d)$/.exec(expression.trim()) ?? []
  if (hour && minute) {
    return `must be ${CRON_RULE}: it is ${WRITTEN}, write "${Number(minute)} ${Number(hour)} * * *" for every day at that time`
  }
  const written = expression.trim().split(/\s+/)
  const named = PARTS.slice(PARTS.length - written.length)
  if (written.length < 5 || named.length < written.length) return `must be ${CRON_RULE}: it is ${WRITTEN}`
  for (const [index, [name, range]] of named.entries()) {
    const part = written[index] ?? ""
    const alone = named.map((_, other) => (other === index ? part : "*")).join(" ")
    if (!attempt(() => readCron(alone))) return `the ${name} must be ${range}, or *: it is ${part} in ${WRITTEN}`
  }
  return `must be ${CRON_RULE}: it is ${WRITTEN}`
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined // whoever asked says why
  }
}
