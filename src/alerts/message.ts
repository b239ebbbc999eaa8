// What a person reads: a line a device, the worst first; of a fleet the first are named and the rest is counted.
import { count, labelOf } from "../format"
import type { News, Told } from "../news"
import { printable, shorten } from "../printable"
import { describeDay, shortDay } from "../survey/calendar"
import { formatAddress } from "../topology/address"
import { isOfHumidity, type RuleName, WORST_FIRST } from "../topology/alerts/rules"

export interface Message {
  /** ASCII: it may stand in a header. */
  readonly title: string
  readonly text: string
}

/** What there is to say of it. */
export type Held = Pick<Told, "rule" | "since" | "value" | "reason">

const LINES = 10 // of what begins, of what ends and of what lasts
const REASON_CHARACTERS = 120

export function messageOf({ site, day, began, ended, lasting }: News): Message {
  const isNow = ({ rule, since }: Told) => since === day || rule === "overdue"
  const isNew = linesOf(began, "✖", (told) => (isNow(told) ? begun(told) : still(told)))
  const [isOver, lasts] = [linesOf(ended, "✔", over), linesOf(lasting, "…", still)]
  const parts = [
    ...(began.length > 0 ? [`${subjects(began)} new (${rulesOf(began).join(", ")})`] : []),
    ...(ended.length > 0 ? [`${subjects(ended)} over`] : []),
    ...(lasting.length > 0 ? [`${subjects(lasting)} still`] : []),
  ]
  return { title: `${site}: ${parts.join(", ")}`, text: [describeDay(day), ...isNew, ...isOver, ...lasts].join("\n") }
}

/** For `alerts test`. */
export const trialMessage = (site: string): Message => ({
  title: `${site}: a trial`,
  text: "Messages of this network arrive here. Nothing is wrong.",
})

/** "dry, 12 %" */
export const begun = ({ rule, since, value, reason }: Held): string => {
  const why = reason === null ? "" : ` (${shorten(printable(reason), REASON_CHARACTERS)})`
  switch (rule) {
    case "silent":
      return `silent since ${shortDay(since)}`
    case "stuck":
      return `stuck at ${reason} since ${shortDay(since)}`
    case "incomplete":
      return `nothing came${why}`
    case "refused":
      return `refused by the cloud${why}`
    case "overdue":
      return `no run${why}`
    default:
      return `${rule}, ${amount(rule, value)}`
  }
}

const over = ({ rule, value, reason }: Told): string => {
  switch (rule) {
    case "silent":
      return "no longer silent"
    case "incomplete":
      return reason === null ? "its readings came" : `it sends again, ${reason}`
    case "refused":
      return reason === null ? "no longer refused" : `taken again, ${reason}`
    case "overdue":
      return "runs take place again"
    case "stuck":
      return "no longer stuck"
    case "frost":
      return `no frost any more, ${amount(rule, value)}`
    default:
      return `no longer ${rule}, ${amount(rule, value)}`
  }
}

/** "dry, 12 % since 21 November" */
export const still = (told: Held): string =>
  told.rule === "silent" || told.rule === "stuck" ? begun(told) : `${begun(told)} since ${shortDay(told.since)}`

const amount = (rule: RuleName, value: number | null): string => `${value} ${isOfHumidity(rule) ? "%" : "°C"}`

/** The site first, then devices by their worst rule. */
function linesOf(told: readonly Told[], mark: string, words: (told: Told) => string): string[] {
  const devices = [...Map.groupBy(told, ({ address }) => address).values()]
    .map((of) => of.toSorted(bySeverity))
    .sort(([a], [b]) => (a && b ? bySeverity(a, b) : 0))
  const lines = devices.slice(0, LINES).map((of) => {
    const [first] = of
    const label =
      first?.address === undefined ? "" : `${labelOf({ ip: formatAddress(first.address), name: first.name })}: `
    return `${mark} ${label}${of.map(words).join("; ")}`
  })
  const rest = devices.slice(LINES)
  if (rest.length === 0) return lines
  const byRule = Map.groupBy(rest.flat(), ({ rule }) => rule)
  const counts = WORST_FIRST.flatMap((rule) => (byRule.has(rule) ? [`${byRule.get(rule)?.length} ${rule}`] : []))
  return [...lines, `${mark} and ${count(rest.length, "more device")}: ${counts.join(", ")}`]
}

/** The worst first. */
export function bySeverity(a: Told, b: Told): number {
  const [rank, other] = [WORST_FIRST.indexOf(a.rule), WORST_FIRST.indexOf(b.rule)]
  if (rank !== other) return rank - other
  const sign = a.rule === "wet" || a.rule === "hot" ? -1 : 1
  return sign * ((a.value ?? 0) - (b.value ?? 0)) || (a.address ?? 0) - (b.address ?? 0)
}

const subjects = (told: readonly Told[]): number => new Set(told.map(({ address }) => address)).size

const rulesOf = (told: readonly Told[]): string[] => {
  const seen = new Set(told.map(({ rule }) => rule))
  return WORST_FIRST.filter((rule) => seen.has(rule))
}
