// Faults that are put into the programme on purpose, as changes of its sources: the courses must find them.
import type { Store } from "../engine"
import { type Patch, replaceOnce } from "../sources"

export interface Planting extends Patch {
  /** The directed course that shows it, where chance may take hundreds of others. */
  readonly shownBy?: string
}

export const FAULTS = {
  "replaced instead of merged": {
    file: "cloud/store/merge.ts",
    change: (text) => `${replaceOnce(text, "export function mergeVersions(", "function merged(")}
      export function mergeVersions(stored: readonly Version[], incoming: readonly Version[], change: ClockChange): Merged {
        const highest = (versions: readonly Version[]) => Math.max(-1, ...versions.map(({ revision }) => revision))
        const [newer, older] = highest(incoming) >= highest(stored) ? [incoming, stored] : [stored, incoming]
        merged(older, newer, change)
        return { versions: newer, superseded: [] }
      }`,
  },
  "2.31 believed": {
    shownBy: "2.31 to everything on a run",
    file: "coap/code.ts",
    change: (text) => replaceOnce(text, "value === Code.Created ||", "codeClass(value) === 2 ||"),
  },
  "agreed over a text of which a line was dropped": {
    shownBy: "4.00 for a line that breaks a rule",
    file: "cloud/receiver.ts",
    change: (text) => replaceOnce(text, "if (broken) {", "if (broken && this.options === undefined) {"),
  },
  "a stranger's revision taken": {
    file: "cloud/gateways.ts",
    change: (text) => replaceOnce(text, "site === this.topology.site && sender === this.#own", "sender !== ''"),
  },
  "a tombstone forgotten": {
    shownBy: "a spool of before a drop",
    file: "cloud/store/sqlite/store.ts",
    change: (text) => replaceOnce(text, "if (revision <= this.#droppedUpTo(of))", "if (revision < 0)"),
  },
  "a tombstone forgotten on a server": {
    shownBy: "a spool of before a drop",
    file: "cloud/store/postgres/surveys.ts",
    change: (text) => replaceOnce(text, ": revision <= this.#droppedUpTo(address))", ": revision < 0)"),
  },
  "a day that takes new ones in spite of a drop": {
    shownBy: "a spool of before a drop",
    file: "cloud/store/postgres/store.ts",
    change: (text) =>
      replaceOnce(text, "SET has_drops = true, is_open = false", "SET has_drops = true, is_open = true"),
  },
} as const satisfies Record<string, Planting>

export type Fault = keyof typeof FAULTS

/** Those that are planted where stores are files, and where they are on a server. */
export const PLANTED: Record<Store, readonly Fault[]> = {
  file: [
    "replaced instead of merged",
    "2.31 believed",
    "agreed over a text of which a line was dropped",
    "a stranger's revision taken",
    "a tombstone forgotten",
  ],
  server: [
    "replaced instead of merged",
    "a tombstone forgotten on a server",
    "a day that takes new ones in spite of a drop",
  ],
}
