// What the devices of a course measure, as a file of each day tells it: as far as the day has come, and corrected later.
import { SurveyMissing } from "../../../src/device/source/missing"
import { addDays, type Day, dayBefore, dayOf } from "../../../src/survey/calendar"
import { Fields } from "../network/fields"
import { TIME_ZONE } from "./declaration"

export class Measurements {
  readonly #fields: Fields

  constructor(
    seed: number,
    private readonly trueNow: () => number,
    readings?: number,
  ) {
    this.#fields = new Fields({
      seed,
      readingsOf: (_ip, random) => readings ?? 3 + (random % 6),
    })
  }

  /** The day that is over. */
  get yesterday(): Day {
    return this.dayBefore(this.trueNow())
  }

  /** The day that is over by a clock that shows this. */
  dayBefore(now: number): Day {
    return dayBefore(now, TIME_ZONE)
  }

  /** Days that are over, counted from the one before today. */
  daysAgo(days: number): Day {
    return addDays(this.yesterday, 1 - days)
  }

  /** Some values of this day are others from now on, and there is one time more. */
  correct(ip: string, day: Day): void {
    this.#fields.account(ip, day).version++
  }

  /** Lines of this day until now, from a time of day on; "" where there is none. */
  text(ip: string, day: Day, from = "00:00"): string {
    const now = this.trueNow()
    const today = dayOf(now, TIME_ZONE)
    if (day > today) return ""
    const until = day < today ? "24:00" : timeAt(now)
    let text = ""
    for (const [time, values] of this.#fields.readings(ip, day, this.#fields.account(ip, day).version)) {
      const [temperature, humidity] = values.split(" ")
      if (from <= time && time < until) text += `${time} - ${temperature} - ${humidity}%\n`
    }
    return text
  }

  /** The same as a file holds it. Throws SurveyMissing for a day of which there is nothing yet. */
  file(ip: string, day: Day): string {
    const text = this.text(ip, day)
    if (text === "") throw new SurveyMissing(`${day}/${ip}.txt not found`)
    return text
  }
}

const timeAt = (now: number): string =>
  Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(TIME_ZONE).toPlainTime().toString().slice(0, 5)
