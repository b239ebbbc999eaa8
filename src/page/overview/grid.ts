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

/**
 * The latest day first, as a narrow screen shows no more, with a legend of the marks that occur.
 * @param days oldest first, as each device has them
 */
export function gridOf(heading: string, days: readonly Day[], devices: readonly DeviceStatus[]): Html {
  const marks = devices.flatMap((device) => device.days.map(markOf)).join("")
  const legend = LEGEND.filter(([mark]) => marks.includes(mark))
  return html`<h2 id="days">${heading}</h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="days">
<table>
<thead><tr><th scope="col" class="text">Device</th>${days.toReversed().map((day) => html`<th scope="col">${shortHead(day)}</th>`)}</tr></thead>
<tbody>${devices.map(
    ({ ip, name, days }) => html`
<tr><th scope="row"><a href="${devicePath(ip)}">${name ?? ip}</a>${name !== null && html` <span class="quiet">${ip}</span>`}</th>${days.toReversed().map((day) => cell(ip, day))}</tr>`,
  )}
</tbody>
</table>
</div>
<p class="quiet">${legend.map(([mark, meaning]) => html`<span class="mark-key">${mark} ${meaning}</span> `)}</p>`
}

function cell(ip: string, day: DeviceDay): Html {
  const { state, late, unchanged, readings } = day
  const words = [WORDS[state], late && "late", unchanged && "unchanged", readings > 0 && `${readings} readings`]
  const label = `${describeDay(day.day)}: ${words.filter((word) => word !== false).join(", ")}`
  const href = `${devicePath(ip)}#${day.day}`
  return html`<td class="mark ${COLOURS[state]}"><a href="${href}" title="${label}" aria-label="${label}">${markOf(day)}</a></td>`
}

const shortHead = (day: Day): string =>
  Temporal.PlainDate.from(day).toLocaleString("en-GB", { weekday: "short", day: "numeric" })
