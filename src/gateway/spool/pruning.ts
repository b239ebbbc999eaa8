// How surveys that nobody needs any more leave the spool: in portions, because a commit's log holds every page that it
// frees, and on a full disk nothing else can make room.
import type { DurableDatabase } from "../../storage/database"
import type { GroupCommit } from "../../storage/group-commit"
import { pageBytes } from "../../storage/size"
import type { Day } from "../../survey/calendar"
import type { Arrivals } from "./arrivals"
import { BEFORE_ALL, beforeDaySql, onDaySql } from "./places"
import type { Revisions } from "./revisions"
import { MOST_IN_PORTION, reserveBytes } from "./space"
import type { Strays } from "./strays"
import type { Zones } from "./zones"

const PORTION_OF_RESERVE = 1 / 4
/** The cloud has to get it still, or it refuses it: the quarantine keeps the beginning only of one that is long. */
const IS_NEEDED = `(EXISTS (SELECT 1 FROM due WHERE due.place = surveys.place)
  OR EXISTS (SELECT 1 FROM refused WHERE refused.place = surveys.place) AND EXISTS
    (SELECT 1 FROM quarantine
     WHERE kind = 'delivery' AND quarantine.day = surveys.day AND quarantine.address = surveys.address))`

export class Pruning {
  #stopped = false

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly arrivals: Arrivals,
    private readonly revisions: Revisions,
    private readonly strays: Strays,
    private readonly zones: Zones,
  ) {}

  /** Deletes delivered surveys of days before this one, and strays' digests; resolves once that is durable. */
  async prune(before: Day): Promise<void> {
    let after: number | undefined = BEFORE_ALL
    while (after !== undefined && !this.#stopped) after = await this.#pruneNext(after, before)
    if (this.#stopped) return // the rest goes another time
    await this.commits.add(() => {
      this.strays.prune()
      this.zones.prune(before, this.arrivals.waitingDays)
      for (const table of ["absent", "again"])
        this.#query(`DELETE FROM ${table} WHERE ${beforeDaySql("?1", table)}`).run(before)
      this.#query(
        `DELETE FROM refused WHERE ${beforeDaySql("?1", "refused")}
         AND NOT EXISTS (SELECT 1 FROM surveys WHERE surveys.place = refused.place)`,
      ).run(before)
      this.#query("DELETE FROM dropped WHERE day < ?1 AND told = 1").run(before)
    })
  }

  /** Whether something of this day can be deleted. */
  canPrune(day: Day): boolean {
    const sql = `SELECT 1 FROM surveys WHERE ${onDaySql("?1")} AND NOT ${IS_NEEDED} LIMIT 1`
    return this.#query(sql).get(day) !== null
  }

  /** After what has begun nothing more is deleted. May be called twice. */
  stop(): void {
    this.#stopped = true
  }

  #pruneNext(after: number, before: Day): Promise<number | undefined> {
    return this.commits.add(() => this.#prunePortion(after, before))
  }

  /** The last place that has been looked at; undefined when there is none any more. */
  #prunePortion(after: number, before: Day): number | undefined {
    const { file, sqlite } = this.database
    this.revisions.end()
    const portionBytes = reserveBytes(file, pageBytes(sqlite).one) * PORTION_OF_RESERVE
    // those that have only landed are due
    const found = this.#query<{ place: number; bytes: number }>(
      `SELECT place, octet_length(body) AS bytes FROM surveys WHERE place > ?1 AND ${beforeDaySql("?2")}
       ORDER BY place LIMIT ${MOST_IN_PORTION}`,
    ).all(after, before)
    let bytes = 0
    const last = found.find((row) => (bytes += row.bytes) >= portionBytes) ?? found.at(-1)
    if (!last) return undefined
    this.#query(`DELETE FROM surveys WHERE place > ?1 AND place <= ?2 AND NOT ${IS_NEEDED}`).run(after, last.place)
    this.arrivals.prune(before)
    return last.place
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number)[]>(sql)
  }
}
