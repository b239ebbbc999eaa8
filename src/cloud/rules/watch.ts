// Watches the rules: a while after the last day of a run was closed it looks at the newest one, and has told what is new.
import type { Clock } from "../../clock"
import type { Log } from "../../log"
import type { News, Told } from "../../news"
import type { GroupCommit } from "../../storage/group-commit"
import { addDays, type Day, dayOf } from "../../survey/calendar"
import { type AddressRange, EVERY_ADDRESS } from "../../topology/address"
import { type NamedRange, nameOf } from "../../topology/names"
import type { CollectionReport } from "../report"
import { namesOfSite } from "../store/names"
import type { Query } from "../store/sqlite/query"
import { Evaluation, type Watched } from "./evaluation"
import { Outbox, type Waiting } from "./outbox"
import { lastRuns, nextRun } from "./rhythm"
import { type AlertRow, AlertTable, THE_SITE } from "./table"

/** A message for each of those who are told; nothing is told, and stays untold, without any. */
export type Compose = (news: News) => readonly Omit<Waiting, "id" | "at" | "reason">[]

export interface WatchOptions {
  readonly query: Query
  readonly commits: Pick<GroupCommit, "add">
  readonly clock: Clock
  readonly log: Pick<Log, "error">
  readonly watched: () => Watched
  /** Whether a site still delivers here: of one that does not, as it has another name now, nothing holds. */
  readonly serves: (site: string) => boolean
  /** What holds of this site is another than before. */
  readonly onChange?: (site: string) => void
}

/** Why a run is overdue, since which day; undefined: it is not. */
export type Overdue = { readonly since: Day; readonly reason: string } | undefined

/** What was closed of a site, and not looked at yet. */
interface Closed {
  readonly days: Map<Day, readonly AddressRange[]>
  /** A run, of which news are told. */
  isRun: boolean
}

const SETTLED_AFTER_MS = 10_000 // a run closes day after day
const REMIND_AFTER_DAYS = 7
const DAYS_AHEAD = 2 // as many as a delivery may be ahead of our clock

export class Watch {
  readonly outbox: Outbox
  readonly #table: AlertTable
  /** What is to be looked at, by site. */
  readonly #closings = new Map<string, Closed>()
  #cancel: (() => void) | undefined
  #working: Promise<void> = Promise.resolve()
  #compose: Compose = () => []
  #onMessages = () => {}

  constructor(private readonly options: WatchOptions) {
    this.#table = new AlertTable(options.query)
    this.outbox = new Outbox(options.query, options.commits)
  }

  /** From now on news are told so; `onMessages`: some wait in the outbox. */
  tell(compose: Compose, onMessages: () => void): void {
    this.#compose = compose
    this.#onMessages = onMessages
  }

  /** What a process that ended badly may not have looked at, or not told. */
  start(): void {
    const { query, serves } = this.options
    const sites = query<{ id: number; site: string }>("SELECT id, site FROM sites").all()
    for (const { id, site } of sites) {
      if (!serves(site)) {
        this.#inTurn(() => this.options.commits.add(() => this.#table.forgetSite(id)))
        continue
      }
      const day = this.#newestDay(site)
      if (day) this.#wants(site, day, [EVERY_ADDRESS], true)
    }
  }

  /** A gateway has closed a day. */
  closed(
    site: string,
    day: Day,
    { run, adopted, changed }: Pick<CollectionReport, "run" | "adopted" | "changed">,
  ): void {
    const isRun = run && !adopted
    this.#wants(site, day, isRun ? [EVERY_ADDRESS] : changed, isRun)
  }

  /** The instant of the last run that a gateway of this site has closed, ms since the epoch. */
  lastRun(site: string): number | undefined {
    const day = this.#newestDay(site)
    const row = this.options
      .query<{ at: string | null }>(
        `SELECT iif(json_valid(report), report ->> '$.scheduledAt', NULL) AS at FROM collections
         WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2`,
      )
      .get(site, day ?? "")
    const at = Date.parse(row?.at ?? "")
    return Number.isNaN(at) ? undefined : at
  }

  /** When a site's next run is due by its rhythm, ms since the epoch, and its zone; undefined before its first. */
  nextRun(site: string): { readonly dueAt: number; readonly timeZone: string } | undefined {
    const { query } = this.options
    const known = query<{ id: number; time_zone: string }>("SELECT id, time_zone FROM sites WHERE site = ?1").get(site)
    const day = this.#newestDay(site)
    const dueAt = known && day && nextRun(lastRuns(query, known.id, day))
    return dueAt ? { dueAt, timeZone: known.time_zone } : undefined
  }

