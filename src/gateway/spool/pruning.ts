// How surveys that nobody needs any more leave the spool: in portions, so that others get their turn and a full disk can
// take them.
import type { Database } from "bun:sqlite"
import type { GroupCommit } from "../../storage/group-commit"
import type { Day } from "../../survey/calendar"
import { type Days, readTotals, TOTALS, type TotalsRow } from "./days"
import type { Drafts } from "./drafts"
import type { ReplacedUploads } from "./notes/replaced-uploads"
import { heldDays } from "./reader"
import { beforeDaySql, onDaySql } from "./slot"
import type { Surveys } from "./surveys"

/** The cloud has to get it still, or it refuses it: the quarantine keeps the beginning only of one that is long. */
const IS_NEEDED = `(EXISTS (SELECT 1 FROM due WHERE due.slot = slots.slot)
  OR EXISTS (SELECT 1 FROM refused WHERE refused.slot = slots.slot) AND EXISTS
    (SELECT 1 FROM quarantine
     WHERE kind = 'delivery' AND quarantine.day = slots.day AND quarantine.address = slots.address))`

export class Pruning {
  #stopped = false

  constructor(
    private readonly sqlite: Database,
    private readonly commits: GroupCommit,
    private readonly drafts: Drafts,
    private readonly surveys: Surveys,
    private readonly days: Days,
    private readonly replaced: ReplacedUploads,
  ) {}

  /** Deletes delivered surveys of days before this one, and what is noted of them; all are settled. Resolves once durable. */
  async prune(before: Day): Promise<void> {
    const days = this.#stopped ? [] : heldDays(this.sqlite).filter((day) => day < before)
    for (const day of days) if (!this.#stopped) await this.#pruneDay(day)
    if (this.#stopped) return // the rest goes another time
    await this.commits.add(() => {
      this.days.prune(before)
      this.replaced.prune()
      for (const table of ["absent", "again"])
        this.#query(`DELETE FROM ${table} WHERE ${beforeDaySql("?1", table)}`).run(before)
      this.#query(
        `DELETE FROM refused WHERE ${beforeDaySql("?1", "refused")}
         AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.slot = refused.slot)`,
      ).run(before)
      this.#query("DELETE FROM dropped WHERE day < ?1 AND told = 1").run(before)
    })
  }

  /** Whether something of this day can be deleted. */
  canPrune(day: Day): boolean {
    const sql = `SELECT 1 FROM slots WHERE ${onDaySql("?1")} AND NOT ${IS_NEEDED} LIMIT 1`
    return this.#query(sql).get(day) !== null
  }

  /** After what has begun nothing more is deleted. May be called twice. */
  stop(): void {
    this.#stopped = true
  }

  /** The surveys first: a crash between leaves slots that name nothing, and these go next time. */
  async #pruneDay(day: Day): Promise<void> {
    const ids = this.#idsOf(day)
    await this.commits.addInPortions((most, done) => {
      this.drafts.end()
      this.surveys.write()
      this.surveys.keepIds()
      const portion = this.#stopped ? new Float64Array() : ids.subarray(done, done + most)
      for (const run of runsOf(portion)) this.#deleteRun(day, run)
      return portion.length
    })
    await this.commits.addInPortions((most) => {
      if (this.#stopped) return 0
      const isLeft = "NOT EXISTS (SELECT 1 FROM surveys WHERE surveys.id = slots.id)"
      const which = `SELECT slot FROM slots WHERE ${onDaySql("?1")} AND ${isLeft} LIMIT ?2`
      return this.#query(`DELETE FROM slots WHERE slot IN (${which})`).run(day, most).changes
    })
  }

  /** Of what can go, rising: in the order in which they came a day's surveys mostly stand together. */
  #idsOf(day: Day): Float64Array {
    const rows = this.#query<{ id: number }>(`SELECT id FROM slots WHERE ${onDaySql("?1")} AND NOT ${IS_NEEDED}`)
    return Float64Array.from(rows.iterate(day), ({ id }) => id).sort()
  }

  #deleteRun(day: Day, [first, last]: Run): void {
    // it may be due again meanwhile
    const which = "surveys WHERE id BETWEEN ?1 AND ?2 AND NOT EXISTS (SELECT 1 FROM due WHERE due.slot = surveys.slot)"
    this.days.remove(day, readTotals(this.#query<TotalsRow>(`SELECT ${TOTALS} FROM ${which}`).get(first, last)))
    this.#query(`DELETE FROM ${which}`).run(first, last)
  }

  #query<Result = unknown>(sql: string) {
    return this.sqlite.query<Result, (string | number)[]>(sql)
  }
}

/** Ids of rows that stand together, both included. */
type Run = [first: number, last: number]

function runsOf(ids: Float64Array): Run[] {
  const runs: Run[] = []
  for (const id of ids) {
    const latest = runs.at(-1)
    if (latest && latest[1] === id - 1) latest[1] = id
    else runs.push([id, id])
  }
  return runs
}
