// Cron expressions. The cron package, with its luxon, takes 8 ms to load: it waits until there is something to ask it.
import type { CronTime } from "cron"

const DAILY = /^[0-5]?\d (?:[01]?\d|2[0-3]) \* \* \*$/

/** Whether it is what almost everybody writes, a minute and an hour of every day; the package need not be asked then. */
export const isDaily = (expression: string): boolean => DAILY.test(expression)

/** As the package reads it, on UTC's clock. Throws the package's error where it cannot. */
export function readCron(expression: string): CronTime {
  const { CronTime } = require("cron") as typeof import("cron")
  return new CronTime(expression, "UTC")
}
