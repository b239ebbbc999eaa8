// What the rules say of a site's newest day, from what the store has: in pages, so that deliveries have their turn between.
import * as v from "valibot"
import type { GroupCommit } from "../../storage/group-commit"
import { addDays, type Day, shortDay } from "../../survey/calendar"
import { type AddressRange, formatAddress } from "../../topology/address"
import type { DeviceRules, RuleName, Rules } from "../../topology/alerts/rules"
import { addressesIn, covers, joinRanges } from "../../topology/ranges"
import { type CollectionReport, collectionReport } from "../report"
import type { Query } from "../store/sqlite/query"
import type { StoredReading } from "../store/stored"
import { daysOf, judgeThresholds, onlyValue, THRESHOLDS } from "./judge"
import { type AlertRow, type AlertTable, THE_SITE } from "./table"

/** What the topology says now. */
export interface Watched {
  readonly ofRuns: Rules
  /** Undefined: nothing is watched of any device of the site. */
  ofDevices(site: string): ((address: number) => DeviceRules) | undefined
}

/** Days that were closed, and what came of them. */
export type Closings = ReadonlyMap<Day, readonly AddressRange[]>

const PAGE = 1000
const LATE_DAYS = 7 // a device's older readings begin and end nothing any more

interface Survey {
  readonly address: number
  readonly readings: string
}

export class Evaluation {
  readonly #stretches = new Map<number, readonly Day[]>()
  #firstDay: Day | undefined

  constructor(
    private readonly query: Query,
    private readonly commits: Pick<GroupCommit, "add">,
    private readonly table: AlertTable,
    private readonly site: { readonly id: number; readonly name: string },
    /** The newest day that was closed. */
    private readonly day: Day,
    private readonly watched: Watched,
  ) {}

  /** @param closings what of which days changed: of the newest one that is looked at, of older ones where nothing newer came */
  async run(closings: Closings): Promise<void> {
    const report = this.#report()
    if (!report) return
    const rulesOf = this.watched.ofDevices(this.site.name)
    if (rulesOf) await this.#lookAtReadings(report, closings, rulesOf)
    await this.#lookAtAbsent(report, rulesOf)
    await this.#lookAtHeld(report, rulesOf)
  }

