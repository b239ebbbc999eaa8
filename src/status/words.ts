// The status in words: one glance, and what may want a person's attention.
import type { CloudStatus, SiteRun, SiteStatus } from "../cloud/status"
import { count, formatBytes, formatWhen, labelOf } from "../format"
import type { Owed } from "../gateway/ledger/owed"
import type { Kind } from "../gateway/quarantine/entries"
import type { GatewayStatus, StrangerStatus, WaitingDay } from "../gateway/report/status"
import { INVOCATION } from "../installation"
import { type Day, dayOf, describeDay, shortDay, shortDays } from "../survey/calendar"
import { formatAddress, parseAddress, parseRange } from "../topology/address"
import { shownStore } from "../topology/cloud/server-url"
import { addressesIn } from "../topology/ranges"
import type { Topology } from "../topology/topology"
import type { StatusDocument } from "./document"
import type { SiteVerdict } from "./verdicts"
import { inNumbers, type JudgedSite, judgedSites, stateOf, worstFirst } from "./worst-first"

/** What is to be said of one thing; a line that begins with blanks belongs to the one before it. */
export interface Entry {
  readonly title: string
  readonly lines: readonly string[]
}

/** Of sites, devices, days and strangers; the rest is counted. */
export const NAMED_AT_ONCE = 10

const LONG_ENOUGH_DAYS = 3650

/** `✖ greenhouse, Sunday 22 November 2026: 3 of 4 devices, missing 192.168.1.4 lemons` */
export function glance(status: StatusDocument, topology: Topology, now: number): string {
  const { complete, gateway, cloud, sites } = status
  const [first] = sites
  const parts = gateway ? [gatewayGlance(gateway, topology)] : cloudGlance(status, topology, now)
  if (gateway && first?.stored === false)
    parts.push(`the store ${shownStore(topology.cloud.store)} has nothing of it, the next run delivers it again`)
  if (gateway && gateway.site !== topology.site) parts.push(`${topology.site} begins with the next start`)
  if ((gateway || sites.length === 1) && first) parts.push(...overdueText(first, topology, now))
  if (gateway) parts.push(...failureTexts(sites.slice(1), cloud, topology, now))
  return `${complete ? "✔" : "✖"} ${parts.join("; ")}`
}

function gatewayGlance({ site, run }: GatewayStatus, topology: Topology): string {
  const label = siteLabel(site, topology)
  if (!run) return `${label}: no run so far`
  const { day, closed, confirmed, waiting, refused, expected, missing, missingDevices, reasons } = run
  const arrived = `${expected - missing} of ${count(expected, "device")}`
  const delivered = confirmed && waiting === 0 ? "delivered" : "not delivered yet"
  const end = closed ? delivered : "the collection is under way"
  const parts = [
    arrived,
    ...absentTexts({ missing, missingDevices, refused, reasons }, namesOf(topology.site, topology)),
  ]
  if (parts.length === 1 || end !== "delivered") parts.push(end)
  return `${label}, ${describeDay(day)}: ${parts.join(", ")}`
}

function cloudGlance({ cloud, sites }: StatusDocument, topology: Topology, now: number): string[] {
  const [only] = cloud?.sites ?? []
  if (only && sites.length === 1) return [siteGlance(only, topology)]
  const complete = sites.filter((site) => site.complete).length
  return [`${complete} of ${count(sites.length, "site")} complete`, ...failureTexts(sites, cloud, topology, now)]
}

/** How the runs of those sites went that were not complete, or that there was none since; the worst first. */
function failureTexts(
  verdicts: readonly SiteVerdict[],
  cloud: CloudStatus | null,
  topology: Topology,
  now: number,
): string[] {
  const failed = worstFirst(verdicts.filter(({ complete }) => !complete))
  const named = failed.slice(0, NAMED_AT_ONCE).map((verdict) => {
    const known = cloud?.sites.find(({ site }) => site === verdict.site)
    const told = known ? siteGlance(known, topology) : verdict.site
    return [told, ...overdueText(verdict, topology, now)].join(", ")
  })
  const more = failed.length - named.length
  return [...named, ...(more > 0 ? [`and ${count(more, "more site")}`] : [])]
}

/** The same of one site without its name and its day. */
export function outcomeText({ status, verdict }: JudgedSite, topology: Topology, now: number): string {
  const { site, run } = status
  const told = run ? runText(run, namesOf(site, topology)) : "no run so far"
  return [told, ...overdueText(verdict, topology, now)].join(", ")
}

