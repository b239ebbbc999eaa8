// Whether deliveries go on, how soon they did behind each fault, and from when until when there was trouble.
import { pause, systemClock } from "../../../src/clock"
import type { Trouble } from "./listings"
import type { Site } from "./site"

const WITHIN_MS = 60_000 // a client's deadline, a cloud's wait and a session's timeout, one behind the other, take half of it
const LOOK_MS = 20

export class Pulse {
  readonly troubles: Trouble[] = []
  /** How long it took, each time, ms. */
  readonly waitedMs: number[] = []

  constructor(private readonly sites: readonly Site[]) {}

  /** From now on until all go on again. */
  trouble(): void {
    this.troubles.push({ from: performance.now(), to: Number.POSITIVE_INFINITY })
  }

  /** Resolves when every site has been answered once more. */
  async goesOn(): Promise<void> {
    const before = this.sites.map(({ counts }) => counts.answers)
    const from = performance.now()
    const waits = (): Site[] => this.sites.filter(({ counts }, n) => counts.answers === before[n])
    while (waits().length > 0) {
      if (performance.now() - from > WITHIN_MS) {
        const names = waits().map(({ name }) => name)
        throw new Error(`${WITHIN_MS / 1000} s behind the last fault nothing is taken of ${names.join(", ")}`)
      }
      await pause(systemClock, LOOK_MS)
    }
    this.waitedMs.push(performance.now() - from)
    for (const trouble of this.troubles) trouble.to = Math.min(trouble.to, performance.now())
  }
}
