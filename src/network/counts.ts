// What a network has done since its start, by the events that it tells.
import type { Event } from "./events"

export class Counts {
  readonly #counts = {
    uploadsPostponed: 0,
    surveysDelivered: 0,
    readingsDelivered: 0,
    deliveryFailures: 0,
    runsComplete: 0,
    runsIncomplete: 0,
  }
  #lastRunMs: number | undefined

  /** `lastRunMs` is there when a run has ended. */
  get all(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...(this.#lastRunMs !== undefined && { lastRunMs: this.#lastRunMs }) }
  }

  readonly hear = (event: Event): void => {
    switch (event.kind) {
      case "uploads-refused":
        this.#counts.uploadsPostponed++
        break
      case "delivered":
        this.#counts.surveysDelivered += event.surveys
        this.#counts.readingsDelivered += event.readings
        break
      case "not-delivered":
        this.#counts.deliveryFailures++
        break
      case "run-failed":
        this.#counts.runsIncomplete++
        break
      case "run-finished":
        this.#counts[event.summary.complete ? "runsComplete" : "runsIncomplete"]++
        this.#lastRunMs = event.summary.elapsedMs
    }
  }
}
