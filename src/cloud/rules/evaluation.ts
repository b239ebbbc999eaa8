// What the rules say of a site's newest day, from what the store has. Page by page: what one needs is read, judged, and
// noted in one change, so that deliveries have their turn between.
import * as v from "valibot"
import { addDays, type Day } from "../../survey/calendar"
import { type AddressRange, formatAddress } from "../../topology/address"
import type { RuleName } from "../../topology/alerts/rules"
import { covers, joinRanges, overlap, slicesIn, without } from "../../topology/ranges"
import { type CollectionReport, collectionReport } from "../report"
import type { Change, WritableTables } from "../store/tables"
import { Findings } from "./findings"
import { History, PAGE, type Survey } from "./history"
import { type AlertRow, AlertTable, THE_SITE } from "./table"
import { isOfRun, isSet, type RulesOf, type Watched } from "./watched"

/** Days that were closed, and what came of them. */
export type Closings = ReadonlyMap<Day, readonly AddressRange[]>

const LATE_DAYS = 7 // a device's older readings begin and end nothing any more

export class Evaluation {
  readonly #table: AlertTable
  readonly #history: History
  readonly #findings: Findings
  readonly #rulesOf: RulesOf | undefined
  #changed = 0

  constructor(
    private readonly tables: WritableTables,
    private readonly site: { readonly id: number; readonly name: string },
    /** The newest day that was closed. */
    private readonly day: Day,
    private readonly watched: Watched,
  ) {
    this.#table = new AlertTable(tables, site.id)
    this.#history = new History(tables, site.id, day)
    this.#findings = new Findings(this.#table, this.#history)
    this.#rulesOf = watched.ofDevices(site.name)
  }

  /**
   * @param closings what of which days changed: of the newest one that is looked at, of older ones where nothing newer came
   * @returns how many rows of what holds began, ended or got another value
   */
  async run(closings: Closings): Promise<number> {
    const report = await this.#report()
    if (!report) return 0
    await this.#lookAtReadings(report, closings)
    await this.#lookAtAbsent(report)
    await this.#lookAtHeld(report)
    return this.#changed
  }

  async #report(): Promise<CollectionReport | undefined> {
    const row = await this.tables.get<{ report: string }>(
      "SELECT CAST(report AS TEXT) AS report FROM collections WHERE site = ?1 AND day = ?2",
      ...[this.site.id, this.day],
    )
    try {
      const kept: unknown = JSON.parse(row?.report ?? "null")
      const parsed = v.safeParse(collectionReport, kept)
      return parsed.success && !v.is(dropped, kept) ? parsed.output : undefined
    } catch (error) {
      if (error instanceof SyntaxError) return undefined // as an older version kept it, or somebody's hand
      throw error
    }
  }

  async #lookAtReadings({ arrived, late, missing, refused }: CollectionReport, closings: Closings): Promise<void> {
    const rulesOf = this.#rulesOf
    if (!rulesOf) return
    const absent = without(joinRanges([...missing, ...refused]), joinRanges([...arrived, ...late]))
    const since = addDays(this.day, -LATE_DAYS)
    for (const [day, changed] of [...closings].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (day < since || day > this.day) continue
      const isNewest = day === this.day
      const ranges = isNewest ? joinRanges(changed) : overlap(joinRanges(changed), absent)
      for await (const page of this.#history.pages(day, ranges)) {
        const surveys = isNewest ? page : await this.#newestOf(page, day)
        await this.#change(await this.#findings.ofReadings(surveys, day, rulesOf))
      }
    }
  }

  /** Those behind which nothing newer came. */
  async #newestOf(surveys: readonly Survey[], day: Day): Promise<readonly Survey[]> {
    const { days } = Temporal.PlainDate.from(day).until(this.day)
    const silent = await this.#history.silent(surveys.map(({ address }) => ({ address, days })))
    return surveys.filter(({ address }) => silent.has(address))
  }

  /** Those that the run has nothing of, and those that this cloud refuses. */
  async #lookAtAbsent({ missing, refused, reasons }: CollectionReport): Promise<void> {
    const { ofRuns } = this.watched
    const rulesOf = this.#rulesOf
    const why = new Map(reasons)
    for (const addresses of slicesIn(joinRanges([...missing, ...refused]), PAGE)) {
      const rowsOf = await this.#table.rowsOf(addresses)
      const heldOf = (address: number, rule: RuleName) =>
        rowsOf(address).find((row) => row.rule === rule && row.holds === 1)
      const changes = addresses.flatMap((address) => {
        const reason = why.get(formatAddress(address)) ?? null
        const absences = [
          ...(ofRuns.incomplete && covers(missing, address) ? (["incomplete"] as const) : []),
          ...(ofRuns.refused && covers(refused, address) ? (["refused"] as const) : []),
        ]
        return absences
          .filter((rule) => heldOf(address, rule)?.reason !== reason)
          .map((rule) => this.#table.hold({ address, rule, reason }, this.day))
      })
      const unheard = addresses.filter((address) => !heldOf(address, "silent"))
      await this.#change([...changes, ...(rulesOf ? await this.#findings.ofSilence(unheard, rulesOf) : [])])
    }
  }

  /** What holds so far: some of it ends, some of it is not watched any more. */
  async #lookAtHeld({ arrived, late, missing, refused }: CollectionReport): Promise<void> {
    const rulesOf: RulesOf = this.#rulesOf ?? (() => ({}))
    const expected = joinRanges([...arrived, ...late, ...missing, ...refused])
    const isWatched = ({ address, rule }: AlertRow) =>
      covers(expected, address) && isSet(isOfRun(rule) ? this.watched.ofRuns : rulesOf(address), rule)
    const isBack = ({ address, rule }: AlertRow) =>
      (rule === "incomplete" && !covers(missing, address)) || (rule === "refused" && !covers(refused, address))
    let after: AlertRow | undefined
    for (let more = true; more; ) {
      const page = await this.#table.page(after, PAGE)
      const ofDevices = page.filter(({ address }) => address !== THE_SITE)
      const held = ofDevices.filter((row) => row.holds === 1 && isWatched(row))
      await this.#change([
        ...ofDevices.filter((row) => !isWatched(row)).map((row) => this.#table.forget(row)),
        ...(await this.#findings.ofHeard(
          held.filter(({ rule }) => rule === "silent"),
          rulesOf,
        )),
        ...(await this.#findings.ofReturn(held.filter(isBack))),
      ])
      after = page.at(-1)
      more = page.length === PAGE
    }
  }

  /** Others have their turn even where nothing changes. */
  async #change(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return await new Promise(setImmediate)
    for (const rows of await this.tables.change(changes)) this.#changed += rows
  }
}

/** As the store marks the account of a day that a person has dropped whole. */
const dropped = v.object({ dropped: v.literal(true) })
