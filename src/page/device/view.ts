// The page of a device.
import { printable } from "../../printable"
import { type Day, describeDay } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { addressesIn, sizeOf } from "../../topology/ranges"
import { type Html, html } from "../markup/html"
import type { Shown } from "../markup/layout"
import { textOf } from "../overview/rules"
import type { DeviceFound, Found } from "./find"
import type { History, Sample } from "./history"
import { daysTable, hoursTable, weeksTable } from "./tables"
import { briefSpan, celsius, decimal, percent } from "./texts"
import { dryingOf } from "./trends"
import { type Threshold, thresholdText, type WatchedDevice } from "./watched"

/** Days. */
export const SPANS = [1, 7, 14, 30, 90, 365] as const
export const isSpan = (days: number): boolean => SPANS.some((span) => span === days)

export interface DeviceShown {
  readonly device: DeviceFound
  readonly span: number
  /** Undefined where there is no store. */
  readonly history: History | undefined
  readonly watched: WatchedDevice
  /** Of this topology: links to its devices need no site. */
  readonly ownSite: string
}

const LISTED = 100 // devices that have one name

export function deviceView({ device, span, history, watched, ownSite }: DeviceShown): Shown {
  const { address, name, hasLeft } = device
  const ip = formatAddress(address)
  const query = (days: number) => `?${new URLSearchParams({ days: String(days), ...siteOf(device.site, ownSite) })}`
  return {
    title: printable(name ?? ip),
    body: html`<h1 class="device">${nameText(device)}</h1>
<p class="latest">${latestOf(history)}${hasLeft && " It is not in topology.yaml any more."}</p>
${watched.holds.length > 0 && html`<p class="holds bad">✖ ${textOf(watched.holds)}</p>`}
${history?.latest && sections(device, history, watched, span, query)}`,
  }
}

export function nameText({ address, name }: DeviceFound): Html {
  const ip = formatAddress(address)
  return html`<bdi>${name ?? ip}</bdi>${name !== undefined && html` <span class="quiet">${ip}</span>`}`
}

function latestOf(history: History | undefined): Html | string {
  if (!history) return "Readings are kept where the cloud is: nothing is stored on this host."
  return history.latest ? latestText(history.latest) : "No reading so far."
}

export function latestText(latest: Sample, which = "its last reading"): Html {
  const [day, time] = clockOf(latest)
  return html`<strong>${percent(latest.humidity)}</strong> soil humidity and <strong>${celsius(latest.temperature)}</strong>
at ${time} on <time datetime="${latest.timestamp}">${describeDay(day)}</time>, ${which}.`
}

/** What the device's own clock showed. */
function clockOf({ timestamp }: Sample): [day: Day, time: string] {
  return [timestamp.slice(0, 10) as Day, timestamp.slice(11, 16)]
}

function sections(
  device: DeviceFound,
  history: History,
  { thresholds }: WatchedDevice,
  span: number,
  query: (days: number) => string,
): Html {
  return html`
<nav class="spans" aria-label="Days shown"><ul>${SPANS.map((days) => {
    const text = days === 1 ? "1 day" : `${days} days`
    return html`<li><a href="${query(days)}"${days === span && html` aria-current="page"`}>${text}</a></li>`
  })}</ul></nav>
${plot(device, history, thresholds, span, query)}
${downloads(device, history)}
<h2>Trend</h2>
${dryingText(history)}
${weeksTable(history)}
<h2>Soil humidity by the hour</h2>
${hoursTable(history)}
<h2>${span === 1 ? "The day" : "Each day"}</h2>
${daysTable(history)}
<script src="/assets/plot.js" type="module"></script>`
}

