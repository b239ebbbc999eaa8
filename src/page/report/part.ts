// A device's part of a report: its last reading, how its soil dries, its plot, its weeks and its days.
import type { StoreReader } from "../../cloud/store/reader"
import { labelOf } from "../../format"
import type { Day } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import type { DeviceFound } from "../device/find"
import { type DaySpan, type History, historyOf } from "../device/history"
import { seriesOf } from "../device/series"
import { daysTable, weeksTable } from "../device/tables"
import { briefDay } from "../device/texts"
import { weeksOf } from "../device/trends"
import { dryingText, latestText, nameText, PLOT_KEYS, samplesText, thresholdKeys } from "../device/view"
import type { Threshold } from "../device/watched"
import { type Html, html } from "../markup/html"
import { plotOf } from "./plot"

export interface Part {
  readonly address: number
  readonly ip: string
  readonly label: string
  /** In the days of the report. */
  readonly readings: number
  /** Of its days. */
  readonly ids: readonly string[]
  readonly text: Html
}

export const partPath = (ip: string): string => `#${ip}`

/** @param thresholds what the device is watched for */
export async function partOf(
  device: DeviceFound,
  span: DaySpan,
  reader: StoreReader,
  thresholds: readonly Threshold[] = [],
): Promise<Part> {
  const { site, address, name, hasLeft } = device
  const ip = formatAddress(address)
  const history = await historyOf(reader, { site, address, ...span })
  const lastDay = await reader.lastDay(site, address)
  const idOf = (day: string) => `${ip}_${day}`
  const label = labelOf({ ip, name })
  return {
    ...{ address, ip, label, readings: history.readings },
    ids: history.readings > 0 ? history.days.map(({ day }) => idOf(day)) : [],
    text: html`
<section aria-labelledby="${ip}">
<h2 class="device" id="${ip}">${nameText(device)}</h2>
<p class="latest">${latestOf(history, span, lastDay)}${hasLeft && " It is not in topology.yaml any more."}</p>
${history.readings > 0 && measured(history, thresholds, daysTable(history, `Each day of ${label}`, idOf))}
</section>`,
  }
}

/** @param lastDay of which there is any reading of it */
function latestOf({ latest, readings }: History, { to }: DaySpan, lastDay: Day | undefined): Html | string {
  if (lastDay === undefined) return "No reading so far."
  const isLast = lastDay <= to
  if (latest && (readings > 0 || isLast))
    return latestText(latest, isLast ? "its last reading" : "the last one of these days")
  return `No readings in these days${isLast ? `; its last ones are of ${briefDay(lastDay, to)}` : ""}.`
}

const measured = (history: History, thresholds: readonly Threshold[], days: Html): Html => html`${dryingText(history)}
<figure class="readings">
<figcaption>${PLOT_KEYS}${thresholdKeys(thresholds)}</figcaption>
${plotOf(seriesOf(history, thresholds))}
</figure>
${samplesText(history)}
<div class="numbers">${days}${weeksOf(history.looked) && weeksTable(history)}</div>`
