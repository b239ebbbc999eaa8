// What the rows of a foreign file say, whatever it is written in.
import type { Zone } from "./zone"

/** `time` is as the file's clock has it, seconds since 1970, NaN where it cannot be read. */
interface Place {
  /** From 1. */
  readonly line: number
  readonly time: number
  /** As the file calls it, "" where it does not say. */
  readonly device: string
}

export interface ValuesRow extends Place {
  readonly kind: "values"
  readonly temperature: number
  readonly humidity: number
  readonly text: string
}

/** A value is not there; `lacks` tells which one, where it can be told. */
interface EmptyRow extends Place {
  readonly kind: "empty"
  readonly lacks?: string
}

interface Refused extends Place {
  readonly kind: "refused"
  readonly rule: string
  readonly text: string
}

/** Only a refused row has a time that cannot be read. */
export type Row = ValuesRow | EmptyRow | Refused

/** The clock by which a file's times are written. */
export interface FileClock {
  /** Times are of UTC, whatever the zone. */
  readonly isUtc: boolean
  readonly zone: Zone
}

/** Some of a file's rows. */
export interface Piece {
  /** The same for the same rows, read the same way. */
  readonly key: string
  /** How far into the file it reaches, bytes. */
  readonly end: number
  readonly clock: FileClock
  /** In the order of the file. */
  rows(): Row[]
  /** When its rows are, and whose: quicker than reading them. */
  visitTimes(visit: (time: number, device: string) => void): void
}
