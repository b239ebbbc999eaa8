// The ledger of collections: which days were collected, who was expected, and so what is owed.
import type { Database } from "bun:sqlite"
import type { DurableDatabase } from "../../storage/database"
import type { GroupCommit } from "../../storage/group-commit"
import type { Day } from "../../survey/calendar"
import { type AddressRange, formatRange, parseRange } from "../../topology/address"
import { covers, joinRanges, without } from "../../topology/ranges"

export interface Collection {
  readonly day: Day
  /** Milliseconds since the epoch. */
  readonly scheduledAt: number
  expected: readonly AddressRange[]
  closed: boolean
  confirmed: boolean
  /** The clock was set back behind it: as a run it does not count until it has come again. */
  readonly doubtful: boolean
}

/** A run of the schedule that did not take place, ms since the epoch, and the day that it would have collected. */
export interface MissedRun {
  readonly day: Day
  readonly scheduledAt: number
}

interface Row {
  day: Day
  scheduled_at: number
  expected: string
  closed_at: number | null
  confirmed: number
  doubtful: number
}

const RELEASED = -1 // in place of the instant of a run

/** Small enough to be held in memory whole: a row a day. */
export class Ledger {
  readonly #collections = new Map<Day, Collection>()
  #releasedUpTo: Day | undefined

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly now: () => number,
  ) {
    this.recall()
    this.#releasedUpTo = latest(this.#collections.values(), ({ scheduledAt }) => scheduledAt === RELEASED)
  }

  /** Reads again what somebody else has written. */
  recall(): void {
    for (const collection of readCollections(this.database.sqlite)) this.#collections.set(collection.day, collection)
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

  /** The latest day that the schedule collected or missed; undefined before the first run. */
  get lastRunDay(): Day | undefined {
    return lastRunDayOf(this.#collections.values())
  }

  /** The latest day that the cloud agreed about. */
  get lastConfirmedDay(): Day | undefined {
    return latest(this.#collections.values(), ({ confirmed }) => confirmed)
  }

  /** The latest day whose collection is closed: what is older need not wait for anybody. */
  get lastClosedDay(): Day | undefined {
    return latest(this.#collections.values(), ({ closed }) => closed)
  }

  /** Opens a day's collection, or opens it again with today's list of devices. Resolves once durable. */
  async open(day: Day, scheduledAt: number, expected: readonly AddressRange[]): Promise<Collection> {
    const known = this.#collections.get(day)
    const collection: Collection = {
      day,
      scheduledAt: known?.doubtful ? scheduledAt : Math.max(scheduledAt, known?.scheduledAt ?? 0),
      expected,
      closed: known?.closed ?? false,
      confirmed: false,
      doubtful: false,
    }
    await this.commits.add(() => {
      this.database.sqlite
        .query(
          `INSERT INTO collections (day, scheduled_at, expected) VALUES (?1, ?2, ?3)
           ON CONFLICT DO UPDATE SET scheduled_at = excluded.scheduled_at, expected = excluded.expected, confirmed = 0,
             doubtful = 0`,
        )
        .run(day, collection.scheduledAt, JSON.stringify(expected.map(formatRange)))
    })
    this.#collections.set(day, collection)
    return collection
  }

  /** A closed collection for a day that never had one, because something came for it all the same; nobody owes it. */
  async adopt(day: Day): Promise<void> {
    await this.commits.add(() => {
      this.database.sqlite
        .query("INSERT OR IGNORE INTO collections (day, scheduled_at, expected, closed_at) VALUES (?1, 0, '[]', ?2)")
        .run(day, this.now())
    })
    if (this.#collections.has(day)) return
    this.#collections.set(day, { day, scheduledAt: 0, expected: [], closed: true, confirmed: false, doubtful: false })
  }

  /** Ends a day's collection, and those before it that a crash cut short. Resolves once durable. */
  async close(day: Day): Promise<void> {
    await this.commits.add(() => {
      this.database.sqlite
        .query("UPDATE collections SET closed_at = ?2 WHERE day <= ?1 AND closed_at IS NULL")
        .run(day, this.now())
    })
    for (const collection of this.#collections.values()) if (collection.day <= day) collection.closed = true
  }

  async confirm(day: Day, confirmed: boolean): Promise<void> {
    const collection = this.#collections.get(day)
    if (!collection || collection.confirmed === confirmed) return
    await this.commits.add(() => {
      this.database.sqlite.query("UPDATE collections SET confirmed = ?2 WHERE day = ?1").run(day, confirmed ? 1 : 0)
    })
    collection.confirmed = confirmed
  }

  /**
   * Records runs that did not take place, so that their days are owed; days that were collected stay as they are.
   * Resolves once durable.
   */
  async miss(runs: readonly MissedRun[], expected: readonly AddressRange[]): Promise<void> {
    const missed = runs.filter(({ day }) => {
      const known = this.#collections.get(day)
      return !known?.closed || known.scheduledAt === 0 || known.doubtful
    })
    if (missed.length === 0) return
    await this.commits.add(() => {
      const record = this.database.sqlite.query(
        `INSERT INTO collections (day, scheduled_at, expected, closed_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET scheduled_at = excluded.scheduled_at, expected = excluded.expected,
           closed_at = coalesce(closed_at, excluded.closed_at), confirmed = 0, doubtful = 0`,
      )
      const ranges = JSON.stringify(expected.map(formatRange))
      for (const { day, scheduledAt } of missed) record.run(day, scheduledAt, ranges, this.now())
    })
    for (const { day, scheduledAt } of missed) {
      this.#collections.set(day, { day, scheduledAt, expected, closed: true, confirmed: false, doubtful: false })
    }
  }

  /**
   * The clock was set back to this instant: a run that is scheduled after it does not count until it has come again. What
   * it brought is there, and goes to the cloud. Resolves with the days of such runs, oldest first, once durable.
   * @param expectAgain makes the surveys of these days wanted once more. It comes first: after a crash between the two,
   *   the next look finds the runs as they were
   */
  async setBack(instantMs: number, expectAgain: (days: readonly Day[]) => Promise<void>): Promise<Day[]> {
    const isEarly = ({ scheduledAt, doubtful }: Collection) => scheduledAt > instantMs && !doubtful
    const days = this.all().flatMap((known) => (isEarly(known) ? [known.day] : []))
    if (days.length === 0) return days
    await expectAgain(days)
    await this.commits.add(() => {
      this.database.sqlite.query("UPDATE collections SET doubtful = 1 WHERE scheduled_at > ?1").run(instantMs)
    })
    for (const known of this.all().filter(isEarly)) this.#collections.set(known.day, { ...known, doubtful: true })
    return days
  }

  /** The earliest run that is to come again, ms since the epoch; undefined where there is none. */
  get firstDoubtful(): number | undefined {
    const runs = this.all().filter(({ doubtful }) => doubtful)
    return runs.length === 0 ? undefined : Math.min(...runs.map(({ scheduledAt }) => scheduledAt))
  }

  /** From now on these are expected on this day, and nobody else. Resolves once durable. */
  async expect(day: Day, expected: readonly AddressRange[]): Promise<void> {
    const known = this.#collections.get(day)
    if (!known) return
    const before = known.expected
    known.expected = expected // before the commit: a run that ends meanwhile must not tell of others
    try {
      await this.commits.add(() => {
        this.database.sqlite
          .query("UPDATE collections SET expected = ?2 WHERE day = ?1")
          .run(day, JSON.stringify(expected.map(formatRange)))
      })
    } catch (error) {
      known.expected = before
      throw error
    }
  }

  /** These addresses are not expected on this day any more. Resolves once durable. */
  async excuse(day: Day, addresses: AddressRange): Promise<void> {
    const known = this.#collections.get(day)
    if (known) await this.expect(day, without(joinRanges(known.expected), [addresses]))
  }

  /** The latest day that was released. */
  get releasedUpTo(): Day | undefined {
    return this.#releasedUpTo
  }

  /**
   * Nothing of this day and before is owed, taken or compared any more: its surveys make room, and the cloud has them.
   * Resolves once durable.
   */
  async release(day: Day): Promise<void> {
    const before = this.#releasedUpTo
    // before the commit: what was taken until now is merged before they go
    this.#releasedUpTo = day
    try {
      await this.commits.add(() => {
        this.database.sqlite
          .query("UPDATE collections SET scheduled_at = ?2, expected = '[]' WHERE day <= ?1")
          .run(day, RELEASED)
      })
    } catch (error) {
      this.#releasedUpTo = before
      throw error
    }
    for (const known of this.#collections.values()) {
      if (known.day <= day) this.#collections.set(known.day, { ...known, scheduledAt: RELEASED, expected: [] })
    }
  }

  /** Days on which this address was expected, oldest first. */
  expectedOf(address: number): Day[] {
    return this.all()
      .filter(({ expected, doubtful }) => !doubtful && covers(expected, address))
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
  return rows.map(({ day, scheduled_at, expected, closed_at, confirmed, doubtful }) => ({
    day,
    scheduledAt: scheduled_at,
    expected: readRanges(expected),
    closed: closed_at !== null,
    confirmed: confirmed === 1,
    doubtful: doubtful === 1,
  }))
}

/** The latest that the schedule named, if there is one. */
export function lastRunOf(collections: Iterable<Collection>): Collection | undefined {
  let last: Collection | undefined
  for (const collection of collections) {
    if (!collection.doubtful && collection.scheduledAt > (last?.scheduledAt ?? 0)) last = collection
  }
  return last
}

/** The latest day that the schedule collected or missed, if there is one. */
export function lastRunDayOf(collections: Iterable<Collection>): Day | undefined {
  return latest(collections, ({ scheduledAt, doubtful }) => scheduledAt > 0 && !doubtful)
}

function latest(collections: Iterable<Collection>, counts: (collection: Collection) => boolean): Day | undefined {
  let last: Day | undefined
  for (const collection of collections) if (counts(collection) && collection.day > (last ?? "")) last = collection.day
  return last
}

function readRanges(json: string): AddressRange[] {
  const texts: string[] = JSON.parse(json)
  return texts.flatMap((text) => parseRange(text) ?? [])
}
