// The room that a database takes on its disk.
import type { Database } from "bun:sqlite"
import { existsSync, statSync } from "node:fs"

/** Bytes of the file and of what SQLite keeps beside it. */
export function diskBytes(file: string): number {
  const files = ["", "-wal", "-shm"].map((suffix) => `${file}${suffix}`).filter((each) => existsSync(each))
  return files.reduce((sum, each) => sum + statSync(each).size, 0)
}

/** Bytes of its pages: of one, of all, and of those that are free to be written again. */
export function pageBytes(sqlite: Database): { readonly one: number; readonly all: number; readonly free: number } {
  const one = pragma(sqlite, "page_size")
  return { one, all: pragma(sqlite, "page_count") * one, free: pragma(sqlite, "freelist_count") * one }
}

function pragma(sqlite: Database, name: "page_size" | "page_count" | "freelist_count"): number {
  return sqlite.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0
}
