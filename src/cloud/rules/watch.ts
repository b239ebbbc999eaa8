// Watches the rules: a while after the last day of a run was closed it looks at the newest one, and has told what is new.
import type { Clock } from "../../clock"
import type { Log } from "../../log"
import type { News, Told } from "../../news"
import { addDays, type Day, dayOf } from "../../survey/calendar"
import { type AddressRange, EVERY_ADDRESS } from "../../topology/address"
import { type NamedRange, nameOf } from "../../topology/names"
import type { ClosedDay } from "../store/contract"
import { namesIn } from "../store/names"
import type { WritableTables } from "../store/tables"
import { Evaluation } from "./evaluation"
import { Outbox, type Waiting } from "./outbox"
import { lastRunsIn, nextRun } from "./rhythm"
import { type AlertRow, AlertTable, THE_SITE } from "./table"
import type { Watched } from "./watched"

/** A message for each of those who are told; nothing is told, and stays untold, without any. */
export type Compose = (news: News) => readonly Omit<Waiting, "id" | "at" | "reason">[]

export interface WatchOptions {
  readonly tables: WritableTables
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

/** A site as the store knows it. */
interface KnownSite {
  readonly id: number
  readonly site: string
  readonly timeZone: string
  /** The newest one that was closed: of a day that a wrong clock has named nothing is to be said. */
  readonly day: Day | null
}

/** What was closed of a site, and not looked at yet. */
interface Closed {
  readonly days: Map<Day, readonly AddressRange[]>
  /** A run, of which news are told. */
  isRun: boolean
}

const SETTLED_AFTER_MS = 10_000 // a run closes day after day
const AGAIN_AFTER_MS = 60_000 // a look that failed
const REMIND_AFTER_DAYS = 7
const DAYS_AHEAD = 2 // as many as a delivery may be ahead of our clock

export class Watch {
  readonly outbox: Outbox
  /** What is to be looked at, by site. */
  readonly #closings = new Map<string, Closed>()
  #cancel: (() => void) | undefined
  #working: Promise<void> = Promise.resolve()
  #compose: Compose = () => []
  #onMessages = () => {}

  constructor(private readonly options: WatchOptions) {
    this.outbox = new Outbox(options.tables)
  }

  /** From now on news are told so; `onMessages`: some wait in the outbox. */
  tell(compose: Compose, onMessages: () => void): void {
    this.#compose = compose
    this.#onMessages = onMessages
  }

  /** What a process that ended badly may not have looked at, or not told. */
  async start(): Promise<void> {
    const { tables, serves } = this.options
    for (const { id, site, day } of await tables.all<KnownSite>(SITES, this.#latestDay())) {
      if (!serves(site)) void this.#inTurn(() => tables.change([new AlertTable(tables, id).forgetAll()]))
      else if (day) this.#wants(site, day, [EVERY_ADDRESS], true)
    }
  }

  /** A gateway has closed a day. */
  closed({ site, day, addresses, isRun }: ClosedDay): void {
    this.#wants(site, day, addresses, isRun)
  }

  /** Another cloud watches from now on. */
  rest(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#closings.clear()
  }

  /** The instant of the last run that a gateway of this site has closed, ms since the epoch. */
  async lastRun(name: string): Promise<number | undefined> {
    const site = await this.#site(name)
    return site && this.#lastRunOf(site)
  }

  /** When a site's next run is due by its rhythm, ms since the epoch, and its zone; undefined before its first. */
  async nextRun(name: string): Promise<{ readonly dueAt: number; readonly timeZone: string } | undefined> {
    const site = await this.#site(name)
    const dueAt = site?.day && nextRun(await lastRunsIn(this.options.tables, site.id, site.day))
    return dueAt ? { dueAt, timeZone: site.timeZone } : undefined
  }

  /** Tells at once when this begins or ends; nobody hears that it is not watched any more. */
  overdue(site: string, overdue: Overdue | "not watched"): Promise<void> {
    return this.#inTurn(() => this.#noteOverdue(site, overdue))
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
        // the disk may have room again by then, or the server answer
        if (!this.#closings.has(site)) this.#closings.set(site, closings)
        this.#cancel ??= this.options.clock.after(AGAIN_AFTER_MS, () => void this.finish())
        throw error
      }
    }
  }

