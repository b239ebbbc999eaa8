// Stores that have everything, and moves between them.
import { Database } from "bun:sqlite"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../../src/clock"
import { type Ends, openEnds } from "../../../../src/cloud/store/move/ends"
import { type Moved, move } from "../../../../src/cloud/store/move/move"
import { openSqliteStore } from "../../../../src/cloud/store/sqlite/open"
import { fillWithEverything } from "./everything"

export class Places implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "move-"))

  file(name: string): string {
    return join(this.folder, name)
  }

  /** A SQLite store that has everything, and is closed. */
  async filled(name = "filled.db"): Promise<string> {
    const file = this.file(name)
    const opened = openSqliteStore(file, { addressing: "simulated", clock: systemClock, onFatal() {} })
    await fillWithEverything(opened.store, opened.tables)
    await opened.close()
    return file
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}

const placeOf = (store: string) => ({ store, password: undefined, folder: "." })

export const openBoth = (from: string, to: string): Promise<Ends> =>
  openEnds(placeOf(from), placeOf(to), { clock: systemClock, waits() {} })

export async function moveBetween(from: string, to: string): Promise<Moved> {
  await using ends = await openBoth(from, to)
  return await move(ends, () => {})
}

/** All that is in the tables of a file, to the last digit. */
export function tablesOf(file: string): Record<string, unknown[]> {
  using sqlite = new Database(file, { readonly: true, safeIntegers: true })
  const names = sqlite
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
  return Object.fromEntries(names.map(({ name }) => [name, sqlite.query(`SELECT * FROM ${name}`).all()]))
}
