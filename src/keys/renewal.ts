// What an end shows, read anew where its files were changed while it listens.
import type { Clock } from "../clock"
import type { TlsSettings } from "../net/tls"
import type { Topology } from "../topology/topology"
import { FileChanges } from "./changes"
import { type End, filesOf, tlsOf } from "./ends"

export class Renewal {
  readonly #changes: FileChanges

  /** The files are those that have just been read. */
  constructor(
    private readonly end: End,
    private readonly topology: Topology,
    clock: Pick<Clock, "monotonic">,
  ) {
    this.#changes = new FileChanges(filesOf(end, topology), clock)
  }

  /** What is shown from now on, where the files are others than they were. Throws KeyError, once for each change. */
  look(): TlsSettings | undefined {
    return this.#changes.look() ? tlsOf(this.end, this.topology) : undefined
  }
}
