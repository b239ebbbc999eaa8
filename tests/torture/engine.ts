// Where the store of a simulation is kept, and what is done to it there: copied, lost, put back from a copy, and read.
import { Database } from "bun:sqlite"
import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"

/** A file of SQLite, or a PostgreSQL server. */
export type Store = "file" | "server"

/** A statement's rows. It has to be one that every engine takes. */
export type Query = <Row>(sql: string) => Row[]

export interface Engine {
  /** `cloud.store` in topology.yaml. */
  readonly declared: string
  /** Reads the tables as anybody may, also beside a cloud that runs; undefined where there is no store. */
  read<T>(work: (query: Query) => T): T | undefined
  /** Makes a copy of this name; nothing writes meanwhile. Returns whether there was anything. */
  copy(name: string): boolean
  /** It is gone; nobody has it open. */
  lose(): void
  /** In its place comes a copy, which stays what it is. */
  restore(name: string): void
  remove(name: string): void
  /** Undefined of a file. */
  readonly way?: Way
}

/** From the simulated processes to a server. */
export interface Way {
  /** Ms since the epoch, by the world's clock. */
  cutUntil: number
}

/** A file that belongs to a database; the log holds what was committed last. */
const PARTS = ["", "-wal"] as const
const REMAINS = ["", "-wal", "-shm"] as const

/** A database of SQLite: the store, or a spool. Copies lie beside it. */
export class DatabaseFile implements Engine {
  constructor(readonly path: string) {}

  get declared(): string {
    return basename(this.path)
  }

  read<T>(work: (query: Query) => T): T | undefined {
    if (!existsSync(this.path)) return undefined
    using database = new Database(this.path, { readonly: true })
    return work(<Row>(sql: string) => database.query<Row, []>(sql).all())
  }

  copy(name: string): boolean {
    if (!existsSync(this.path)) return false
    put(this.path, this.#beside(name))
    return true
  }

  lose(): void {
    remove(this.path)
  }

  restore(name: string): void {
    this.lose()
    put(this.#beside(name), this.path)
  }

  remove(name: string): void {
    remove(this.#beside(name))
  }

  /** Lays it aside whole. Returns the path, for a later `takeBack()`, which puts it in the place of what is there then. */
  layAside(name: string): string {
    const aside = this.#beside(name)
    move(this.path, aside)
    return aside
  }

  takeBack(aside: string): void {
    this.lose()
    move(aside, this.path)
  }

  #beside(name: string): string {
    return join(dirname(this.path), name)
  }
}

function put(from: string, to: string): void {
  for (const part of PARTS) if (existsSync(`${from}${part}`)) copyFileSync(`${from}${part}`, `${to}${part}`)
}

function move(from: string, to: string): void {
  for (const part of REMAINS) if (existsSync(`${from}${part}`)) renameSync(`${from}${part}`, `${to}${part}`)
}

function remove(path: string): void {
  for (const part of REMAINS) rmSync(`${path}${part}`, { force: true })
}
