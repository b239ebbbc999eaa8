// Moves all that a store holds into another one, and compares both: what was interrupted goes on when it is done again.
import { StorageError } from "../../../storage/errors"
import { formatAddress } from "../../../topology/address"
import { compare, type Difference } from "./compare"
import type { End } from "./end"
import type { Ends } from "./ends"
import { type Row, SITES, SURVEYS, TABLES, type Table } from "./tables"

const TOLD = 10 // differences; whoever reads more of them learns nothing

/** How far it has come, after each page. */
export interface Progress {
  readonly work: "moved" | "compared"
  readonly surveys: number
  /** Of the last one. */
  readonly day: string
}

export interface Moved {
  readonly sites: number
  readonly surveys: number
  readonly readings: number
  /** In words, the first ones; with none both stores hold the same. */
  readonly differences: readonly string[]
  readonly moreDifferences: number
}

/**
 * Rejects with StorageError where the target holds anything else, before anything is written, and as both ends do. The
 * source stays as it is.
 */
export async function move({ source, target }: Ends, tell: (progress: Progress) => void): Promise<Moved> {
  await expectPart(source, target)
  let surveys = 0
  for (const table of TABLES) {
    for await (const page of copy(table, source, target)) {
      if (table !== SURVEYS) continue
      surveys += page.length
      tell({ work: "moved", surveys, day: dayOf(page.at(-1)) })
    }
  }
  await target.finish()
  return compareAll(source, target, tell)
}

/** Of an interrupted move the target has rows of the source, and no others. */
async function expectPart(source: End, target: End): Promise<void> {
  const siteOf = new SiteNames()
  for (const table of TABLES) {
    const onRow = (row: Row) => siteOf.note(table, row)
    for await (const difference of compare(table, source, target, { onlyOfTarget: true, onRow })) {
      if (!difference.target) continue
      siteOf.note(table, difference.target)
      throw new StorageError(
        `${target.shown} holds something else than ${source.shown}, and nothing was written to it: ` +
          `${siteOf.place(table, difference.target)}. Name a store that is empty`,
      )
    }
  }
}

/** Yields each page once it is there. */
async function* copy(table: Table, source: End, target: End): AsyncGenerator<readonly Row[]> {
  for (let page = await source.page(table); page.length > 0; ) {
    // the next one is read while this one is written
    const [next] = await Promise.all([source.page(table, page.at(-1)), target.insert(table, page)])
    yield page
    page = next
  }
}

/** Reads both anew. */
export async function compareAll(source: End, target: End, tell: (progress: Progress) => void): Promise<Moved> {
  const counts = new Map<Table, number>(TABLES.map((table) => [table, 0]))
  const siteOf = new SiteNames()
  const differences: string[] = []
  let [readings, different] = [0, 0]
  for (const table of TABLES) {
    const onRow = (row: Row) => {
      const surveys = (counts.get(table) ?? 0) + 1
      counts.set(table, surveys)
      siteOf.note(table, row)
      if (table !== SURVEYS) return
      readings += countReadings(String(row.readings))
      if (surveys % 1000 === 0) tell({ work: "compared", surveys, day: dayOf(row) })
    }
    for await (const difference of compare(table, source, target, { onRow })) {
      different++
      if (differences.length < TOLD) differences.push(inWords(difference, siteOf))
    }
  }
  return {
    sites: counts.get(SITES) ?? 0,
    surveys: counts.get(SURVEYS) ?? 0,
    readings,
    differences,
    moreDifferences: different - differences.length,
  }
}

class SiteNames {
  readonly #names = new Map<Row[string], string>()

  note(table: Table, { id = null, site }: Row): void {
    if (table === SITES) this.#names.set(id, String(site))
  }

  /** "surveys of greenhouse, 2026-11-21, 192.168.1.2" */
  place(table: Table, row: Row): string {
    const { site, day, address, first } = row
    const name = table === SITES ? String(site) : this.#names.get(site ?? null)
    const device = address ?? first
    const words = [
      name === undefined
        ? `${table.name}, row ${table.key.map((key) => row[key]).join(" ")}`
        : `${table.name} of ${name}`,
      ...(day === undefined ? [] : [String(day)]),
      ...(typeof device === "number" && device >= 0 ? [formatAddress(device)] : []),
    ]
    return words.join(", ")
  }
}

function inWords({ table, source, target }: Difference, siteOf: SiteNames): string {
  const place = siteOf.place(table, source ?? target ?? {})
  if (!target) return `${place}: is missing in the target`
  return source ? `${place}: differs in the target` : `${place}: is in the target only`
}

const dayOf = (row: Row | undefined): string => String(row?.day ?? "")

/** Of JSON: a bracket opens each, and one all of them. */
const countReadings = (json: string): number => json.split("[").length - 2
