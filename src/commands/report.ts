// A collection in words, as `start` shows it.
import type { CollectionReport, Forwarded, Missing, Roles, Summary, Topology, Uploaded, Warning } from "../network"
import { type Day, describeDay, shortDay } from "../survey/calendar"
import { formatRange, formatRanges } from "../topology/address"
import type { Addressing } from "../topology/addressing"
import { sizeOf } from "../topology/ranges"
import { count, formatBytes, formatElapsed } from "./format"
import { labelOf } from "./grid"
import { INVOCATION } from "./installation"
import { describeRoles } from "./roles"

const NAMED_AT_ONCE = 10 // of missing devices and of warnings; a fleet's are counted

/** What is said of a topology whose files never change. */
export const SAMPLE_DATA = "sample data"

/** Width of the widest label of a small network, so that its columns stand below each other. */
export function labelWidth({ devices }: Topology): number {
  let width = 5
  if (devices.size <= 1000) for (const device of devices) width = Math.max(width, labelOf(device).length)
  return width
}

/** @param named the roles of this host; without them it is everything */
export function bannerOf(topology: Topology, named: Roles | undefined, addressing: Addressing): string[] {
  const { site, sample, devices, gateway, cloud } = topology
  const { interfaces } = gateway
  const what = named ? describeRoles(named) : undefined
  const where = addressing === "simulated" ? "simulated on this machine" : undefined
  const data = sample ? SAMPLE_DATA : undefined
  return [
    [site, data, what, where].filter((part) => part !== undefined).join(", "),
    `${count(devices.size, "device")} ─UDP─▶ gateway ${interfaces.devices.address.ip} | ` +
      `${interfaces.cloud.address.ip} ─TCP─▶ cloud ${cloud.address}`,
    "Without keys: keep both legs on a network that you trust.",
  ]
}

/** "192.168.1.2 tomatoes    4 readings    68 B   2 ms" */
export function uploadLine(
  { device, day, place, days, readings, bytes, elapsedMs, resent }: Uploaded,
  width: number,
  of: Day | undefined,
): string {
  const parts = [columns(labelOf(device), width, readings, bytes, elapsedMs)]
  if (day !== of) parts.push(days > 1 ? `${describeDay(day)}, ${place} of ${days}` : describeDay(day))
  if (resent > 0) parts.push(`${resent} resent`)
  return parts.join("   ")
}

export function deliveryLine({ readings, bytes, elapsedMs }: Forwarded, width: number, bufferSize: number): string {
  return `${columns("cloud", width, readings, bytes, elapsedMs)}   buffer ${bufferSize} B`
}

function columns(label: string, width: number, readings: number, bytes: number, elapsedMs: number): string {
  const amount = count(readings, "reading").padStart(12)
  return `${label.padEnd(width)} ${amount} ${formatBytes(bytes).padStart(8)} ${formatElapsed(elapsedMs).padStart(7)}`
}

/** The one line that says how it went. */
export function summaryLine(summary: Summary, topology: Topology): string {
  const { expected, missing, readings, stored, refusedLines, delivered, elapsedMs } = summary
  const arrived = `${expected - missing.length} of ${count(expected, "device")}`
  if (delivered === undefined) {
    if (missing.length > 0) return `${arrived}. ${missingText(missing, topology)}`
    return `${arrived}, ${count(readings, "reading")} sent, ${refusedLines} refused, ${formatElapsed(elapsedMs)}`
  }
  if (!delivered) {
    const absent = missing.length > 0 ? `. ${missingText(missing, topology)}` : ""
    return `${arrived}, ${undeliveredText(summary, topology)}${absent}`
  }
  if (missing.length > 0) return `${arrived}. ${missingText(missing, topology)}`
  const news =
    stored > 0 || readings === 0 ? `${count(stored, "reading")} stored` : `nothing new (${readings} already stored)`
  return `${arrived}, ${news}, ${refusedLines} refused, ${formatElapsed(elapsedMs)}`
}

function undeliveredText({ differing, refusedSurveys }: Summary, { gateway }: Topology): string {
  const problems: string[] = []
  if (refusedSurveys > 0) {
    const kept = refusedSurveys === 1 ? "it is" : "they are"
    problems.push(`${count(refusedSurveys, "survey")} refused by the cloud: ${kept} kept, see ${INVOCATION} quarantine`)
  }
  if (differing.length > 0) {
    const days = differing.map((day) => shortDay(day)).join(", ")
    problems.push(`the cloud's store differs on ${days}, although all was delivered again`)
  }
  if (problems.length > 0) return problems.join("; ")
  return `not delivered; what has arrived is safe in ${gateway.spool} until the cloud answers`
}

/** What a gateway elsewhere has told this cloud. */
export function collectionLine(site: string, day: Day, report: CollectionReport): { line: string; complete: boolean } {
  const missing = sizeOf(report.missing)
  const arrived = sizeOf(report.arrived) + sizeOf(report.late)
  const whole = `${site}, ${describeDay(day)}: ${arrived} of ${count(arrived + missing, "device")}`
  if (missing === 0) return { line: whole, complete: true }
  return {
    line: `${whole}. Missing: ${report.missing.slice(0, NAMED_AT_ONCE).map(formatRange).join(", ")}`,
    complete: false,
  }
}

function missingText(missing: readonly Missing[], { file }: Topology): string {
  const named = missing.slice(0, NAMED_AT_ONCE).map(({ device, reason }) => {
    const why = reason ?? (device.survey === undefined ? "it sends by itself, and did not" : "it did not arrive")
    return `${labelOf(device)}, ${why} (${file}:${device.line})`
  })
  const rest = missing.slice(NAMED_AT_ONCE).map(({ device }) => device.address)
  if (rest.length > 0) named.push(`and ${rest.length} more: ${formatRanges(rest).slice(0, NAMED_AT_ONCE).join(", ")}`)
  return `Missing: ${named.join("; ")}`
}

/** What a person would want to know, a line each. */
export function warningLines({ warnings, day }: Summary, { devices }: Topology): string[] {
  const lines = warnings.slice(0, NAMED_AT_ONCE).map((warning) => {
    const device = devices.get(warning.address)
    return `${device ? labelOf(device) : formatRanges([warning.address])[0]}: ${describeWarning(warning, day)}`
  })
  if (warnings.length > NAMED_AT_ONCE) lines.push(`and ${warnings.length - NAMED_AT_ONCE} more of the kind`)
  return lines
}

function describeWarning(warning: Warning, day: Summary["day"]): string {
  switch (warning.kind) {
    case "unchanged":
      return `unchanged since ${shortDay(warning.since, day)}`
    case "empty":
      return "no readings"
    case "few":
      return `${count(warning.readings, "reading")}, usually ${warning.usual}`
  }
}
