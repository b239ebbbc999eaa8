// Who knows what was sent and acknowledged, what a person dropped, and what the course itself took out of the world.
import type { Day } from "../../../src/survey/calendar"
import { parseAddress } from "../../../src/topology/address"
import { type Reading, readingsOf } from "./reading"
import type { Dropped } from "./store"

export class Oracle {
  /** Whatever was on its way: nothing else may be in the store. */
  readonly #sent = new Set<Reading>()
  readonly #acknowledged = new Set<Reading>()
  /** Acknowledged, then dropped by a person: up to this revision it must not come back. */
  readonly #dropped = new Map<Reading, { readonly revision: number; readonly replacements: number }>()
  /** Sent anew after a drop, perhaps to a spool of before, which knows it under a revision that the drop covers. */
  readonly #mayBeCovered = new Set<Reading>()
  /** What a person has dropped at some time, also where nothing of it had been sent yet. */
  readonly #drops: Dropped[] = []
  #excused = 0
  #replacements = 0

  sent(ip: string, day: Day, text: string): void {
    for (const reading of readingsOf(ip, day, text)) this.#sent.add(reading)
  }

  /** The gateway has said that this is safe. */
  acknowledged(ip: string, day: Day, text: string): void {
    for (const reading of readingsOf(ip, day, text)) {
      this.#acknowledged.add(reading)
      const dropped = this.#dropped.get(reading)
      if (dropped && dropped.replacements < this.#replacements) this.#mayBeCovered.add(reading)
      this.#dropped.delete(reading)
    }
  }

  /** A person has dropped what there was of a day until now. */
  drop(dropped: Dropped): void {
    this.#drops.push(dropped)
    const { revision } = dropped
    for (const reading of this.#acknowledged) {
      const [ip = "", day = ""] = reading.split(" ")
      if (!isOf(dropped, ip, day)) continue
      this.#acknowledged.delete(reading)
      this.#dropped.set(reading, { revision, replacements: this.#replacements })
    }
  }

  /** The course has destroyed databases; only what these hold can still be asked for. */
  excuse(left: ReadonlySet<Reading>): void {
    this.#replacements++
    for (const reading of this.#acknowledged) {
      if (left.has(reading)) continue
      this.#acknowledged.delete(reading)
      this.#excused++
    }
  }

  /** Of days that a person has dropped, what is gone may be gone. */
  forgive(isGone: (reading: Reading) => boolean): void {
    for (const reading of this.#acknowledged) {
      const [ip = "", day = ""] = reading.split(" ")
      if (this.wasTouched(ip, day as Day) && isGone(reading)) this.#acknowledged.delete(reading)
    }
  }

  /** What is to be looked for. */
  get owing(): ReadonlySet<Reading> {
    return this.#acknowledged
  }

  /** Whether a drop that a spool tells again, to a store that had lost it, may take this. */
  mayBeCovered(reading: Reading): boolean {
    return this.#mayBeCovered.has(reading)
  }

  get excused(): number {
    return this.#excused
  }

  wasSent(reading: Reading): boolean {
    return this.#sent.has(reading)
  }

  /** The revision up to which it must not come back; undefined where nobody dropped it, or it came anew since. */
  droppedUpTo(reading: Reading): number | undefined {
    return this.#dropped.get(reading)?.revision
  }

  /** Whether a person dropped something of this device's day: it may have left the store. */
  wasTouched(ip: string, day: Day): boolean {
    return this.#drops.some((dropped) => isOf(dropped, ip, day))
  }
}

function isOf({ day, first, last }: Dropped, ip: string, of: string): boolean {
  const address = parseAddress(ip) ?? 0
  return of === day && first <= address && address <= last
}
