// Two stores row by row, in the order of the primary key, page by page: what one has and the other has not, or otherwise.
import type { End } from "./end"
import { compareKeys, isEqual, type Row, type Table } from "./tables"

/** Of a key the rows of both stores, which are not the same; undefined where one has none. */
export interface Difference {
  readonly table: Table
  readonly source: Row | undefined
  readonly target: Row | undefined
}

export interface ComparisonOptions {
  /** Up to the last row that the target has. */
  readonly onlyOfTarget?: boolean
  /** Is told of each row of the source that was compared. */
  readonly onRow?: (row: Row) => void
}

export async function* compare(
  table: Table,
  source: End,
  target: End,
  { onlyOfTarget = false, onRow }: ComparisonOptions = {},
): AsyncGenerator<Difference> {
  const ours = new Cursor(source, table)
  const theirs = new Cursor(target, table)
  for (;;) {
    if (ours.needsPage || theirs.needsPage) await Promise.all([ours.fetch(), theirs.fetch()])
    const [left, right] = [ours.row, theirs.row]
    if (!right && (onlyOfTarget || !left)) return
    const order = !left ? 1 : !right ? -1 : compareKeys(table, left, right)
    if (left && order <= 0) {
      onRow?.(left)
      ours.next()
    }
    if (right && order >= 0) theirs.next()
    if (order < 0) yield { table, source: left, target: undefined }
    else if (order > 0) yield { table, source: undefined, target: right }
    else if (left && right && !isEqual(table, left, right)) yield { table, source: left, target: right }
  }
}

/** At one row of a table after the other. */
class Cursor {
  #page: readonly Row[] = []
  #at = 0
  #isAtEnd = false

  constructor(
    private readonly end: End,
    private readonly table: Table,
  ) {}

  /** Undefined behind the last one. */
  get row(): Row | undefined {
    return this.#page[this.#at]
  }

  get needsPage(): boolean {
    return !this.#isAtEnd && this.#at === this.#page.length
  }

  next(): void {
    this.#at++
  }

  async fetch(): Promise<void> {
    if (!this.needsPage) return
    this.#page = await this.end.page(this.table, this.#page.at(-1))
    this.#at = 0
    this.#isAtEnd = this.#page.length === 0
  }
}