function plot(
  { address }: DeviceFound,
  history: History,
  thresholds: readonly Threshold[],
  span: number,
  query: (days: number) => string,
): Html {
  const { days, readings } = history
  const [from, to] = [days.at(0)?.day, days.at(-1)?.day]
  if (!from || !to) return html``
  const heading = html`<h2>${briefSpan(from, to)} ${to.slice(0, 4)}</h2>`
  if (readings === 0) return html`${heading}<p>No readings in ${span === 1 ? "this day" : "these days"}.</p>`
  const series = `/devices/${formatAddress(address)}/series.json${query(span)}`
  return html`${heading}
<figure class="readings">
<figcaption>${PLOT_KEYS}${thresholdKeys(thresholds)}
<output id="reading"></output></figcaption>
<div id="plot" tabindex="0" role="application" aria-label="Plot of temperature and soil humidity: the arrow keys, Home and End go from reading to reading" data-series="${series}"></div>
<noscript><p class="quiet">The plot needs JavaScript; the tables below have its numbers.</p></noscript>
</figure>
${samplesText(history)}`
}

export const PLOT_KEYS = html`<span class="key temperature">Temperature, °C, left</span> <span class="key humidity">Soil humidity, %, right</span>`

export const thresholdKeys = (thresholds: readonly Threshold[]): Html | false =>
  thresholds.length > 0 && html` <span class="quiet">Watched for: ${thresholds.map(thresholdText).join(", ")}</span>`

export const samplesText = ({ samples, readings }: History): Html | false =>
  samples.length < readings &&
  html`<p class="quiet">The plot has ${samples.length.toLocaleString("en-GB")} of ${readings.toLocaleString("en-GB")} readings:
the lowest and the highest of each stretch of time.</p>`

function downloads({ site, address }: DeviceFound, { days }: History): Html {
  const [from, to] = [days.at(0)?.day ?? "", days.at(-1)?.day ?? ""]
  const link = (text: string, format: Record<string, string>) => {
    const query = new URLSearchParams({ site, device: formatAddress(address), from, to, ...format })
    return html`<li><a href="/api/readings?${query.toString()}" download>${text}</a></li>`
  }
  return html`<ul class="downloads" aria-label="Download these readings"><li class="quiet">Download</li>
${link("CSV", { format: "csv" })}
${link("CSV with decimal comma", { format: "csv-semicolon" })}
${link("JSON", { format: "json" })}
${link("Parquet", { format: "parquet" })}</ul>`
}

export function dryingText({ looked }: History): Html {
  const drying = dryingOf(looked)
  if (!drying) return html``
  const { since, humidity, aDay, expected } = drying
  const days = expected?.days === 1 ? "1 day" : `${expected?.days} days`
  const last = looked.at(-1)?.day
  return html`<p>The soil dries: ${percent(humidity, 0)}, ${decimal(aDay, 1)} a day less since
${briefSpan(since, since, last)}${expected && `, ${percent(expected.humidity)} in ${days} if it goes on like this`}.</p>`
}

/** A name that several devices have. */
export function severalView(
  text: string,
  { site, addresses }: Extract<Found, { kind: "several" }>,
  ownSite: string,
): Shown {
  const query = new URLSearchParams(siteOf(site, ownSite)).toString()
  const listed = [...addressesIn(addresses).take(LISTED)]
  const more = sizeOf(addresses) - listed.length
  return {
    title: printable(text),
    body: html`<h1 class="device"><bdi>${text}</bdi></h1>
<p>Several devices have this name:</p>
<ul>${listed.map(formatAddress).map((ip) => html`<li><a href="/devices/${ip}${query && `?${query}`}">${ip}</a></li>`)}
${more > 0 && html`<li>and ${more.toLocaleString("en-GB")} more</li>`}</ul>`,
  }
}

/** Why there is nothing to be seen, in one line. */
export const noneView = (heading: string, reason: string): Shown => ({
  title: heading,
  body: html`<h1>${heading}</h1><p><bdi>${reason}</bdi>${!reason.endsWith("?") && "."}</p>`,
})

const siteOf = (site: string, ownSite: string): Record<string, string> => (site === ownSite ? {} : { site })
