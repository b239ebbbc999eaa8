// A collection in words, as `start` shows it.
import { count, formatBytes, formatElapsed, labelOf } from "../../format"
import type { CollectionReport, Forwarded, Missing, Roles, Summary, Topology, Uploaded, Warning } from "../../network"
import { type Day, describeDay, shortDay } from "../../survey/calendar"
import { formatRange, formatRanges } from "../../topology/address"
import type { Addressing } from "../../topology/addressing"
import { shownStore } from "../../topology/cloud/server-url"
import { sizeOf } from "../../topology/ranges"
import { isComplete } from "../../verdict"
import { columns, cut } from "../columns"
import { protectionLines } from "../protection"
import { describeRoles } from "../roles"

const NAMED_AT_ONCE = 10 // of missing devices and of warnings; a fleet's are counted

/** What is said of a topology whose files never change. */
export const SAMPLE_DATA = "sample data"

const AMOUNTS = [12, 8, 7] // columns of readings, bytes and time
const LEAST_LABEL = "255.255.255.255".length
const BESIDE_LABEL = 2 + AMOUNTS.reduce((sum, width) => sum + 1 + width, 0) // and of the mark before it

/**
 * Width of the widest label of a small network, so that its columns stand below each other.
 * @param fit the terminal's columns, which a line has to fit; undefined where it has not
 */
export function labelWidth({ devices }: Topology, fit = Number.POSITIVE_INFINITY): number {
  let width = 5
  if (devices.size <= 1000) for (const device of devices) width = Math.max(width, Bun.stringWidth(labelOf(device)))
  return Math.min(width, Math.max(0, fit - BESIDE_LABEL))
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
    ...protectionLines(topology),
  ]
}

/**
 * "192.168.1.2 tomatoes    4 readings    68 B   2 ms"
 * @param width of the labels, as labelWidth() has it
 * @param of the day that the collection is of
 * @param fit the terminal's columns: a long name is cut
 */
export function uploadLine(
  { device, day, place, days, readings, bytes, elapsedMs, resent }: Uploaded,
  width: number,
  of: Day | undefined,
  fit = Number.POSITIVE_INFINITY,
): string {
  const label = cut(labelOf(device), Math.max(LEAST_LABEL, fit - BESIDE_LABEL))
  const parts = [amounts(label, width, readings, bytes, elapsedMs)]
  if (day !== of) parts.push(days > 1 ? `${describeDay(day)}, ${place} of ${days}` : describeDay(day))
  if (resent > 0) parts.push(`${resent} resent`)
  return parts.join("   ")
}

export function deliveryLine({ readings, bytes, elapsedMs }: Forwarded, width: number, bufferSize: number): string {
  return `${amounts("cloud", width, readings, bytes, elapsedMs)}   buffer ${bufferSize} B`
}

/** A line of a table that comes line by line. */
function amounts(label: string, width: number, readings: number, bytes: number, elapsedMs: number): string {
  const row = [label, count(readings, "reading"), formatBytes(bytes), formatElapsed(elapsedMs)]
  return columns([row], { left: 1, gap: " ", widths: [width, ...AMOUNTS] }).join("")
}

/** The one line that says how it went. */
export function summaryLine(summary: Summary, topology: Topology): string {
  const { expected, missing, readings, stored, refusedLines, delivered, elapsedMs } = summary
  const arrived = `${expected - missing.length} of ${count(expected, "device")}`
  if (delivered === undefined) {
    if (missing.length > 0) return `${arrived}. ${missingText(missing, topology)}`
    return `${arrived}, ${count(readings, "reading")} sent, ${refusedLines} refused, ${formatElapsed(elapsedMs)}`
  }
  const problems = [
    ...(delivered ? [] : [undeliveredText(summary, topology)]),
    ...(summary.refusedSurveys > 0 ? [refusedText(summary)] : []),
  ]
  const absent = missing.length > 0 ? `. ${missingText(missing, topology)}` : ""
  if (problems.length > 0) return `${arrived}, ${problems.join("; ")}${absent}`
  if (missing.length > 0) return `${arrived}${absent}`
  const news =
    stored > 0 || readings === 0 ? `${count(stored, "reading")} stored` : `nothing new (${readings} already stored)`
  return `${arrived}, ${news}, ${refusedLines} refused, ${formatElapsed(elapsedMs)}`
}

/** "1 survey refused by the cloud (192.168.1.2, line 3: …): it is kept and tried again, three runs in all" */
function refusedText({ refusedSurveys, refusals }: Summary): string {
  const why = refusals.slice(0, NAMED_AT_ONCE).map(({ ip, reason }) => `${ip}, ${reason}`)
  const kept = refusedSurveys === 1 ? "it is kept and tried again" : "they are kept and tried again"
  return `${count(refusedSurveys, "survey")} refused by the cloud (${why.join("; ")}): ${kept}, three runs in all`
}

function undeliveredText({ differing }: Summary, { gateway }: Topology): string {
  const problems: string[] = []
  if (differing.length > 0) {
    const days = differing.map((day) => shortDay(day)).join(", ")
    problems.push(`the cloud's store differs on ${days}, although all was delivered again`)
  }
  if (problems.length > 0) return problems.join("; ")
  return `not delivered; what has arrived is safe in ${gateway.spool} until the cloud answers`
}

/** What becomes of what has come here and of what has not, when somebody has asked for an end. */
export function stoppedText({ cloud, gateway, devices }: Roles, topology: Topology): string {
  const kept = [
    gateway ? `What has arrived is safe in ${topology.gateway.spool}, and goes on with the next start` : "",
    cloud && !gateway
      ? `What was delivered is safe in ${shownStore(topology.cloud.store)}, and the gateway keeps the rest`
      : "",
    sizeOf(devices) > 0 && !gateway ? "The next start sends what is owed" : "",
  ]
  return ["Stopped", ...kept].filter((text) => text !== "").join(". ")
}

/** What a gateway elsewhere has told this cloud. */
export function collectionLine(site: string, day: Day, report: CollectionReport): { line: string; complete: boolean } {
  const [missing, refused] = [sizeOf(report.missing), sizeOf(report.refused)]
  const arrived = sizeOf(report.arrived) + sizeOf(report.late) + refused
  const whole = `${site}, ${describeDay(day)}: ${arrived} of ${count(arrived + missing, "device")}`
  const complete = isComplete({ agreed: true, missing, refused })
  return { line: [whole, ...absentTexts(report)].join(". "), complete }
}

/** "Missing: 192.168.1.4, surveys/device3.txt not found", "Refused here: 192.168.1.2, line 3: …" */
function absentTexts({ missing, refused, reasons }: CollectionReport): string[] {
  const why = new Map(reasons)
  const named = (ranges: CollectionReport["missing"]) =>
    ranges.slice(0, NAMED_AT_ONCE).map((range) => {
      const text = formatRange(range)
      const reason = why.get(text)
      return reason === undefined ? text : `${text}, ${reason}`
    })
  return [
    ...(missing.length > 0 ? [`Missing: ${named(missing).join("; ")}`] : []),
    ...(refused.length > 0 ? [`Refused here: ${named(refused).join("; ")}`] : []),
  ]
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
