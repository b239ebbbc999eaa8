// What the pages show, worked out once and shown to many, until something has changed.
import { systemClock } from "../clock"
import { readStatus, type StatusDocument } from "../status/document"
import { StorageError } from "../storage/errors"
import type { Topology } from "../topology/topology"
import type { History } from "./device/history"
import { Kept } from "./device/kept"

const LEAST_AGE_MS = 1000
const REST = 10 // times as long as it took: of a fleet it takes seconds

export interface StatusView {
  readonly topology: Topology
  /** Undefined before anything was collected here. */
  readonly status: StatusDocument | undefined
  /** When it was read, ms since the epoch. */
  readonly readAt: number
}

export class Views {
  #topology: Topology
  #status: StatusView | undefined
  #staleAt = 0
  /** Another one after a restart, too. */
  readonly #begunAt = systemClock.now()
  #changes = 0
  #counted = Promise.withResolvers<Readonly<Record<string, number>> | undefined>()
  readonly #listeners = new Set<() => void>()
  readonly histories = new Kept<History>()

  /** @param ask for what the gateway has counted; the answer comes by `counted()` */
  constructor(
    topology: Topology,
    private readonly ask: () => void,
  ) {
    this.#topology = topology
  }

  /** As it is now. */
  get topology(): Topology {
    return this.#topology
  }

  /** Another one whenever what is shown may be. */
  get version(): string {
    return `${this.#begunAt}.${this.#changes}`
  }

  /** A run has ended, or the topology is this one now. */
  update(topology = this.#topology): void {
    this.#topology = topology
    this.#staleAt = 0
    this.#changes++
    this.histories.clear()
    for (const listener of this.#listeners) listener()
  }

  /** Is told of each change until the returned function is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** At most a second old, or ten times as old as it takes to work it out. Throws StorageError of files that cannot be read. */
  status(): StatusView {
    const startedAt = systemClock.monotonic()
    if (this.#status && startedAt < this.#staleAt) return this.#status
    const readAt = systemClock.now()
    this.#status = { topology: this.topology, status: readIfThere(this.topology, readAt), readAt }
    const now = systemClock.monotonic()
    this.#staleAt = now + Math.max(LEAST_AGE_MS, REST * (now - startedAt))
    return this.#status
  }

  /** What the gateway of this process has counted since its start; undefined without one. */
  counts(): Promise<Readonly<Record<string, number>> | undefined> {
    const { promise } = this.#counted // the answer makes another one
    this.ask()
    return promise
  }

  counted(counts: Readonly<Record<string, number>> | undefined): void {
    this.#counted.resolve(counts)
    this.#counted = Promise.withResolvers()
  }
}

function readIfThere(topology: Topology, now: number): StatusDocument | undefined {
  try {
    return readStatus(topology, now)
  } catch (error) {
    if (error instanceof StorageError && error.message.includes("nothing was collected")) return undefined
    throw error
  }
}
