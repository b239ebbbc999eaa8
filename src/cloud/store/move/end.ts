// A store that is moved, or that another one is moved into. Nobody else writes to it meanwhile.
import type { Row, Table } from "./tables"

export interface End extends AsyncDisposable {
  /** As people know it. */
  readonly shown: string
  /** In the order of the primary key, behind this row or from the first one on; empty behind the last. */
  page(table: Table, after?: Row): Promise<readonly Row[]>
  /** Durable when it resolves; of a key that is there already the row stays as it is. */
  insert(table: Table, rows: readonly Row[]): Promise<void>
  /** Writes what this engine keeps beside the rows, once they are all there. */
  finish(): Promise<void>
}
