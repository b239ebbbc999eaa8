// What a script of alerts.to is called with.
import type { News, Told } from "../news"
import type { Day } from "../survey/calendar"
import { formatAddress } from "../topology/address"
import { isOfHumidity, type RuleName } from "../topology/alerts/rules"
import { bySeverity, type Message, messageOf, trialMessage } from "./message"

/** A rule that began, ended or lasts. */
export interface AlertLine {
  /** "192.168.1.2"; null: it is of the site. */
  readonly device: string | null
  readonly name: string | null
  readonly rule: RuleName
  /** The first day of it, as 2026-11-22. */
  readonly since: Day
  /** The day's worst reading; null of rules that have none. */
  readonly value: number | null
  readonly unit: "%" | "°C" | null
  /** Why nothing came, what a sensor is stuck at; null where there is none. */
  readonly reason: string | null
}

/** Keys stay as they are; others may come. */
export interface AlertEvent {
  /** The same on each call with this event. */
  readonly id: string
  /** `trial`: a person tries it out with `alerts test`, and nothing has happened. */
  readonly kind: "news" | "trial"
  readonly site: string
  /** The newest day that was collected; null of a trial. */
  readonly day: Day | null
  /** One line, and what others are told by mail or chat. */
  readonly title: string
  readonly text: string
  /** Worst first, a thousand of each at most; `counts` has how many there are. */
  readonly began: readonly AlertLine[]
  readonly ended: readonly AlertLine[]
  /** What holds on; only where a reminder is due, once a week. */
  readonly lasting: readonly AlertLine[]
  readonly counts: { readonly began: number; readonly ended: number; readonly lasting: number }
}

/**
 * The default export of a script in alerts.to. A throw, or more than 30 s: it is called again with the same event, now and
 * then for as long as it takes, so an event may come twice. What it goes on with after its promise is settled is cut off.
 */
export type AlertScript = (event: AlertEvent) => void | Promise<void>

const MOST_LINES = 1000

export function eventOf(news: News): Omit<AlertEvent, "id"> {
  const { site, day, began, ended, lasting } = news
  return {
    kind: "news",
    site,
    day,
    ...messageOf(news),
    began: linesOf(began),
    ended: linesOf(ended),
    lasting: linesOf(lasting),
    counts: { began: began.length, ended: ended.length, lasting: lasting.length },
  }
}

export function trialEvent(site: string): Omit<AlertEvent, "id"> {
  const message: Message = trialMessage(site)
  const counts = { began: 0, ended: 0, lasting: 0 }
  return { kind: "trial", site, day: null, ...message, began: [], ended: [], lasting: [], counts }
}

const linesOf = (told: readonly Told[]): AlertLine[] => told.toSorted(bySeverity).slice(0, MOST_LINES).map(lineOf)

function lineOf({ address, name, rule, since, value, reason }: Told): AlertLine {
  const unit = value === null ? null : isOfHumidity(rule) ? "%" : "°C"
  return {
    device: address === undefined ? null : formatAddress(address),
    name: name ?? null,
    rule,
    since,
    value,
    unit,
    reason,
  }
}
