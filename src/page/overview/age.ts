// Of what moment a page is whose numbers take long to count, and what goes on since.
import { formatWhen } from "../../format"
import { readRunUnderWay } from "../../gateway/report/status"
import { isThere } from "../../storage/database"
import { describeDay } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { type Html, html } from "../markup/html"
import type { StatusView } from "../views"

export function ageOf(view: StatusView | undefined, isCounting: boolean, topology: Topology, now: number): Html {
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
