// A site's days as one file that needs neither a server nor a network: how it does, then device by device.
import { watchedBy } from "../../cloud/rules/watched"
import type { StoreReader } from "../../cloud/store/reader"
import { readDevices } from "../../gateway/report/status"
import { printable } from "../../printable"
import { readStatus, type StatusDocument, summaryOf } from "../../status/document"
import { glance } from "../../status/words"
import { dayOf, describeDay } from "../../survey/calendar"
import type { AddressRange } from "../../topology/address"
import type { Topology } from "../../topology/topology"
import style from "../assets/style.css" with { type: "text" }
import type { DaySpan } from "../device/history"
import { briefSpan } from "../device/texts"
import { thresholdsOf } from "../device/watched"
import { Html, html } from "../markup/html"
import { gridOf } from "../overview/grid"
import { numbersOf } from "../overview/overview"
import { type Choice, choose } from "./choice"
import { type Part, partOf, partPath } from "./part"
import reportStyle from "./report.css" with { type: "text" }

export interface ReportAsked extends DaySpan {
  readonly site: string
  /** These alone. */
  readonly devices: AddressRange | undefined
}

/**
 * The file's text, HTML. Rejects with UsageError of a device that is not there.
 * @param now ms since the epoch
 */
export async function reportOf(
  { site, devices, from, to }: ReportAsked,
  topology: Topology,
  reader: StoreReader,
  now: number,
): Promise<string> {
  const status = await statusOf(site, topology, now)
  const choice = await choose(site, devices, status, topology, reader)
  const rules = watchedBy(topology).ofDevices(site)
  const parts: Part[] = []
  for (const each of choice.devices) {
    const part = await partOf(each, { from, to }, reader, thresholdsOf(rules?.(each.address) ?? {}))
    if (part.readings > 0 || !each.hasLeft || devices) parts.push(part)
  }
  const sentence = glance(status, topology, now)
  const days = `${briefSpan(from, to)} ${to.slice(0, 4)}`
  const zone = status.cloud?.sites.find((each) => each.site === site)?.timeZone ?? topology.timeZone
  return fileOf(
    `${printable(site)}, ${days}`,
    html`<h1><bdi>${site}</bdi>, ${days}</h1>
<p class="made">Made on ${madeAt(now, zone)}. Times are those of ${zone}.</p>
<p class="verdict ${status.complete ? "good" : "bad"}">${sentence}</p>
${contents(status, choice, parts, topology)}
${parts.map(({ text }) => text)}`,
  )
}

/** Of one site: this host's own, or what the cloud here knows of another one. */
async function statusOf(site: string, topology: Topology, now: number): Promise<StatusDocument> {
  const status = await readStatus(topology, now)
  const sites = status.sites.filter((each) => each.site === site)
  const { gateway, cloud } = status
  return {
    ...status,
    ...summaryOf(sites, site),
    sites,
    gateway: gateway?.site === site ? gateway : null,
    cloud: cloud && { ...cloud, sites: cloud.sites.filter((each) => each.site === site) },
  }
}

/** Days × devices, or what there is of it, with a link to each part. */
function contents({ gateway }: StatusDocument, choice: Choice, parts: readonly Part[], topology: Topology): Html {
  const listed = html`<ul>${parts.map(({ ip, label }) => html`<li><a href="${partPath(ip)}">${label}</a></li>`)}</ul>`
  const days = gateway?.days ?? []
  if (choice.kind === "worst") {
    return html`${days.length > 0 && numbersOf(days)}
<p>${choice.of.toLocaleString("en-GB")} devices. ${which(parts.length, gateway !== null)} <code>--device</code> has any other one.</p>
${listed}`
  }
  const declared = parts.flatMap(({ address }) => topology.devices.get(address) ?? [])
  if (days.length === 0 || declared.length === 0) return listed
  const ids = new Set(parts.flatMap(({ ids }) => ids))
  const link = (id: string) => (ids.has(id) ? `#${id}` : undefined)
  return gridOf(
    "The last days",
    days.map(({ day }) => day),
    readDevices(topology, declared),
    {
      device: partPath,
      day: (ip, day) => link(`${ip}_${day}`),
    },
  )
}

/** Of a fleet those that are shown. */
function which(devices: number, isOwed: boolean): string {
  if (devices === 0) return isOwed ? "None of them owes a day." : "The last run missed none of them."
  if (devices === 1) return `Here is the one that ${isOwed ? "owes days" : "the last run missed"}.`
  return isOwed ? `Here are the ${devices} that owe most days.` : `Here are ${devices} that the last run missed.`
}

function madeAt(now: number, timeZone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainTime()
  return `${describeDay(dayOf(now, timeZone))} at ${time.toString({ smallestUnit: "minute" })}`
}

/** Nothing is loaded or run, whatever a name says. */
const POLICY = html`default-src 'none'; style-src 'unsafe-inline'`

const fileOf = (title: string, body: Html): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
${new Html(style + reportStyle)}
</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text
