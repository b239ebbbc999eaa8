// What has landed and is not in its place yet, day by day, and what it takes to put it there.
import type { Day } from "../../survey/calendar"
import { type Bytes, placingNeeds, surveyBytes } from "./space"

/** So many surveys, with so many bytes of text together. */
export interface Amount {
  surveys: number
  bytes: number
}

export interface AmountOfDay extends Amount {
  readonly day: Day
}

interface LandedDay extends Amount {
  /** Of the same day, in their place. */
  readonly placed: Amount
}

export class Landed {
  readonly #days = new Map<Day, LandedDay>()
  #surveys = 0

  get surveys(): number {
    return this.#surveys
  }

  get days(): Day[] {
    return [...this.#days.keys()]
  }

  get all(): AmountOfDay[] {
    return Array.from(this.#days, ([day, { surveys, bytes }]) => ({ day, surveys, bytes }))
  }

  has(day: Day): boolean {
    return this.#days.has(day)
  }

  placedOf(day: Day): Amount | undefined {
    return this.#days.get(day)?.placed
  }

  /** @param placed what is in its place of this day; it may change */
  add(day: Day, { surveys, bytes }: Amount, placed: Amount): void {
    this.#surveys += surveys
    const known = this.#days.get(day)
    if (!known) this.#days.set(day, { surveys, bytes, placed })
    else {
      known.surveys += surveys
      known.bytes += bytes
    }
  }

  /** One of this day is longer now, or shorter. */
  resize(day: Day, byBytes: number): void {
    const known = this.#days.get(day)
    if (known) known.bytes += byBytes
  }

  /** So many of this day are in their place now. */
  place(day: Day, { surveys, bytes }: Amount): void {
    const known = this.#days.get(day)
    if (!known) return
    known.placed.surveys += surveys
    known.placed.bytes += bytes
    known.surveys -= surveys
    known.bytes -= bytes
    this.#surveys -= surveys
    if (known.surveys === 0) this.#days.delete(day)
  }

  /** Beside what they take where they landed. */
  needs(page: number): Bytes {
    let bytes = 0
    for (const landed of this.#days.values()) bytes += takes(landed, page)
    return placingNeeds(bytes, this.splits(page), page)
  }

  /** Pages that they may split, all together. */
  splits(page: number): number {
    let splits = 0
    for (const landed of this.#days.values()) splits += splitsOf(landed, page)
    return splits
  }

  /** How often others may split a page of this day, in its place or where some have landed. */
  splittable(day: Day, placed: Amount, page: number): number {
    const landed = this.#days.get(day)
    if (!landed) return mostSplits(placed, page)
    return mostSplits(placed, page) - splitsOf(landed, page) + mostSplits(landed, page)
  }
}

const splitsOf = (landed: LandedDay, page: number): number => Math.min(landed.surveys, mostSplits(landed.placed, page))

/** A page is split together with its neighbours, three full ones into four that are not: a third of them, and some more. */
const mostSplits = (amount: Amount, page: number): number => Math.ceil(takes(amount, page) / page / 2)

const takes = ({ surveys, bytes }: Amount, page: number): number =>
  surveys === 0 ? 0 : surveys * surveyBytes(bytes / surveys, page)