  async #lookAt(name: string, { days, isRun }: Closed): Promise<void> {
    const site = await this.#site(name)
    if (!site?.day) return
    const { tables, watched } = this.options
    const { id, day } = site
    let changed = await new Evaluation(tables, { id, name }, day, watched()).run(days)
    if (isRun) changed += await this.#endOverdue(site)
    if (changed > 0) this.options.onChange?.(name)
    if (isRun) await this.#tellNews(site)
  }

  async #noteOverdue(name: string, overdue: Overdue | "not watched"): Promise<void> {
    const { tables, onChange } = this.options
    const site = await this.#site(name)
    if (!site) return
    const table = new AlertTable(tables, site.id)
    const row = await table.rowOfSite("overdue")
    if (overdue === "not watched") {
      if (row) await tables.change([table.forget(row)])
      return
    }
    if ((row?.holds === 1) === (overdue !== undefined)) return
    const changes = overdue
      ? [table.hold({ address: THE_SITE, rule: "overdue", reason: overdue.reason }, overdue.since)]
      : row && table.end(row)
    await tables.change(changes ?? [])
    onChange?.(name)
    await this.#tellNews(site)
  }

  /** The run that was due has come: that is told with what it brought. Resolves with how many rows it has changed. */
  async #endOverdue(site: KnownSite): Promise<number> {
    const { tables } = this.options
    const table = new AlertTable(tables, site.id)
    const row = await table.rowOfSite("overdue")
    if (row?.holds !== 1) return 0
    const lastRun = await this.#lastRunOf(site)
    if (lastRun === undefined || dayOf(lastRun, site.timeZone) < row.since) return 0
    const [count = 0] = await tables.change(table.end(row))
    return count
  }

  #site(name: string): Promise<KnownSite | undefined> {
    return this.options.tables.get<KnownSite>(`${SITES} WHERE sites.site = ?2`, this.#latestDay(), name)
  }

  #latestDay(): Day {
    return addDays(dayOf(this.options.clock.now(), "UTC"), DAYS_AHEAD)
  }

  async #lastRunOf({ id, day }: KnownSite): Promise<number | undefined> {
    const { tables } = this.options
    const row = await tables.get<{ at: string | null }>(
      `SELECT CASE WHEN ${tables.dialect.isJson("report")} THEN report ->> 'scheduledAt' END AS at
       FROM collections WHERE site = ?1 AND day = ?2`,
      ...[id, day],
    )
    const at = Date.parse(row?.at ?? "")
    return Number.isNaN(at) ? undefined : at
  }

  async #tellNews({ id, site, day }: KnownSite): Promise<void> {
    if (!day) return
    const { tables, clock } = this.options
    const table = new AlertTable(tables, id)
    const { began, ended, lasting } = await table.news()
    const reminderSince = addDays(day, -REMIND_AFTER_DAYS)
    const isReminderDue = lasting.some(({ told }) => told !== null && (told <= reminderSince || told > day))
    if (began.length + ended.length === 0 && !isReminderDue) return
    const names = await namesIn(tables, site)
    const toldOf = (rows: readonly AlertRow[]) => rows.map((row) => told(row, names))
    const messages = this.#compose({
      site,
      day,
      began: toldOf(began),
      ended: toldOf(ended),
      lasting: isReminderDue ? toldOf(lasting) : [],
    })
    if (messages.length === 0) return
    const at = clock.now()
    const waiting = messages.flatMap((message) => this.outbox.put({ at, ...message }))
    await tables.change([...waiting, ...table.markTold(day, isReminderDue)])
    this.#onMessages()
  }
}

/** Each with its newest day up to ?1. */
const SITES = `
  SELECT sites.id AS id, sites.site AS site, sites.time_zone AS "timeZone",
    (SELECT max(collections.day) FROM collections WHERE collections.site = sites.id AND collections.day <= ?1) AS day
  FROM sites`

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
