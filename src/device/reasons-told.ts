// What the gateway has heard of surveys that do not come: a run that looks every minute says it once.
import type { Day } from "../survey/calendar"

/** The reasons of one run. */
export class ReasonsTold {
  readonly #days = new Map<Day, Map<number, string>>()

  /** Whether this is what was told last. */
  has(day: Day, address: number, reason: string): boolean {
    return this.#days.get(day)?.get(address) === reason
  }

  add(day: Day, address: number, reason: string): void {
    const reasons = this.#days.get(day) ?? new Map<number, string>()
    this.#days.set(day, reasons.set(address, reason))
  }
}
