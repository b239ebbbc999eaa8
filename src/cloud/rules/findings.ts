// What begins and what ends among a page of devices, as the changes that note it; nothing is written here.
import { type Day, shortDay } from "../../survey/calendar"
import type { DeviceRules, RuleName } from "../../topology/alerts/rules"
import type { StoredReading } from "../store/stored"
import type { Change } from "../store/tables"
import type { History, Span, Survey } from "./history"
import { daysOf, judgeThresholds, onlyValue } from "./judge"
import type { AlertRow, AlertTable } from "./table"
import type { RulesOf } from "./watched"

/** A device that may be stuck, or not any more. */
interface Steady extends Span {
  /** The newest day's only one; undefined: there are several. */
  readonly value: string | undefined
  readonly readings: number
  readonly row: AlertRow | undefined
}

export class Findings {
  constructor(
    private readonly table: AlertTable,
    private readonly history: History,
  ) {}

  /** Of a day's surveys, by rising addresses. */
  async ofReadings(surveys: readonly Survey[], day: Day, rulesOf: RulesOf): Promise<Change[]> {
    const rowsOf = await this.table.rowsOf(surveys.map(({ address }) => address))
    const changes: Change[] = []
    const steady: Steady[] = []
    const empty: number[] = []
    for (const { address, readings } of surveys) {
      const stored: StoredReading[] = JSON.parse(readings)
      const rules = rulesOf(address)
      const rows = rowsOf(address)
      for (const change of this.#ofThresholds(address, day, stored, rules, rows)) changes.push(change)
      if (day !== this.history.newest) continue
      if (stored.length === 0) empty.push(address)
      else if (rules.stuck) {
        const row = rows.find(({ rule }) => rule === "stuck")
        const value = onlyValue(stored)
        if (row?.holds === 1 ? row.reason === value : !row && value === undefined) continue
        steady.push({ address, days: daysOf(rules.stuck), value, readings: stored.length, row })
      }
    }
    return [...changes, ...(await this.#ofSteady(steady)), ...(await this.ofSilence(empty, rulesOf))]
  }

  /** @param absent devices without readings on the newest day */
  async ofSilence(absent: readonly number[], rulesOf: RulesOf): Promise<Change[]> {
    const spans = spansOf(absent, rulesOf)
    if (spans.length === 0) return []
    const firstDay = await this.history.firstDay()
    const silent = await this.history.silent(spans.filter(({ days }) => firstDay <= this.history.firstOf(days)))
    return spans.flatMap(({ address, days }) =>
      silent.has(address) ? this.table.hold({ address, rule: "silent" }, this.history.firstOf(days)) : [],
    )
  }

  /** Ends what holds of devices that are heard again. */
  async ofHeard(rows: readonly AlertRow[], rulesOf: RulesOf): Promise<Change[]> {
    const addresses = rows.map(({ address }) => address)
    const silent = await this.history.silent(spansOf(addresses, rulesOf))
    return rows.flatMap((row) => (silent.has(row.address) ? [] : this.table.end(row)))
  }

  /** All of these rows end. A device that is there again may still owe the day on which this began. */
  async ofReturn(rows: readonly AlertRow[]): Promise<Change[]> {
    const changes: Change[] = []
    for (const [since, back] of Map.groupBy(rows, (row) => row.since)) {
      const addresses = back.map(({ address }) => address)
      const heard = await this.history.heard(since, addresses)
      const reason = `nothing of ${shortDay(since)} so far`
      changes.push(...back.flatMap((row) => this.table.end(row, heard.has(row.address) ? {} : { reason })))
    }
    return changes
  }

  #ofThresholds(
    address: number,
    day: Day,
    stored: readonly StoredReading[],
    rules: DeviceRules,
    rows: readonly AlertRow[],
  ): Change[] {
    const rowOf = (rule: RuleName) => rows.find((row) => row.rule === rule)
    const isHeld = (rule: RuleName) => rowOf(rule)?.holds === 1
    const changes: Change[] = []
    for (const { rule, holds, value } of judgeThresholds(rules, stored, isHeld)) {
      const row = rowOf(rule)
      if (!holds && row) changes.push(...this.table.end(row, { value }))
      if (holds && (row?.holds !== 1 || row.value !== value))
        changes.push(this.table.hold({ address, rule, value }, day))
    }
    return changes
  }

  async #ofSteady(devices: readonly Steady[]): Promise<Change[]> {
    const suspects = devices.flatMap(({ address, days, value, readings }) =>
      value !== undefined && (days > 1 || readings > 1) ? [{ address, days, value }] : [],
    )
    const stuck = await this.history.unchanged(suspects)
    return devices.flatMap(({ address, days, value: reason = null, row }) => {
      if (stuck.has(address)) return this.table.hold({ address, rule: "stuck", reason }, this.history.firstOf(days))
      return row ? this.table.end(row, { reason }) : []
    })
  }
}

/** Of so many days each of these is watched for silence, if it is. */
const spansOf = (addresses: readonly number[], rulesOf: RulesOf): Span[] =>
  addresses.flatMap((address) => {
    const { silent } = rulesOf(address)
    return silent ? [{ address, days: daysOf(silent) }] : []
  })
