// `/`: how the last run went, in one sentence, the last days, and what wants attention.
import { formatWait, formatWhen } from "../../format"
import { type GatewayStatus, readRunUnderWay } from "../../gateway/report/status"
import type { DayCounts } from "../../gateway/spool/reader"
import { Timetable } from "../../schedule/timetable"
import { cloudEntries, type Entry, gatewayEntries, glance } from "../../status/words"
import { isThere } from "../../storage/database"
import { describeDay } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { type Html, html } from "../markup/html"
import type { Shown } from "../markup/layout"
import type { Glimpse, StatusView } from "../views"
import { searchFor } from "./fleet"
import { gridOf } from "./grid"
import { rulesOf } from "./rules"

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
  const { gateway, cloud, complete } = status
  const sentence = glance(status, topology, readAt)
  return {
    title: sentence,
    body: html`<h1 class="verdict ${complete ? "good" : "bad"}">${sentence}</h1>
${cloud && rulesOf(cloud.sites, topology.site)}
${note}${nextRun(topology, now)}
${gateway && daysOf(gateway)}
${gateway && entriesOf("The gateway", gatewayEntries(gateway, topology, readAt))}
${cloud && entriesOf("The cloud", cloudEntries(cloud))}`,
  }
}

/** Of what moment it is, and what goes on since. */
function ageOf(view: StatusView | undefined, isCounting: boolean, topology: Topology, now: number): Html {
  const { timeZone, gateway } = topology
  const run = isThere(gateway.spool) ? readRunUnderWay(topology) : undefined
  const sentences = [
    view && `As of ${formatWhen(view.readAt, now, timeZone)}.`,
    isCounting && (view ? "It is being counted anew." : "This page shows it when it is done."),
    run &&
      `The collection of ${describeDay(run.day)} is under way: ${run.arrived.toLocaleString("en-GB")} surveys have come, of ${run.expected.toLocaleString("en-GB")} devices.`,
  ]
  return html`<p class="age">${sentences.filter((sentence) => sentence).join(" ")}</p>`
}

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
