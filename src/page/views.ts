// What the pages show, worked out once and shown to many, until something has changed.
import { type Clock, systemClock } from "../clock"
import { fileBytesOf } from "../cloud/store/open"
import { readIfThere, type StatusDocument } from "../status/document"
import { isThere } from "../storage/database"
import { StorageError } from "../storage/errors"
import { sizeOf } from "../storage/size"
import type { Topology } from "../topology/topology"
import type { History } from "./device/history"
import { Kept } from "./device/kept"

const LEAST_AGE_MS = 1000
const REST = 10 // times as long as it took: of a fleet it takes seconds
const SLOW_MS = 100 // to work it out: everybody else would wait that long
const LARGE_BYTES = 16 * 1024 * 1024 // of files that nobody has read yet, without their logs: these may take as long

export interface StatusView {
  readonly topology: Topology
  /** Undefined before anything was collected here. */
  readonly status: StatusDocument | undefined
  /** When it was read, ms since the epoch. */
  readonly readAt: number
}

/** What can be shown at once. */
export interface Glimpse {
  /** Undefined where it has never been worked out so far. */
  readonly view: StatusView | undefined
  /** It may be older than what there is: of a fleet it is worked out beside. */
  readonly isKept: boolean
  /** It is being worked out anew. */
  readonly isCounting: boolean
}

export interface ViewsOptions {
  /** Asks for what the gateway has counted; the answer comes by `counted()`. */
  readonly ask?: () => void
  /** Works the status of a fleet out while others are answered. Rejects with StorageError of files that cannot be read. */
  readonly count?: (now: number) => Promise<StatusDocument | undefined>
  /** Files that are written here: without them nothing can be said. */
  readonly written?: readonly string[]
  readonly clock?: Pick<Clock, "now" | "monotonic">
}

export class Views {
  #topology: Topology
  #known: StatusView | undefined
  #staleAt = 0
  /** How long it took to work it out. */
  #tookMs: number | undefined
  #counting: Promise<StatusView> | undefined
  #reading: Promise<StatusView> | undefined
  #failure: unknown
  /** Another one after a restart, too. */
  readonly #begunAt = systemClock.now()
  #changes = 0
  #counts = 0
  #counted = Promise.withResolvers<Readonly<Record<string, number>> | undefined>()
  readonly #listeners = new Set<() => void>()
  readonly histories = new Kept<History>()

  readonly #clock: Pick<Clock, "now" | "monotonic">

  constructor(
    topology: Topology,
    private readonly options: ViewsOptions = {},
  ) {
    this.#topology = topology
    this.#clock = options.clock ?? systemClock
  }

  /** As it is now. */
  get topology(): Topology {
    return this.#topology
  }

  /** Throws StorageError where a file that is written here has been taken away: it is not that nothing was collected. */
  assertThere(): void {
    const gone = this.options.written?.find((file) => !isThere(file))
    if (gone !== undefined) throw new StorageError(`${gone} is not there any more, and is written here: put it back`)
  }

  /** Another one whenever what is shown may be. */
  get version(): string {
    return `${this.#begunAt}.${this.#changes}.${this.#counts}`
  }

  /** A run has ended, or the topology is this one now. */
  update(topology = this.#topology): void {
    this.#topology = topology
    this.#staleAt = 0
    this.#changes++
    this.histories.clear()
    this.prepare()
    this.#tell()
  }

  /** Begins to work out what takes long, before anybody asks for it; whether there is anything of the kind. */
  prepare(): boolean {
    const isSlow = this.#isSlow()
    if (isSlow) this.#countInTurn()
    return isSlow
  }

  /** Is told of each change until the returned function is called. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** At most a second old, or ten times as old as it takes to work it out. Rejects with StorageError of files that cannot be read. */
  async status(): Promise<StatusView> {
    return this.#fresh() ?? (await (this.#isSlow() ? this.#countInTurn() : this.#read()))
  }

  /** As old, where that can be had soon. Rejects with StorageError of files that cannot be read. */
  async glimpse(): Promise<Glimpse> {
    if (!this.#isSlow()) return { view: this.#fresh() ?? (await this.#read()), isKept: false, isCounting: false }
    if (!this.#fresh()) this.#countInTurn()
    if (this.#failure !== undefined) throw this.#failure
    return { view: this.#known, isKept: true, isCounting: this.#counting !== undefined }
  }

  /** What the gateway of this process has counted since its start; undefined without one. */
  counts(): Promise<Readonly<Record<string, number>> | undefined> {
    const { promise } = this.#counted // the answer makes another one
    this.options.ask?.()
    return promise
  }

  counted(counts: Readonly<Record<string, number>> | undefined): void {
    this.#counted.resolve(counts)
    this.#counted = Promise.withResolvers()
  }

  #fresh(): StatusView | undefined {
    return this.#clock.monotonic() < this.#staleAt ? this.#known : undefined
  }

  #isSlow(): boolean {
    if (this.#tookMs !== undefined) return this.#tookMs > SLOW_MS
    const { gateway, cloud } = this.#topology
    return sizeOf(gateway.spool) + fileBytesOf(cloud) > LARGE_BYTES
  }

  /** One reading at a time, which all get who look meanwhile. */
  #read(): Promise<StatusView> {
    this.#reading ??= this.#workOut(readIfThere).finally(() => (this.#reading = undefined))
    return this.#reading
  }

  #keep(view: StatusView, startedAt: number): StatusView {
    const now = this.#clock.monotonic()
    this.#tookMs = now - startedAt
    this.#staleAt = now + Math.max(LEAST_AGE_MS, REST * this.#tookMs)
    this.#known = view
    return view
  }

  /** One count at a time; whoever looks is told when it has ended. */
  #countInTurn(): Promise<StatusView> {
    if (this.#counting) return this.#counting
    const { count } = this.options
    const counting = this.#workOut(count ? (_, readAt) => count(readAt) : readIfThere).finally(() => {
      this.#counting = undefined
      this.#counts++
      this.#tell()
    })
    this.#counting = counting
    counting.then(
      () => (this.#failure = undefined),
      (error) => (this.#failure = error), // the next look throws it
    )
    return counting
  }

  /** Again where something has changed meanwhile: that would be missing. */
  async #workOut(read: typeof readIfThere): Promise<StatusView> {
    for (;;) {
      const [changes, topology] = [this.#changes, this.#topology]
      const [readAt, startedAt] = [this.#clock.now(), this.#clock.monotonic()]
      const status = await read(topology, readAt)
      if (changes === this.#changes) return this.#keep({ topology, status, readAt }, startedAt)
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
