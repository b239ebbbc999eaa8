// Starts again after the power cuts of a recording, and holds what is there against what had been acknowledged.
import { readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { type Kept, restart } from "./contents"
import type { Image } from "./disk"
import type { Pledge } from "./pledge"
import { type State, statesOf } from "./states"
import type { Event } from "./trace"

export interface Replayed {
  /** Different images of the disk from which it was started. */
  readonly states: number
  /** Those in which the promise was broken, and how in the first of them. */
  readonly broken: number
  readonly failures: readonly string[]
}

/** What is there, or why it cannot be used. */
type Outcome<Contents> = { readonly contents: Contents } | { readonly error: unknown }

const RESTART_EVERY = 30 // in between it is looked at only, which is quicker
const THOROUGH_EVERY = 60
const MOST_ROUNDS = 50
const LEAST = 2000 // states in another round: many of them have been tried before
const FAILURES_TOLD = 10
const NOTHING_KNOWN: Image = new Map()
const REMEMBERED = 500 // what is synced stays the same for a while, and more and more of it has been acknowledged

export class Replay<Contents> {
  #states = 0
  readonly #broken = new Set<bigint>()
  readonly #failures: string[] = []
  readonly #seen = new Set<bigint>()
  #onDisk: Image = NOTHING_KNOWN
  readonly #recent = new Map<bigint, Outcome<Contents>>()

  /**
   * @param file where to put it, in an empty folder
   * @param breachIn how contents break the promise, if they do
   */
  constructor(
    private readonly file: string,
    private readonly kept: Kept<Contents>,
    private readonly breachIn: (pledge: Pledge, contents: Contents) => string | undefined,
  ) {}

  /** Tries `count` states, or as many as there are. */
  async run(events: readonly Event[], name: string, count: number, seed: number): Promise<Replayed> {
    for (let round = 0; round < MOST_ROUNDS && this.#states < count; round++) {
      const left = count - this.#states
      for (const state of statesOf(events, name, { count: round === 0 ? left : Math.max(left, LEAST), seed, round })) {
        await this.#try(state)
        if (this.#states >= count) break
      }
    }
    return { states: this.#states, broken: this.#broken.size, failures: this.#failures }
  }

  async #try({ image, pledge, isInOrder, name }: State): Promise<void> {
    const id = fingerprint(image)
    const isNew = !this.#seen.has(id)
    const known = this.#recent.get(id)
    if (!isNew && !isInOrder && !known) return
    this.#seen.add(id)
    if (isNew) this.#states++
    const outcome = known ?? (await this.#open(image, pledge))
    this.#remember(id, outcome)
    const breach = "error" in outcome ? `it cannot be used: ${outcome.error}` : this.breachIn(pledge, outcome.contents)
    if (breach === undefined) return
    this.#broken.add(id)
    if (this.#failures.length < FAILURES_TOLD) this.#failures.push(`${name}: ${breach}`)
  }

  async #open(image: Image, pledge: Pledge): Promise<Outcome<Contents>> {
    const { file } = this
    this.#put(image)
    // only a role makes a database, or undoes what a power cut left of its making
    const mustRestart = pledge.acknowledged === 0 || [...image.keys()].some((name) => name.endsWith(".db-journal"))
    try {
      if (!mustRestart && this.#states % RESTART_EVERY > 0) return { contents: await this.kept.lookAt(file) }
      this.#onDisk = NOTHING_KNOWN // a restart writes
      return { contents: await restart(file, this.kept, this.#states % THOROUGH_EVERY === 0) }
    } catch (error) {
      return { error }
    }
  }

  /** The folder as the power cut left it; a -shm of before may stay, SQLite makes it anew. */
  #put(image: Image): void {
    const folder = dirname(this.file)
    const before = this.#onDisk.size > 0 ? this.#onDisk.keys() : readdirSync(folder)
    for (const name of before) if (!image.has(name)) rmSync(join(folder, name))
    for (const [name, bytes] of image) if (this.#onDisk.get(name) !== bytes) writeFileSync(join(folder, name), bytes)
    this.#onDisk = image
  }

  #remember(id: bigint, outcome: Outcome<Contents>): void {
    this.#recent.delete(id)
    this.#recent.set(id, outcome)
    const [oldest] = this.#recent.keys()
    if (this.#recent.size > REMEMBERED && oldest !== undefined) this.#recent.delete(oldest)
  }
}

function fingerprint(image: Image): bigint {
  let id = 0n
  for (const [name, bytes] of image) id = Bun.hash.wyhash(bytes, Bun.hash.wyhash(name, id))
  return id
}
