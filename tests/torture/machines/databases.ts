// Which databases hold what: the oracle is told of readings that the course itself takes out of the world.
import type { Day } from "../../../src/survey/calendar"
import type { Kind } from "./files"
import type { Installation } from "./installation"
import type { Reading } from "./reading"
import { heldBySpool } from "./spool"
import { heldByStore } from "./store"

const LEAVING_DAYS = 4 // a clock that is two days ahead, and a run that did not reach the cloud

const FIRST_DAY: Day = "2000-01-01"

export class Databases {
  /** Spools that are laid aside and come back. */
  readonly aside = new Set<string>()
  /** How often a spool or a store was lost, restored or swapped. */
  replacements = 0

  constructor(private readonly installation: Installation) {}

  /** A day that leaves the spool soon may do so before anybody sees that the store has lost it. */
  get #firstStaying(): Day {
    const { measured, options } = this.installation
    return measured.daysAgo(options.retentionDays - LEAVING_DAYS)
  }

  /** Whether readings that were acknowledged are nowhere but in this file. */
  isOnlyHolder(kind: Kind): boolean {
    const others = this.#held(kind)
    return [...this.installation.oracle.owing].some((reading) => !others.has(reading))
  }

  /**
   * The course replaces or destroys one: what no other one holds is not looked for any more. Until then all has to be
   * there.
   */
  replace(what: string, work: () => void): void {
    const { oracle, watcher, world } = this.installation
    const held = this.#held(undefined, FIRST_DAY)
    for (const reading of oracle.owing) {
      if (!held.has(reading) && !oracle.mayBeCovered(reading)) world.fail(`lost although acknowledged: ${reading}`)
    }
    work()
    const before = oracle.excused
    this.replacements++
    watcher.forget()
    oracle.excuse(this.#held())
    this.installation.tell(`${what}, with it ${oracle.excused - before} readings`)
  }

  /** The cloud has just been told of a drop: with it goes what another spool has brought since the person asked for it. */
  told(): void {
    const { oracle } = this.installation
    const held = this.#held(undefined, FIRST_DAY)
    oracle.forgive((reading) => !held.has(reading))
  }

  /** What they hold, without one of them; of what the cloud has taken, spools hold only days from one on. */
  #held(without?: Kind, from = this.#firstStaying): Set<Reading> {
    const { files } = this.installation
    const spools = [...(without === "spool" ? [] : [files.spool]), ...this.aside]
    const held = spools.flatMap((path) => heldBySpool(path, from))
    return new Set([...held, ...(without === "store" ? [] : heldByStore(files.store))])
  }
}