  #report(): CollectionReport | undefined {
    const row = this.query<{ report: string }>(
      `SELECT report FROM collections WHERE site = ?1 AND day = ?2
       AND NOT iif(json_valid(report), coalesce(report ->> '$.dropped', 0), 0)`,
    ).get(this.site.id, this.day)
    try {
      const parsed = v.safeParse(collectionReport, JSON.parse(row?.report ?? "null"))
      return parsed.success ? parsed.output : undefined
    } catch (error) {
      if (error instanceof SyntaxError) return undefined // as an older version kept it, or somebody's hand
      throw error
    }
  }

  async #lookAtReadings(
    { arrived, late }: CollectionReport,
    closings: Closings,
    rulesOf: (address: number) => DeviceRules,
  ): Promise<void> {
    const here = joinRanges([...arrived, ...late])
    const since = addDays(this.day, -LATE_DAYS)
    for (const [day, ranges] of [...closings].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (day < since || day > this.day) continue
      const isNewest = day === this.day
      const isOld = ({ address }: Survey) => !isNewest && (covers(here, address) || this.#hasReadings(address, day))
      for (const { first, last } of joinRanges(ranges)) {
        for (let next = first; next <= last; ) {
          const page = await this.commits.add(() => {
            const surveys = this.#surveys(day, next, last)
            const rows = this.#rows(surveys.map(({ address }) => address))
            for (const survey of surveys) {
              if (isOld(survey)) continue
              this.#judge(survey, day, rulesOf(survey.address), rows.get(survey.address) ?? [])
            }
            return surveys
          })
          next = page.length < PAGE ? last + 1 : (page.at(-1)?.address ?? last) + 1
        }
      }
    }
  }

  #judge({ address, readings }: Survey, day: Day, rules: DeviceRules, rows: readonly AlertRow[]): void {
    const stored: StoredReading[] = JSON.parse(readings)
    const rowOf = (rule: RuleName) => rows.find((row) => row.rule === rule)
    const isHeld = (rule: RuleName) => rowOf(rule)?.holds === 1
    for (const { rule, holds, value } of judgeThresholds(rules, stored, isHeld)) {
      const row = rowOf(rule)
      if (holds ? row?.holds === 1 && row.value === value : !row) continue
      this.table.note(this.site.id, { address, rule, holds, value }, day)
    }
    if (day !== this.day) return
    if (rules.stuck && stored.length > 0) this.#judgeStuck(address, stored, daysOf(rules.stuck), rowOf("stuck"))
    if (stored.length === 0) this.#judgeSilent(address, rules)
  }

  #judgeStuck(address: number, stored: readonly StoredReading[], days: number, row: AlertRow | undefined): void {
    const reason = onlyValue(stored)
    if (row?.holds === 1 && row.reason === reason) return
    const holds = reason !== undefined && this.#isOnlyValue(address, reason, stored.length, days)
    if (!holds && !row) return
    this.table.note(this.site.id, { address, rule: "stuck", holds, reason: reason ?? null }, this.#firstOf(days))
  }

  /** Whether the value stood on the first of these days, and no other one on the days between. */
  #isOnlyValue(address: number, value: string, readings: number, days: number): boolean {
    const [, ...before] = this.#stretch(days)
    if (before.length === 0) return readings > 1
    const oldest = before.at(-1)
    return before.every((day) => {
      const stored = this.#readings(address, day)
      return stored.length === 0 ? day !== oldest : onlyValue(stored) === value
    })
  }

  #judgeSilent(address: number, { silent }: DeviceRules): void {
    if (!silent) return
    const days = daysOf(silent)
    const since = this.#firstOf(days)
    if (this.#wasClosedBy(since) && this.#isSilent(address, days)) {
      this.table.note(this.site.id, { address, rule: "silent", holds: true }, since)
    }
  }

  /** Those that the run has nothing of, and those that this cloud refuses. */
  async #lookAtAbsent(
    { missing, refused, reasons }: CollectionReport,
    rulesOf: ((address: number) => DeviceRules) | undefined,
  ): Promise<void> {
    const { ofRuns } = this.watched
    const why = new Map(reasons)
    const absent = addressesIn(joinRanges([...missing, ...refused]))
    for (let slice = take(absent, PAGE); slice.length > 0; slice = take(absent, PAGE)) {
      await this.commits.add(() => {
        const rows = this.#rows(slice)
        for (const address of slice) {
          const reason = why.get(formatAddress(address)) ?? null
          const held = rows.get(address)?.filter(({ holds }) => holds === 1) ?? []
          const note = (rule: RuleName) => {
            if (held.some((row) => row.rule === rule && row.reason === reason)) return
            this.table.note(this.site.id, { address, rule, holds: true, reason }, this.day)
          }
          if (ofRuns.incomplete && covers(missing, address)) note("incomplete")
          if (ofRuns.refused && covers(refused, address)) note("refused")
          if (rulesOf && !held.some(({ rule }) => rule === "silent")) this.#judgeSilent(address, rulesOf(address))
        }
      })
    }
  }

  /** What holds so far: some of it ends, some of it is not watched any more. */
  async #lookAtHeld(report: CollectionReport, rulesOf: ((address: number) => DeviceRules) | undefined): Promise<void> {
    const { arrived, late, missing, refused } = report
    const expected = joinRanges([...arrived, ...late, ...missing, ...refused])
    let after: AlertRow | undefined
    for (let more = true; more; ) {
      await this.commits.add(() => {
        const page = this.table.page(this.site.id, after, PAGE)
        for (const row of page) this.#look(row, report, expected, rulesOf?.(row.address))
        after = page.at(-1)
        more = page.length === PAGE
      })
    }
  }

  #look(
    row: AlertRow,
    { missing, refused }: CollectionReport,
    expected: readonly AddressRange[],
    rules: DeviceRules = {},
  ): void {
    const { address, rule } = row
    if (address === THE_SITE) return
    const { ofRuns } = this.watched
    const isOfRun = rule === "incomplete" || rule === "refused" || rule === "overdue"
    const isWatched = isOfRun ? ofRuns[rule] : rules[rule] !== undefined && rules[rule] !== false
    if (!isWatched || !covers(expected, address)) return this.table.forget(this.site.id, row)
    const isOver =
      (rule === "incomplete" && !covers(missing, address)) ||
      (rule === "refused" && !covers(refused, address)) ||
      (rule === "silent" && rules.silent && !this.#isSilent(address, daysOf(rules.silent)))
    if (!isOver || row.holds === 0) return
    // a device that is there again may still owe the day on which this began
    const owes = rule !== "silent" && !this.#isHeard(address, row.since)
    const reason = owes ? `nothing of ${shortDay(row.since)} so far` : null
    this.table.note(this.site.id, { address, rule, holds: false, reason }, this.day)
  }

  #isSilent(address: number, days: number): boolean {
    return !this.#stretch(days).some((day) => this.#isHeard(address, day))
  }

  #wasClosedBy(day: Day): boolean {
    const first = this.query<{ day: Day }>("SELECT min(day) AS day FROM collections WHERE site = ?1")
    this.#firstDay ??= first.get(this.site.id)?.day ?? this.day
    return this.#firstDay <= day
  }

  /** Behind this day, up to the newest. */
  #hasReadings(address: number, behind: Day): boolean {
    return this.#stretch(LATE_DAYS).some((day) => day > behind && this.#isHeard(address, day))
  }

  #isHeard(address: number, day: Day): boolean {
    const readings = this.query(
      "SELECT 1 FROM surveys WHERE site = ?1 AND day = ?2 AND address = ?3 AND readings <> '[]'",
    )
    return readings.get(this.site.id, day, address) !== null
  }

  #readings(address: number, day: Day): StoredReading[] {
    const row = this.query<{ readings: string }>(
      "SELECT readings FROM surveys WHERE site = ?1 AND day = ?2 AND address = ?3",
    ).get(this.site.id, day, address)
    return JSON.parse(row?.readings ?? "[]")
  }

  #surveys(day: Day, first: number, last: number): Survey[] {
    return this.query<Survey>(
      `SELECT address, readings FROM surveys WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4
       ORDER BY address LIMIT ${PAGE}`,
    ).all(this.site.id, day, first, last)
  }

  /** Of rising addresses. */
  #rows(addresses: readonly number[]): Map<number, AlertRow[]> {
    const [first, last] = [addresses[0], addresses.at(-1)]
    if (first === undefined || last === undefined) return new Map()
    return Map.groupBy(this.table.rows(this.site.id, first, last), ({ address }) => address)
  }

  /** Of so many days up to the newest. */
  #firstOf(days: number): Day {
    return this.#stretch(days).at(-1) ?? this.day
  }

  /** So many days up to the newest, from that one back. */
  #stretch(days: number): readonly Day[] {
    const known = this.#stretches.get(days)
    if (known) return known
    const stretch = Array.from({ length: days }, (_, index) => addDays(this.day, -index))
    this.#stretches.set(days, stretch)
    return stretch
  }
}

/** Whether any rule of a device is set. */
export const isAnySet = (rules: DeviceRules): boolean =>
  [...THRESHOLDS, "silent" as const, "stuck" as const].some(
    (rule) => rules[rule] !== undefined && rules[rule] !== false,
  )

function take(addresses: Iterator<number>, most: number): number[] {
  const taken: number[] = []
  while (taken.length < most) {
    const { done, value } = addresses.next()
    if (done) break
    taken.push(value)
  }
  return taken
}
