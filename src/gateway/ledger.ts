// The ledger of collections: which days were collected, who was expected, and so what is owed (DESIGN.md §6.8).
import type { Database } from "bun:sqlite"
import type { DurableDatabase } from "../storage/database"
import type { GroupCommit } from "../storage/group-commit"
import type { Day } from "../survey/calendar"
import { type AddressRange, formatRange, parseRange } from "../topology/address"
import { covers } from "../topology/ranges"

export interface Collection {
  readonly day: Day
  /** Milliseconds since the epoch. */
  readonly scheduledAt: number
  readonly expected: readonly AddressRange[]
  closed: boolean
  confirmed: boolean
}

interface Row {
  day: Day
  scheduled_at: number
  expected: string
  closed_at: number | null
  confirmed: number
}

/** Small enough to be held in memory whole: a row a day. */
export class Ledger {
  readonly #collections = new Map<Day, Collection>()

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly now: () => number,
  ) {
    for (const collection of readCollections(database.sqlite)) this.#collections.set(collection.day, collection)
  }

  get(day: Day): Collection | undefined {
    return this.#collections.get(day)
  }

  /** All collections, oldest first. */
  all(): Collection[] {
    return [...this.#collections.values()].sort((a, b) => (a.day < b.day ? -1 : 1))
  }

  /** The latest run of the schedule; undefined before the first. */
  get lastRun(): Collection | undefined {
    return lastRunOf(this.#collections.values())
  }

  /** The latest day whose collection is closed: what is older need not wait for anybody. */
  get lastClosedDay(): Day | undefined {
    let last: Day | undefined
    for (const { day, closed } of this.#collections.values()) if (closed && day > (last ?? "")) last = day
    return last
  }

  /** Opens a day's collection, or opens it again with today's list of devices. Resolves once durable. */
  async open(day: Day, scheduledAt: number, expected: readonly AddressRange[]): Promise<Collection> {
    const known = this.#collections.get(day)
    const collection: Collection = {
      day,
      scheduledAt: Math.max(scheduledAt, known?.scheduledAt ?? 0),
      expected,
      closed: known?.closed ?? false,
      confirmed: false,
    }
    await this.commits.add(() => {
      this.database.sqlite
        .query(
          `INSERT INTO collections (day, scheduled_at, expected) VALUES (?1, ?2, ?3)
           ON CONFLICT DO UPDATE SET scheduled_at = excluded.scheduled_at, expected = excluded.expected, confirmed = 0`,
        )
        .run(day, collection.scheduledAt, JSON.stringify(expected.map(formatRange)))
    })
    this.#collections.set(day, collection)
    return collection
  }

  /** A closed collection for a day that never had one, because something came for it all the same; nobody owes it. */
  async adopt(day: Day): Promise<void> {
    await this.open(day, 0, [])
    await this.close(day)
  }

  async close(day: Day): Promise<void> {
    await this.commits.add(() => {
      this.database.sqlite
        .query("UPDATE collections SET closed_at = coalesce(closed_at, ?2) WHERE day = ?1")
        .run(day, this.now())
    })
    const collection = this.#collections.get(day)
    if (collection) collection.closed = true
  }

  async confirm(day: Day, confirmed: boolean): Promise<void> {
    const collection = this.#collections.get(day)
    if (!collection || collection.confirmed === confirmed) return
    await this.commits.add(() => {
      this.database.sqlite.query("UPDATE collections SET confirmed = ?2 WHERE day = ?1").run(day, confirmed ? 1 : 0)
    })
    collection.confirmed = confirmed
  }

  /** Days on which this address was expected, oldest first. */
  expectedOf(address: number): Day[] {
    return this.all()
      .filter(({ expected }) => covers(expected, address))
      .map(({ day }) => day)
  }

  /** Forgets days before this one; within the caller's transaction. */
  prune(before: Day): void {
    this.database.sqlite.query("DELETE FROM collections WHERE day < ?1").run(before)
    for (const day of this.#collections.keys()) if (day < before) this.#collections.delete(day)
  }
}

/** All collections, oldest first; also beside a running gateway. */
export function readCollections(sqlite: Database): Collection[] {
  const rows = sqlite.query<Row, []>("SELECT * FROM collections ORDER BY day").all()
  return rows.map(({ day, scheduled_at, expected, closed_at, confirmed }) => ({
    day,
    scheduledAt: scheduled_at,
    expected: readRanges(expected),
    closed: closed_at !== null,
    confirmed: confirmed === 1,
  }))
}

/** The latest that the schedule named, if there is one. */
export function lastRunOf(collections: Iterable<Collection>): Collection | undefined {
  let last: Collection | undefined
  for (const collection of collections) if (collection.scheduledAt > (last?.scheduledAt ?? 0)) last = collection
  return last
}

function readRanges(json: string): AddressRange[] {
  const texts: string[] = JSON.parse(json)
  return texts.flatMap((text) => parseRange(text) ?? [])
}
