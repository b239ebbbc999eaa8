// Spool and store as files: copied while they are open or closed, lost, put back from a copy, and laid aside.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"

export type Kind = "spool" | "store"

/** A file that belongs to a database; the log holds what was committed last. */
const PARTS = ["", "-wal"] as const
const REMAINS = ["", "-wal", "-shm"] as const
const COPIES_KEPT = 8

export class Files {
  readonly #copies: Record<Kind, string[]> = { spool: [], store: [] }
  #numbered = 0

  constructor(private readonly folder: string) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
  }

  path(kind: Kind): string {
    return join(this.folder, `${kind}.db`)
  }

  /** Copies of earlier times, oldest first. */
  copies(kind: Kind): readonly string[] {
    return this.#copies[kind]
  }

  /** Makes a copy that may be put back later; nothing writes to the file meanwhile. Undefined where there is none. */
  copy(kind: Kind): string | undefined {
    const copy = this.#duplicate(kind)
    if (copy === undefined) return undefined
    const copies = this.#copies[kind]
    copies.push(copy)
    for (const old of copies.splice(0, Math.max(0, copies.length - COPIES_KEPT))) remove(old)
    return copy
  }

  /** A copy for somebody alone. */
  #duplicate(kind: Kind): string | undefined {
    const path = this.path(kind)
    if (!existsSync(path)) return undefined
    const copy = join(this.folder, `${kind}-${++this.#numbered}`)
    put(path, copy)
    return copy
  }

  /** The file is gone, and what lay beside it; nobody has it open. */
  lose(kind: Kind): void {
    remove(this.path(kind))
  }

  /** In its place comes a copy, which stays what it is. */
  restore(kind: Kind, copy: string): void {
    this.lose(kind)
    put(copy, this.path(kind))
  }

  /** The file is laid aside whole, and a later `takeBack()` puts it in the place of what is there then. */
  layAside(kind: Kind): string {
    const aside = join(this.folder, `${kind}-${++this.#numbered}`)
    for (const part of REMAINS) {
      if (existsSync(`${this.path(kind)}${part}`)) renameSync(`${this.path(kind)}${part}`, `${aside}${part}`)
    }
    return aside
  }

  takeBack(kind: Kind, aside: string): void {
    this.lose(kind)
    for (const part of REMAINS) {
      if (existsSync(`${aside}${part}`)) renameSync(`${aside}${part}`, `${this.path(kind)}${part}`)
    }
  }
}

function put(from: string, to: string): void {
  for (const part of PARTS) if (existsSync(`${from}${part}`)) copyFileSync(`${from}${part}`, `${to}${part}`)
}

function remove(path: string): void {
  for (const part of REMAINS) rmSync(`${path}${part}`, { force: true })
}
