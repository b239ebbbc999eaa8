// What was sent for which device and day, and what of it was acknowledged: kept outside of the programme.
import type { Day } from "../../../src/survey/calendar"
import { merge, type Reading } from "./readings"

/** One survey on its way. */
export interface Sent {
  readonly ip: string
  readonly day: Day
  readonly readings: readonly Reading[]
  /** Stored before this cycle. */
  readonly earlier: boolean
  acknowledged: boolean
}

export class Book {
  /** Acknowledgements so far. */
  count = 0
  /** Told of each acknowledgement, with their count. */
  onAcknowledged: (count: number) => void = () => {}
  readonly #sent = new Map<string, Sent[]>()

  /** Writes down a survey that is about to be sent; of one device and day the one before must have been settled. */
  send(ip: string, day: Day, readings: readonly Reading[]): Sent {
    return this.#enter({ ip, day, readings, earlier: false, acknowledged: false })
  }

  /** Writes down a survey that was stored before the cycle. */
  keep(ip: string, day: Day, readings: readonly Reading[]): void {
    this.#enter({ ip, day, readings, earlier: true, acknowledged: true })
  }

  acknowledge(sent: Sent): void {
    sent.acknowledged = true
    this.onAcknowledged(++this.count)
  }

  /** The surveys of each device and day, in the order in which they were sent. */
  surveys(): Iterable<readonly Sent[]> {
    return this.#sent.values()
  }

  #enter(sent: Sent): Sent {
    const key = keyOf(sent)
    this.#sent.set(key, [...(this.#sent.get(key) ?? []), sent])
    return sent
  }
}

export const keyOf = ({ ip, day }: { readonly ip: string; readonly day: string }): string => `${day} ${ip}`

/** What must be stored of one device and day: everything that was acknowledged. */
export const promised = (surveys: readonly Sent[]): Reading[] =>
  merge(surveys.filter(({ acknowledged }) => acknowledged).map(({ readings }) => readings))

/** What may be stored: with the last one too, whose acknowledgement may have died with its sender. */
export const possible = (surveys: readonly Sent[]): Reading[] => merge(surveys.map(({ readings }) => readings))
