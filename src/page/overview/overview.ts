// `/`: how the last run went, in one sentence, the last days, and what wants attention.
import { formatWait, formatWhen } from "../../format"
import type { GatewayStatus } from "../../gateway/report/status"
import type { DayCounts } from "../../gateway/spool/reader"
import { Timetable } from "../../schedule/timetable"
import { cloudEntries, type Entry, gatewayEntries, glance, NAMED_AT_ONCE } from "../../status/words"
import { judgedSites } from "../../status/worst-first"
import { describeDay } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { type Html, html } from "../markup/html"
import type { Shown } from "../markup/layout"
import type { Glimpse } from "../views"
import { ageOf } from "./age"
import { searchFor } from "./fleet"
import { gridOf } from "./grid"
import { rulesOf } from "./rules"
import { searchForSite } from "./sites"

const NUMBERS = ["expected", "arrived", "late", "missing", "unchanged", "delivered"] as const

export function overviewOf({ view, isKept, isCounting }: Glimpse, current: Topology, now: number): Shown {
  const note = isKept && ageOf(view, isCounting, current, now)
  if (!view) {
    const heading = `${current.site}: what has come is being counted`
    return { title: heading, body: html`<h1>${heading}</h1>${note}${nextRun(current, now)}${searchFor()}` }
  }
  const { topology, status, readAt } = view
  if (!status) {
    return { title: topology.site, body: html`<h1>Nothing is collected here yet</h1>${note}${nextRun(topology, now)}` }
  }
  const { gateway, cloud, complete, sites } = status
  const worst = judgedSites(cloud?.sites ?? [], sites).map((site) => site.status)
  const sentence = glance(status, topology, readAt)
  return {
    title: sentence,
    body: html`<h1 class="verdict ${complete ? "good" : "bad"}">${sentence}</h1>
${cloud && rulesOf(worst, topology.site)}
${note}${nextRun(topology, now)}
${gateway && daysOf(gateway)}
${gateway && entriesOf("The gateway", gatewayEntries(gateway, topology, readAt))}
${cloud && entriesOf("The cloud", cloudEntries(cloud, sites))}
${cloud && cloud.sites.length > 1 && toAllSites(cloud.sites.length)}`,
  }
}

const toAllSites = (sites: number): Html =>
  html`<p><a href="/sites">All ${sites.toLocaleString("en-GB")} sites</a></p>
${sites > NAMED_AT_ONCE && searchForSite()}`

function nextRun({ schedule, timeZone }: Topology, now: number): Html {
  const next = new Timetable(schedule.cron, timeZone).next(now)
  return html`<p>The next run is ${formatWhen(next, now, timeZone)}, in ${formatWait(next - now)}.</p>`
}

function daysOf({ days, devices }: GatewayStatus): Html | null {
  if (days.length === 0) return null
  if (!devices) return html`${numbersOf(days)}${searchFor()}`
  const heads = days.map(({ day }) => day)
  return gridOf("The last days", heads, devices)
}

/** A row of numbers a day. */
export function numbersOf(days: readonly DayCounts[]): Html {
  return html`<h2 id="days">The last days</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="days">
<table>
<thead><tr><th scope="col" class="text">Day</th>${NUMBERS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${days.map(
    (counts) => html`
<tr><th scope="row">${describeDay(counts.day)}</th>${NUMBERS.map(
      (name) =>
        html`<td${name === "missing" && counts.missing > 0 && BAD}>${counts[name].toLocaleString("en-GB")}</td>`,
    )}</tr>`,
  )}
</tbody>
</table>
</div>`
}

const BAD = html` class="bad"`

const entriesOf = (heading: string, entries: readonly Entry[]): Html => html`<h2>${heading}</h2>
<dl>${entries.map(
  ({ title, lines }) => html`
<dt>${title}</dt><dd>${lines.map((line) => html`<p${line.startsWith(" ") && DEEPER}>${line.trim()}</p>`)}</dd>`,
)}
</dl>`

const DEEPER = html` class="deeper"`
