// The status in words: one glance first, then the last days, then what may want a person's attention.
import type { CloudStatus, SiteRun, SiteStatus } from "../cloud/status"
import type { Owed } from "../gateway/owed"
import type { Kind } from "../gateway/quarantined"
import type { GatewayStatus, RunStatus, StrangerStatus } from "../gateway/status"
import { type Day, dayOf, describeDay, shortDay, shortDays } from "../survey/calendar"
import { parseAddress } from "../topology/address"
import type { Topology } from "../topology/topology"
import { count, formatBytes, formatWhen } from "./format"
import { dayTable, deviceGrid, labelOf } from "./grid"
import type { StatusDocument } from "./status-document"

const NAMED_AT_ONCE = 10 // of devices, days and strangers; the rest is counted
const LONG_ENOUGH_DAYS = 3650
const INDENT = " ".repeat(13)

/** `✖ greenhouse, Sunday 22 November 2026: 3 of 4 devices, missing 192.168.1.4 lemons` */
export function glance({ complete, overdueSince, ...status }: StatusDocument, topology: Topology, now: number): string {
  const parts = [status.gateway ? gatewayGlance(status.gateway.run, topology) : cloudGlance(status.cloud, topology)]
  if (overdueSince !== null) {
    parts.push(`no run since, one was due ${formatWhen(Date.parse(overdueSince), now, topology.timeZone)}`)
  }
  return `${complete ? "✔" : "✖"} ${parts.join("; ")}`
}

function gatewayGlance(run: RunStatus | null, topology: Topology): string {
  if (!run) return `${topology.site}: no run so far`
  const { day, closed, confirmed, expected, missing, missingDevices } = run
  const arrived = `${expected - missing} of ${count(expected, "device")}`
  const delivered = confirmed ? "delivered" : "not delivered yet"
  const end = closed ? delivered : "the collection is under way"
  const parts = [arrived, ...(missing > 0 ? [missingText(missingDevices, topology)] : [])]
  if (missing === 0 || end !== "delivered") parts.push(end)
  return `${topology.site}, ${describeDay(day)}: ${parts.join(", ")}`
}

function cloudGlance(cloud: CloudStatus | null, topology: Topology): string {
  const sites = cloud?.sites ?? []
  const [only] = sites
  if (only && sites.length === 1) return siteGlance(only, topology)
  const complete = sites.filter(({ run }) => run?.complete).length
  return `${complete} of ${count(sites.length, "site")} complete`
}

function siteGlance({ site, run }: SiteStatus, topology: Topology): string {
  return run ? `${site}, ${describeDay(run.day)}: ${runText(run, topology)}` : `${site}: no run so far`
}

function runText({ arrived, missing, missingDevices }: SiteRun, topology: Topology): string {
  const whole = `${arrived} of ${count(arrived + missing, "device")}`
  return missing > 0 ? `${whole}, ${missingText(missingDevices, topology)}` : `${whole}, stored`
}

function missingText(ranges: readonly string[], { devices }: Topology): string {
  const named = ranges.slice(0, NAMED_AT_ONCE).map((range) => {
    const address = parseAddress(range)
    return labelOf({ ip: range, name: address === undefined ? null : devices.get(address)?.name })
  })
  return `missing ${named.join(", ")}${ranges.length > NAMED_AT_ONCE ? " and more" : ""}`
}

/** The gateway's part: days, and what wants attention. */
export function gatewayLines(status: GatewayStatus, topology: Topology, now: number): string[] {
  const { days, devices, undelivered, resend } = status
  const today = dayOf(now, topology.timeZone)
  const grid = devices ? deviceGrid(days, devices) : dayTable(days)
  const waiting = undelivered.oldest
    ? `${count(undelivered.surveys, "survey")}, the oldest of ${shortDay(undelivered.oldest, today)}`
    : "nothing"
  const again = resend.map(({ from, to }) => (from === to ? from : `${from} to ${to}`)).join(", ")
  return [
    ...(days.length > 0 ? ["", ...grid] : []),
    "",
    ...entry("Owed", owedLines(status.owed, today)),
    ...(status.lost.surveys > 0 ? entry("Never comes", owedLines(status.lost, today)) : []),
    ...entry("Undelivered", [waiting]),
    ...(again ? entry("Resend", [`asked for ${again}, not begun yet`]) : []),
    ...entry("Quarantine", [quarantineText(status.quarantine)]),
    ...entry("Refused", strangerLines(status.strangers, topology, now)),
    ...entry("Spool", [spoolText(status)]),
  ]
}

/** The cloud's part: a line a site, and the file. */
export function cloudLines({ sites, store }: CloudStatus): string[] {
  const lines = sites.map(({ site, days, firstDay, lastDay, devices, readings, readingsEstimated }) => {
    const span = firstDay && lastDay ? `${count(days, "day")} (${firstDay} to ${lastDay})` : "no day yet"
    const amount = `${readingsEstimated ? "about " : ""}${readings.toLocaleString("en-GB")} readings`
    return `${site}: ${span}, ${count(devices, "device")}, ${amount}`
  })
  const rate = store.bytesAYear === null ? "" : `, ${formatBytes(store.bytesAYear)} a year at this rate`
  return [...entry("Sites", lines), ...entry("Store", [`${store.file}, ${formatBytes(store.bytes)}${rate}`])]
}

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

/** A title and its lines below each other. */
function entry(title: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${index === 0 ? title.padEnd(INDENT.length) : INDENT}${line}`)
}
