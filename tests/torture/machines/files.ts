// Spool and store: copied while they are open or closed, lost, put back from a copy, and spools laid aside.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseFile, type Engine } from "../engine"

export type Kind = "spool" | "store"

const COPIES_KEPT = 8

export class Files {
  readonly store: Engine
  readonly #spool: DatabaseFile
  readonly #copies: Record<Kind, string[]> = { spool: [], store: [] }
  #numbered = 0

  /** @param engine of the store; a file in this folder without it */
  constructor(folder: string, engine: Engine = new DatabaseFile(join(folder, "store.db"))) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    this.#spool = new DatabaseFile(join(folder, "spool.db"))
    this.store = engine
    engine.lose()
  }

  /** The spool's path. */
  get spool(): string {
    return this.#spool.path
  }

  /** Copies of earlier times, oldest first. */
  copies(kind: Kind): readonly string[] {
    return this.#copies[kind]
  }

  /** Makes a copy that may be put back later; nothing writes to the database meanwhile. Undefined where there is none. */
  copy(kind: Kind): string | undefined {
    const database = this.#database(kind)
    const copy = this.#newName(kind)
    if (!database.copy(copy)) return undefined
    const copies = this.#copies[kind]
    copies.push(copy)
    for (const old of copies.splice(0, Math.max(0, copies.length - COPIES_KEPT))) database.remove(old)
    return copy
  }

  lose(kind: Kind): void {
    this.#database(kind).lose()
  }

  restore(kind: Kind, copy: string): void {
    this.#database(kind).restore(copy)
  }

  /** Returns the path of what is laid aside. */
  layAsideSpool(): string {
    return this.#spool.layAside(this.#newName("spool"))
  }

  takeSpoolBack(aside: string): void {
    this.#spool.takeBack(aside)
  }

  #database(kind: Kind): Engine {
    return kind === "spool" ? this.#spool : this.store
  }

  #newName(kind: Kind): string {
    return `${kind}_${++this.#numbered}`
  }
}