const overdueText = ({ overdueSince }: SiteVerdict, { timeZone }: Topology, now: number): string[] =>
  overdueSince === null ? [] : [`no run since, one was due ${formatWhen(Date.parse(overdueSince), now, timeZone)}`]

function siteGlance({ site, run }: SiteStatus, topology: Topology): string {
  const label = siteLabel(site, topology)
  return run ? `${label}, ${describeDay(run.day)}: ${runText(run, namesOf(site, topology))}` : `${label}: no run so far`
}

type Names = (address: number) => string | undefined

/** Another site's devices have the same addresses, and names of their own. */
const namesOf = (site: string, { site: own, devices }: Topology): Names =>
  site === own ? (address) => devices.get(address)?.name : () => undefined

function runText(run: SiteRun, names: Names): string {
  const { arrived, missing, refused } = run
  const whole = `${arrived + refused} of ${count(arrived + refused + missing, "device")}`
  return [whole, ...(run.complete ? ["stored"] : absentTexts(run, names))].join(", ")
}

/** "missing 192.168.1.4 lemons (surveys/device3.txt not found)", "1 survey refused by the cloud (…)" */
function absentTexts(
  { missing, missingDevices, refused, reasons }: Pick<SiteRun, "missing" | "missingDevices" | "refused" | "reasons">,
  names: Names,
): string[] {
  const why = new Map(reasons.map(({ ip, reason }) => [ip, reason]))
  const named = namedRanges(missingDevices, why).map((range) => {
    const address = parseAddress(range)
    const label = labelOf({ ip: range, name: address === undefined ? null : names(address) })
    const reason = why.get(range)
    why.delete(range)
    return reason === undefined ? label : `${label} (${reason})`
  })
  const more = named.length > NAMED_AT_ONCE ? " and more" : ""
  const refusals = [...why].slice(0, NAMED_AT_ONCE).map(([ip, reason]) => `${ip} ${reason}`)
  return [
    ...(missing > 0 ? [`missing ${named.slice(0, NAMED_AT_ONCE).join(", ")}${more}`] : []),
    ...(refused > 0 ? [`${count(refused, "survey")} refused by the cloud (${refusals.join("; ")})`] : []),
  ]
}

/** Ranges, and one by one those addresses in them of which a reason is known; some more than are named. */
function namedRanges(ranges: readonly string[], why: ReadonlyMap<string, string>): string[] {
  return ranges.slice(0, NAMED_AT_ONCE + 1).flatMap((text) => {
    const range = parseRange(text)
    if (!range || range.last - range.first > NAMED_AT_ONCE) return [text]
    const each = [...addressesIn([range])].map(formatAddress)
    return each.some((ip) => why.has(ip)) ? each : [text]
  })
}

/** "greenhouse, sample data" */
const siteLabel = (site: string, { site: own, sample }: Topology): string =>
  sample && site === own ? `${site}, sample data` : site

/** What a gateway owes, keeps and refuses. */
export function gatewayEntries(status: GatewayStatus, topology: Topology, now: number): Entry[] {
  const { undelivered } = status
  const today = dayOf(now, topology.timeZone)
  const waiting = undelivered.oldest
    ? `${count(undelivered.surveys, "survey")}, the oldest of ${shortDay(undelivered.oldest, today)}`
    : "nothing"
  return [
    { title: "Owed", lines: owedLines(status.owed, today) },
    ...(status.lost.surveys > 0 ? [{ title: "Never comes", lines: owedLines(status.lost, today) }] : []),
    { title: "Undelivered", lines: [waiting] },
    ...(status.waiting.length > 0 ? [{ title: "Waiting", lines: waitingLines(status.waiting) }] : []),
    { title: "Quarantine", lines: [quarantineText(status.quarantine)] },
    { title: "Refused", lines: strangerLines(status.strangers, topology, now) },
    { title: "Spool", lines: [spoolText(status)] },
  ]
}

