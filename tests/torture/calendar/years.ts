// The years of the full form, in the order in which a smaller one takes them: every place, with every kind of trouble.
import { PLACES, type Place } from "./places"
import { KINDS, type Kind } from "./plan"

export const YEARS = PLACES.length * KINDS.length

export interface Year {
  readonly place: Place
  readonly kind: Kind
}

/** @param number from 0; behind the last one they begin again, with other seeds */
export function yearOf(number: number): Year {
  const [place] = PLACES.slice(number % PLACES.length)
  const [kind] = KINDS.slice((number + Math.floor(number / PLACES.length)) % KINDS.length)
  if (!place || !kind) throw new RangeError(`There is no year ${number}`)
  return { place, kind }
}
