// Days × devices as a table, each cell a link to the device's day.
import type { DeviceStatus } from "../../gateway/report/status"
import type { DeviceDay } from "../../gateway/spool/reader"
import { LEGEND, markOf } from "../../status/marks"
import { type Day, describeDay } from "../../survey/calendar"
import { type Html, html } from "../markup/html"
import { devicePath } from "../markup/paths"

const COLOURS: Record<DeviceDay["state"], string> = {
  delivered: "good",
  waiting: "open",
  refused: "bad",
  missing: "bad",
  none: "quiet",
}

const WORDS: Record<DeviceDay["state"], string> = {
  delivered: "delivered",
  waiting: "here, not delivered yet",
  refused: "refused by the cloud",
  missing: "not in the store",
  none: "not expected",
}

/** Where a device is shown, and its day; nowhere where it is undefined. */
export interface Links {
  readonly device: (ip: string) => string | undefined
  readonly day: (ip: string, day: Day) => string | undefined
}

const TO_PAGES: Links = { device: devicePath, day: (ip, day) => `${devicePath(ip)}#${day}` }

/**
 * The latest day first, as a narrow screen shows no more, with a legend of the marks that occur.
 * @param days oldest first, as each device has them
 */
export function gridOf(
  heading: string,
  days: readonly Day[],
  devices: readonly DeviceStatus[],
  links: Links = TO_PAGES,
): Html {
  const marks = devices.flatMap((device) => device.days.map(markOf)).join("")
  const legend = LEGEND.filter(([mark]) => marks.includes(mark))
  return html`<h2 id="days">${heading}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="days">
<table>
<thead><tr><th scope="col" class="text">Device</th>${days.toReversed().map((day) => html`<th scope="col">${shortHead(day)}</th>`)}</tr></thead>
<tbody>${devices.map(
    ({ ip, name, days }) => html`
<tr><th scope="row">${linked(html`<bdi>${name ?? ip}</bdi>`, links.device(ip))}${name !== null && html` <span class="quiet">${ip}</span>`}</th>${days.toReversed().map((day) => cell(day, links.day(ip, day.day)))}</tr>`,
  )}
</tbody>
</table>
</div>
<p class="quiet">${legend.map(([mark, meaning]) => html`<span class="mark-key">${mark} ${meaning}</span> `)}</p>`
}

const linked = (text: Html, href: string | undefined): Html =>
  href === undefined ? text : html`<a href="${href}">${text}</a>`

function cell(day: DeviceDay, href: string | undefined): Html {
  const { state, late, unchanged, readings } = day
  const words = [WORDS[state], late && "late", unchanged && "unchanged", readings > 0 && `${readings} readings`]
  const label = `${describeDay(day.day)}: ${words.filter((word) => word !== false).join(", ")}`
  const attributes = html`title="${label}" aria-label="${label}"`
  const mark =
    href === undefined
      ? html`<span role="img" ${attributes}>${markOf(day)}</span>`
      : html`<a href="${href}" ${attributes}>${markOf(day)}</a>`
  return html`<td class="mark ${COLOURS[state]}">${mark}</td>`
}

const shortHead = (day: Day): string =>
  Temporal.PlainDate.from(day).toLocaleString("en-GB", { weekday: "short", day: "numeric" })
