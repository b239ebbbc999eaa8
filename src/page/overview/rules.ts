// What holds of a site's devices by `alerts.rules`: a line each, the worst first; of a fleet ten are named and the
// rest is counted, and so are sites.
import { still } from "../../alerts/message"
import type { HeldDocument, SiteRules } from "../../cloud/rules/reader"
import type { SiteStatus } from "../../cloud/status"
import { count } from "../../format"
import { type RuleName, WORST_FIRST } from "../../topology/alerts/rules"
import { type Html, html } from "../markup/html"
import { devicePath } from "../markup/paths"

const NAMED = 10

/**
 * Nothing where nothing holds.
 * @param sites as they are to be told
 * @param ownSite whose devices' pages need no site in their path
 */
export function rulesOf(sites: readonly SiteStatus[], ownSite: string): Html {
  const held = sites.filter(({ rules }) => rules.devices > 0)
  const more = held.length - NAMED
  return html`${held.slice(0, NAMED).map(({ site, rules }) => {
    const of = site === ownSite && sites.length === 1 ? "" : ` of ${site}`
    return html`<h2>Rules that hold${of}</h2>
<ul class="rules">${linesOf(rules, site === ownSite ? "" : `?${new URLSearchParams({ site })}`)}</ul>`
  })}${more > 0 && html`<p>Rules hold of ${count(more, "more site")}: <a href="/sites">all sites</a></p>`}`
}

function linesOf({ devices, counts, worst }: SiteRules, query: string): Html {
  const shown = [...Map.groupBy(worst, ({ device }) => device).values()].slice(0, NAMED)
  const more = devices - shown.length
  return html`${shown.map(
    (held) => html`
<li>${subjectOf(held, query)}: ${textOf(held)}</li>`,
  )}
${more > 0 && html`<li>and ${count(more, "more device")}: ${restOf(counts, shown.flat())}</li>`}`
}

function subjectOf([first]: readonly HeldDocument[], query: string): Html | string {
  const { device, name } = first ?? { device: null, name: null }
  if (device === null) return "The site"
  return html`<a href="${devicePath(device)}${query}"><bdi>${name ?? device}</bdi></a>${name !== null && html` <span class="quiet">${device}</span>`}`
}

/** "dry, 12 % since 21 November; frost, −1 °C since today" */
export const textOf = (held: readonly HeldDocument[]): string => held.map(still).join("; ")

function restOf(counts: Readonly<Partial<Record<RuleName, number>>>, shown: readonly HeldDocument[]): string {
  return WORST_FIRST.flatMap((rule) => {
    const rest = (counts[rule] ?? 0) - shown.filter((each) => each.rule === rule).length
    return rest > 0 ? [`${rest.toLocaleString("en-GB")} ${rule}`] : []
  }).join(", ")
}
