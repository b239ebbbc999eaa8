// `/sites`: all sites of a cloud, the worst first and a page of them at a time, or those that are looked for by name.
import { count } from "../../format"
import { outcomeText } from "../../status/words"
import { type JudgedSite, judgedSites } from "../../status/worst-first"
import { type Day, describeDay } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { type Html, html } from "../markup/html"
import type { Shown } from "../markup/layout"
import { sitesPath } from "../markup/paths"
import type { Glimpse } from "../views"
import { ageOf } from "./age"
import { A_PAGE, pagesOf, type Search, searchForm } from "./search"

export function sitesOf({ view, isKept, isCounting }: Glimpse, current: Topology, search: Search, now: number): Shown {
  const note = isKept && ageOf(view, isCounting, current, now)
  const { sites = [], cloud } = view?.status ?? {}
  if (!view || !cloud) {
    const heading = view ? "No site has delivered here yet" : "What has come is being counted"
    return { title: heading, body: html`<h1>${heading}</h1>${note}` }
  }
  const { find, page } = search
  const text = find.toLowerCase()
  const found = judgedSites(cloud.sites, sites).filter(({ status }) => status.site.toLowerCase().includes(text))
  const shown = found.slice((page - 1) * A_PAGE, page * A_PAGE)
  const heading = find === "" ? count(found.length, "site") : `${count(found.length, "site")} with “${find}”`
  return {
    title: heading,
    body: html`<h1>${heading}</h1>
${note}${searchForSite(find)}
${shown.length > 0 && tableOf(shown, view.topology, view.readAt)}
${pagesOf(search, found.length, sitesPath)}`,
  }
}

/** Where a person says which one is looked for. */
export const searchForSite = (find = "") => searchForm("/sites", "Site", find, "find-site")

const TEXTS = ["Site", "How the last run went"]
const NUMBERS = ["Last day", "Days", "Devices", "Readings", "Rules hold of"]

const tableOf = (sites: readonly JudgedSite[], topology: Topology, now: number): Html => html`
<div class="scroll" tabindex="0" role="region" aria-label="Sites">
<table>
<thead><tr>${TEXTS.map((head) => html`<th scope="col" class="text">${head}</th>`)}${NUMBERS.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${sites.map((each) => rowOf(each, topology, now))}
</tbody>
</table>
</div>`

function rowOf(each: JudgedSite, topology: Topology, now: number): Html {
  const { status, verdict } = each
  const { site, run, days, devices, readings, readingsEstimated, rules } = status
  const inFull = (number: number) => number.toLocaleString("en-GB")
  return html`
<tr><th scope="row"><bdi>${site}</bdi></th><td class="text ${verdict.complete ? "good" : "bad"}">${outcomeText(each, topology, now)}</td><td>${run && dayOf(run.day)}</td><td>${inFull(days)}</td><td>${inFull(devices)}</td><td>${readingsEstimated && "about "}${inFull(readings)}</td><td>${rules.devices > 0 && count(rules.devices, "device")}</td></tr>`
}

const dayOf = (day: Day): Html => html`<time datetime="${day}" title="${describeDay(day)}">${day}</time>`
