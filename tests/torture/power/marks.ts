// What a recording notes among its writes: what was sent and acknowledged up to that point, and how far the days are.
import { closeSync, openSync, writeSync } from "node:fs"
import type { Day } from "../../../src/survey/calendar"

/** Whose database an acknowledgement speaks of. */
export type Keeper = "gateway" | "cloud"

/** One survey on its way to a keeper, or the keeper's acknowledgement of it. */
export interface Passage {
  readonly kind: "sent" | "acknowledged"
  readonly keeper: Keeper
  readonly ip: string
  readonly day: Day
  /** Of a delivery; 0 for an upload. */
  readonly revision: number
  readonly text: string
}

/** A collection begins; surveys of days before `oldest` may go from the spool once they are delivered. */
export interface Turn {
  readonly kind: "turn"
  readonly turn: number
  readonly now: number
  readonly oldest: Day
}

export type Mark = Passage | Turn

export const MARKS_FILE = "marks"

/** Appends marks to a file, one write each, so that they stand among the databases' writes in the order of events. */
export class Marks implements Disposable {
  readonly #descriptor: number

  constructor(folder: string) {
    this.#descriptor = openSync(`${folder}/${MARKS_FILE}`, "a")
  }

  readonly note = (mark: Mark): void => {
    writeSync(this.#descriptor, `${JSON.stringify(mark)}\n`)
  };

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }
}
