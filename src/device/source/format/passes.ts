// An hour that a clock shows twice: which pass a row is of, as the rows of its device around it in the file tell.
import type { Row } from "./row"

const DEVICES_REMEMBERED = 100_000
const NEAR_SECONDS = 2 * 3600 // in one night, and not another part of the file

/** The last row that was placed. */
interface Before {
  readonly row: Row
  readonly at: number
  /** From the one before it of another time, seconds. */
  readonly step: number
}

/** Of one file: `look()` at some rows, and then of each in their order `choose()` where its time comes twice, and `remember()`. */
export class Passes {
  readonly #before = new Map<string, Before>()
  /** Of each device how many more rows are later than the one before than are earlier: below zero the newest come first. */
  readonly #rising = new Map<string, number>()

  look(rows: readonly Row[]): void {
    if (this.#rising.size >= DEVICES_REMEMBERED) this.#rising.clear()
    const before = new Map<string, number>()
    for (const { time, device } of rows) {
      if (Number.isNaN(time)) continue
      const step = Math.sign(time - (before.get(device) ?? time))
      this.#rising.set(device, (this.#rising.get(device) ?? 0) + step)
      before.set(device, time)
    }
  }

  /** One of two instants, seconds since 1970; undefined where it cannot be told. */
  choose(row: Row, first: number, second: number): number | undefined {
    const before = this.#before.get(row.device)
    // alone in that hour, as a daily row is
    if (!before || Math.abs(row.time - before.row.time) >= NEAR_SECONDS) return first
    const next = this.#isFalling(row)
      ? [second, first].find((at) => at < before.at)
      : [first, second].find((at) => at > before.at)
    if (row.time !== before.row.time) return next
    // rows of the two passes stand side by side where they are an hour apart; otherwise the row came twice
    if (before.step < second - first || next === undefined) return before.at
    return isAlike(row, before.row) ? undefined : next
  }

  remember(row: Row, at: number): void {
    const before = this.#before.get(row.device)
    if (this.#before.size >= DEVICES_REMEMBERED) this.#before.clear()
    const step = before ? Math.abs(at - before.at) : 0
    this.#before.set(row.device, { row, at, step: step || (before?.step ?? 0) })
  }

  #isFalling({ device }: Row): boolean {
    return (this.#rising.get(device) ?? 0) < 0
  }
}

/** Nobody can tell a row that came twice from the same values an hour later. */
function isAlike(a: Row, b: Row): boolean {
  if (a.kind !== "values" || b.kind !== "values") return true
  return a.temperature === b.temperature && a.humidity === b.humidity
}
