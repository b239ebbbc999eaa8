// Notices that the files an end shows were changed while it listens, as an authority's renewal does without asking anybody.
import { statSync } from "node:fs"
import type { Clock } from "../clock"
import type { TlsSettings } from "../net/tls"
import type { Topology } from "../topology/topology"
import { type End, filesOf, tlsOf } from "./ends"

const LOOK_EVERY_MS = 5000 // however many connections come

export class Renewal {
  readonly #paths: readonly string[]
  #stamp: string
  #lookedAt: number

  /** The files are those that have just been read. */
  constructor(
    private readonly end: End,
    private readonly topology: Topology,
    private readonly clock: Pick<Clock, "monotonic">,
  ) {
    this.#paths = filesOf(end, topology)
    this.#stamp = stampOf(this.#paths)
    this.#lookedAt = clock.monotonic()
  }

  /** What is shown from now on, where the files are others than they were. Throws KeyError, once for each change. */
  look(): TlsSettings | undefined {
    const now = this.clock.monotonic()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return undefined
    this.#lookedAt = now
    const stamp = stampOf(this.#paths)
    if (stamp === this.#stamp) return undefined
    this.#stamp = stamp
    return tlsOf(this.end, this.topology)
  }
}

function stampOf(paths: readonly string[]): string {
  const stats = paths.map((path) => statSync(path, { throwIfNoEntry: false }))
  return stats.map((found) => (found ? `${found.ino} ${found.size} ${found.mtimeMs}` : "-")).join()
}