/** A line a site, the worst first and the rest in numbers, and the file. */
export function cloudEntries({ sites, store, untold }: CloudStatus, verdicts: readonly SiteVerdict[]): Entry[] {
  const judged = judgedSites(sites, verdicts)
  const rest = judged.slice(NAMED_AT_ONCE).map(({ verdict }) => verdict)
  const lines = [
    ...judged.slice(0, NAMED_AT_ONCE).flatMap((each) => siteLines(each, judged.length > 1)),
    ...(rest.length > 0 ? [`and ${inNumbers(rest)}`] : []),
  ]
  const rate = store.bytesAYear === null ? "" : `, ${formatBytes(store.bytesAYear)} a year at this rate`
  const file = `${store.file}, ${formatBytes(store.bytes)}${rate}`
  return [
    { title: "Sites", lines },
    { title: "Store", lines: [file] },
    ...(untold.length > 0 ? [{ title: "Not told", lines: untold.map(untoldText) }] : []),
  ]
}

/** @param isOneOfSeveral the state of an only one stands above */
function siteLines({ status, verdict }: JudgedSite, isOneOfSeveral: boolean): string[] {
  const { site, days, firstDay, lastDay, devices, readings, readingsEstimated, alternates } = status
  const state = isOneOfSeveral && !verdict.complete ? `${stateOf(verdict)}, ` : ""
  const span = firstDay && lastDay ? `${count(days, "day")} (${firstDay} to ${lastDay})` : "no day yet"
  const amount = `${readingsEstimated ? "about " : ""}${readings.toLocaleString("en-GB")} readings`
  const told = `${site}: ${state}${span}, ${count(devices, "device")}, ${amount}`
  return alternates
    ? [told, "  two gateways deliver for it in turn, from spools of their own: only one should"]
    : [told]
}

/** "2 messages for ntfy.sh: ntfy.sh answers 503" */
const untoldText = ({ host, messages, reason }: CloudStatus["untold"][number]): string =>
  `${count(messages, "message")} for ${host}${reason === null ? ", not tried yet" : `: ${reason}`}`

function owedLines(owed: Owed, today: Day): string[] {
  if (owed.surveys === 0) return ["nothing"]
  const lines = owed.devices
    .slice(0, NAMED_AT_ONCE)
    .map((device) => `${labelOf(device)}: ${shortDays(device.days, today)}`)
  if (owed.devices.length > NAMED_AT_ONCE) {
    lines.push(`and more: ${count(owed.surveys, "survey")} in all since ${owed.since ?? "the first day"}`)
  }
  return lines
}

function waitingLines(days: readonly WaitingDay[]): string[] {
  const lines = days
    .slice(0, NAMED_AT_ONCE)
    .flatMap(({ day, surveys }) => [
      `${count(surveys, "survey")} of ${day}, a day that is yet to come for the cloud's clock`,
      `  if a clock was wrong: ${INVOCATION} drop --day ${day}`,
    ])
  if (days.length > NAMED_AT_ONCE) lines.push(`and ${count(days.length - NAMED_AT_ONCE, "more day")}`)
  return lines
}

/** "2 refused lines, 1 refused message" */
export function quarantineText({ line, message, stranger, delivery, reading }: Readonly<Record<Kind, number>>): string {
  const kinds = [
    line > 0 ? count(line, "refused line") : "",
    message > 0 ? count(message, "refused message") : "",
    stranger > 0 ? `${count(stranger, "message")} of strangers` : "",
    delivery > 0 ? `${count(delivery, "survey")} that the cloud refused` : "",
    reading > 0 ? `${count(reading, "note")} of readings that newer ones replaced` : "",
  ]
  return kinds.filter((text) => text !== "").join(", ") || "empty"
}

function strangerLines(strangers: readonly StrangerStatus[], { file, timeZone }: Topology, now: number): string[] {
  if (strangers.length === 0) return ["nobody"]
  const lines = strangers.slice(0, NAMED_AT_ONCE).flatMap(({ reason, tries, lastAt, line }) => {
    const last = formatWhen(Date.parse(lastAt), now, timeZone)
    const told = `${reason}: ${count(tries, "try", "tries")}, the last ${last}`
    return line ? [told, `  to take it in, add to ${file}:  ${line}`] : [told]
  })
  if (strangers.length > NAMED_AT_ONCE) lines.push(`and ${strangers.length - NAMED_AT_ONCE} more`)
  return lines
}

function spoolText({ spool: { file, bytes, bytesADay, outageDays } }: GatewayStatus): string {
  const parts = [file, formatBytes(bytes)]
  if (bytesADay === null || outageDays === null) return parts.join(", ")
  const room = outageDays > LONG_ENOUGH_DAYS ? "more than ten years" : count(outageDays, "day")
  parts.push(`${formatBytes(bytesADay)} a day: room for ${room} without the cloud`)
  return parts.join(", ")
}
