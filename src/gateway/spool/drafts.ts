// Surveys that uploads revise: each is written once in a transaction, however many uploads there are, and read once while
// they come one after the other: a large one takes as long to read as a thousand uploads to merge.
import type { ClockChange, Day } from "../../survey/calendar"
import { type Comparison, MergedReadings } from "../../survey/merge"
import type { Reading } from "../../survey/reading"
import { type CanonicalText, formatSurvey, parseSurvey, type Survey } from "../../survey/survey"
import { slotOf } from "./slot"
import type { Row, Surveys } from "./surveys"

/** One survey under revision. */
export class Draft {
  readonly #merged: MergedReadings
  #stored: Row
  #refused: RefusedLines
  #upload: string
  #isChanged = false

  constructor(stored: Row, change: ClockChange) {
    this.#stored = stored
    this.#upload = stored.upload ?? stored.digest
    const { readings, ...refused } = parseSurvey(stored.body, change)
    this.#refused = refused
    this.#merged = new MergedReadings(readings, change)
  }

  /** As it is in the database. */
  get stored(): Row {
    return this.#stored
  }

  /** Digest of the last upload that was merged into it. */
  get upload(): string {
    return this.#upload
  }

  /** @param yields values that are there win */
  compare(incoming: readonly Reading[], yields: boolean): Comparison {
    return this.#merged.compare(incoming, yields)
  }

  take(changes: readonly Reading[], upload: string): void {
    for (const reading of changes) this.#merged.take(reading)
    this.#upload = upload
    this.#isChanged ||= changes.length > 0
  }

  /** The row that is to be written now; undefined where nothing has come since it was. */
  settle(revised: Revise): Row | undefined {
    const { upload } = this
    if (this.#isChanged) {
      const inOrder = this.#merged.inOrder()
      this.#stored = revised(this.#stored, formatSurvey(inOrder), inOrder.length, upload, this.#refused)
      this.#refused = NONE
    } else if (upload !== (this.#stored.upload ?? this.#stored.digest)) this.#stored = { ...this.#stored, upload }
    else return undefined
    this.#isChanged = false
    return this.#stored
  }
}

/** Lines of what was stored that the rules of today refuse: an older version took them. */
export type RefusedLines = Pick<Survey, "refused" | "refusedCount">

const NONE: RefusedLines = { refused: [], refusedCount: 0 }

/** A row with another content. */
type Revise = (stored: Row, body: CanonicalText, readings: number, upload: string, refused: RefusedLines) => Row

const WRITTEN_BYTES = 1024 * 1024 // of several surveys in one transaction: some 25 ms

// what is kept of them from one transaction to the next
const KEPT_DRAFTS = 64
const KEPT_BYTES = 4 * 1024 * 1024

export class Drafts {
  readonly #drafts = new Map<number, Draft>()
  /** Those of which something is to be written. */
  readonly #touched = new Set<Draft>()
  #touchedBytes = 0

  constructor(
    private readonly surveys: Surveys,
    private readonly revise: Revise,
  ) {}

  /** Whether so much is to be written that the transaction had better end; one survey alone, however large, may take its time. */
  get isEnough(): boolean {
    return this.#touched.size > 1 && this.#touchedBytes > WRITTEN_BYTES
  }

  /** Begins one, of a survey that is there. */
  begin(stored: Row, change: ClockChange): Draft {
    const draft = new Draft(stored, change)
    this.#drafts.set(slotOf(stored.day, stored.address), draft)
    return draft
  }

  /** One that is under revision. */
  find(day: Day, address: number): Draft | undefined {
    return this.#drafts.size === 0 ? undefined : this.#drafts.get(slotOf(day, address))
  }

  /** An upload has been merged into this one. */
  take(draft: Draft, changes: readonly Reading[], upload: string): void {
    draft.take(changes, upload)
    if (this.#touched.has(draft)) return
    this.#touched.add(draft)
    this.#touchedBytes += draft.stored.body.length
  }

  /** Writes what is new in them, at the end of the transaction. */
  write(): void {
    for (const draft of this.#touched) {
      const { stored: before } = draft
      const row = draft.settle(this.revise)
      if (row && row.revision !== before.revision) this.surveys.put(row, before)
      else if (row) this.surveys.touch(row)
    }
    this.#touched.clear()
    this.#touchedBytes = 0
    if (this.#drafts.size > KEPT_DRAFTS || this.#bytes > KEPT_BYTES) this.forget()
  }

  get #bytes(): number {
    let bytes = 0
    for (const { stored } of this.#drafts.values()) bytes += stored.body.length
    return bytes
  }

  /** Writes them, and knows none any more: surveys are about to be deleted. */
  end(): void {
    this.write()
    this.forget()
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#drafts.clear()
    this.#touched.clear()
    this.#touchedBytes = 0
  }
}