  /** Tells at once when this begins or ends; nobody hears that it is not watched any more. */
  async overdue(site: string, overdue: Overdue | "not watched"): Promise<void> {
    const siteId = this.#table.siteId(site)
    if (siteId === undefined) return
    const row = this.#overdueRow(siteId)
    if (overdue === "not watched") {
      if (row) await this.options.commits.add(() => this.#table.forget(siteId, row))
      return
    }
    if ((row?.holds === 1) === (overdue !== undefined)) return
    await this.options.commits.add(() => {
      const finding = { address: THE_SITE, rule: "overdue", holds: overdue !== undefined } as const
      this.#table.note(
        siteId,
        { ...finding, reason: overdue?.reason ?? null },
        overdue?.since ?? row?.since ?? "0000-01-01",
      )
    })
    this.options.onChange?.(site)
    await this.#tellNews(site)
  }

  /** Looks at once at what waits, and resolves when that is done. May be called twice. */
  finish(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    return this.#inTurn(() => this.#work())
  }

  #inTurn(work: () => Promise<unknown>): Promise<void> {
    this.#working = this.#working.then(work).then(
      () => {},
      (error) => this.options.log.error(`The rules could not be looked at: ${error}`),
    )
    return this.#working
  }

  #wants(site: string, day: Day, ranges: readonly AddressRange[], isRun: boolean): void {
    const known: Closed = this.#closings.get(site) ?? { days: new Map(), isRun: false }
    known.days.set(day, [...(known.days.get(day) ?? []), ...ranges])
    known.isRun ||= isRun
    this.#closings.set(site, known)
    this.#cancel?.()
    this.#cancel = this.options.clock.after(SETTLED_AFTER_MS, () => void this.finish())
  }

  async #work(): Promise<void> {
    for (const [site, closings] of [...this.#closings]) {
      this.#closings.delete(site)
      try {
        await this.#lookAt(site, closings)
      } catch (error) {
        // with the next run, when the disk may have room again
        if (!this.#closings.has(site)) this.#closings.set(site, closings)
        throw error
      }
    }
  }

  async #lookAt(site: string, { days, isRun }: Closed): Promise<void> {
    const day = this.#newestDay(site)
    const id = this.#table.siteId(site)
    if (!day || id === undefined) return
    const { query, commits, watched } = this.options
    const before = this.#table.changes
    await new Evaluation(query, commits, this.#table, { id, name: site }, day, watched()).run(days)
    if (isRun) await this.#endOverdue(site, id)
    if (this.#table.changes > before) this.options.onChange?.(site)
    if (isRun) await this.#tellNews(site)
  }

  /** The run that was due has come: that is told with what it brought. */
  async #endOverdue(site: string, siteId: number): Promise<void> {
    const row = this.#overdueRow(siteId)
    const lastRun = this.lastRun(site)
    const zone = this.options.query<{ time_zone: string }>("SELECT time_zone FROM sites WHERE id = ?1").get(siteId)
    if (row?.holds !== 1 || lastRun === undefined || !zone || dayOf(lastRun, zone.time_zone) < row.since) return
    const ended = { address: THE_SITE, rule: "overdue", holds: false } as const
    await this.options.commits.add(() => this.#table.note(siteId, ended, row.since))
  }

  #overdueRow(siteId: number): AlertRow | undefined {
    return this.#table.rows(siteId, THE_SITE, THE_SITE).find(({ rule }) => rule === "overdue")
  }

  /** Of a day that a wrong clock has named nothing is to be said. */
  #newestDay(site: string): Day | undefined {
    const latest = addDays(dayOf(this.options.clock.now(), "UTC"), DAYS_AHEAD)
    const row = this.options.query<{ day: Day | null }>(
      "SELECT max(day) AS day FROM collections WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day <= ?2",
    )
    return row.get(site, latest)?.day ?? undefined
  }

  async #tellNews(site: string): Promise<void> {
    const day = this.#newestDay(site)
    const siteId = this.#table.siteId(site)
    if (!day || siteId === undefined) return
    const isTold = await this.options.commits.add(() => {
      const { began, ended, lasting } = this.#table.news(siteId)
      const reminderSince = addDays(day, -REMIND_AFTER_DAYS)
      const isReminderDue = lasting.some(({ told }) => told !== null && (told <= reminderSince || told > day))
      if (began.length + ended.length === 0 && !isReminderDue) return false
      const names = namesOfSite(this.options.query, site)
      const toldOf = (rows: readonly AlertRow[]) => rows.map((row) => told(row, names))
      const messages = this.#compose({
        site,
        day,
        began: toldOf(began),
        ended: toldOf(ended),
        lasting: isReminderDue ? toldOf(lasting) : [],
      })
      if (messages.length === 0) return false
      const at = this.options.clock.now()
      for (const message of messages) this.outbox.put({ at, ...message })
      this.#table.markTold(siteId, day, isReminderDue)
      return true
    })
    if (isTold) this.#onMessages()
  }
}

function told({ address, rule, since, value, reason }: AlertRow, names: readonly NamedRange[]): Told {
  const isSite = address === THE_SITE
  return {
    address: isSite ? undefined : address,
    name: isSite ? undefined : nameOf(names, address),
    rule,
    since,
    value,
    reason,
  }
}
