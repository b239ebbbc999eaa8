// Shows one collection after the other: devices as they arrive, the delivery, and the line that says how it went.
import { systemClock } from "../../clock"
import { INVOCATION } from "../../installation"
import { boundedBy, sparing } from "../../log"
import type { CollectionReport, Forwarded, Listener, Roles, Summary, Topology, Uploaded } from "../../network"
import { countOwnDevices } from "../../network/roles"
import { type Day, dayBefore, describeDay } from "../../survey/calendar"
import type { Screen } from "../screen"
import { collectionLine, deliveryLine, labelWidth, summaryLine, uploadLine, warningLines } from "./report"

const LINES_UP_TO = 20 // devices; a larger fleet shows a progress bar
const ACCOUNTS = { perPeer: 100, overall: 1000 } // lines a minute, of a site and of all: a gateway may repeat itself
const GATHER_MS = 20 // small networks answer within it, and stand in address order then

export class CollectionView {
  readonly #closed = Promise.withResolvers<boolean>()
  /** Resolves with whether it was complete, when a gateway elsewhere has closed a run here. */
  readonly nextCollection = this.#closed.promise
  readonly #width: number
  /** Devices that are played here, when the run under way began. */
  #expected: number
  #day: Day | undefined
  #arrived = 0
  #showing = false
  #gathered: Uploaded[] = []
  #cancelGathering: (() => void) | undefined
  readonly #complete: (line: string, site: string) => void
  readonly #incomplete: (line: string, site: string) => void

  constructor(
    private readonly screen: Screen,
    private topology: Topology,
    private readonly roles: Roles,
  ) {
    this.#width = labelWidth(topology, screen.width)
    this.#expected = countOwnDevices(topology, roles)
    const { monotonic } = systemClock
    this.#complete = boundedBy(ACCOUNTS, sparing(screen.success, monotonic), monotonic)
    this.#incomplete = boundedBy(ACCOUNTS, sparing(screen.fail, monotonic), monotonic)
  }

  update(topology: Topology): void {
    this.topology = topology
  }

  readonly hear: Listener = (event) => {
    switch (event.kind) {
      case "run-started":
        // what is owed is sent beside the schedule: its devices are shown, and no summary
        if (!event.owedOnly) this.#begin(event.day)
        break
      case "uploaded":
        this.#uploaded(event)
        break
      case "delivered":
        this.#delivered(event)
        break
      case "collection-closed":
        this.#collected(event.site, event.day, event.report)
        break
      case "run-finished":
        if (this.#showing) this.#finish(event.summary, event.isCutShort)
        break
      case "run-failed":
        this.#showing = false
    }
  }

  #uploaded(upload: Uploaded): void {
    if (upload.day === this.#day) this.#arrived++
    if (this.#expected > LINES_UP_TO) {
      this.screen.progress(this.#arrived, this.#expected)
      return
    }
    this.#gathered.push(upload)
    this.#cancelGathering ??= systemClock.after(GATHER_MS, () => this.#showGathered())
  }

  #delivered(forwarded: Forwarded): void {
    this.#showGathered()
    // behind the scenes nothing happened, worth no line
    if (forwarded.surveys === 0 && !this.#showing) return
    this.screen.success(deliveryLine(forwarded, this.#width, this.topology.bufferSize))
    this.screen.plain()
  }

  /** A gateway's account; where the gateway is here too, its own summary says the same. */
  #collected(site: string, day: Day, report: CollectionReport): void {
    if (this.roles.gateway || !report.run) return
    const { line, complete } = collectionLine(site, day, report)
    if (complete) this.#complete(line, site)
    else this.#incomplete(line, site)
    // an older day that is closed behind a run is not the one that is waited for
    if (day === dayBefore(systemClock.now(), this.topology.timeZone)) this.#closed.resolve(complete)
  }

  #begin(day: Day): void {
    const { screen, topology } = this
    const yesterday = dayBefore(systemClock.now(), topology.timeZone)
    this.#day = day
    this.#arrived = 0
    this.#expected = countOwnDevices(topology, this.roles)
    screen.plain()
    screen.plain(day === yesterday ? `Yesterday, ${describeDay(day)}` : describeDay(day))
    this.#showing = true
  }

  #finish(summary: Summary, isCutShort: boolean): void {
    const { screen, topology } = this
    this.#showing = false
    this.#showGathered()
    if (isCutShort) return
    screen.plain()
    for (const warning of warningLines(summary, topology)) screen.warn(warning)
    const line = summaryLine(summary, topology)
    if (summary.complete) screen.success(line)
    else screen.fail(line)
  }

  readonly describe = (summary: Summary): string =>
    [summaryLine(summary, this.topology), ...warningLines(summary, this.topology)].join("\n")

  hints(): void {
    if (!this.screen.isTerminal) return
    const { schedule, timeZone, file } = this.topology
    const [, minute, hour] = /^(\d+) (\d+) \* \* \*$/.exec(schedule.cron) ?? []
    const at = minute && hour && `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`
    this.screen.plain(`  See them again: ${INVOCATION} readings`)
    this.screen.plain(`  ${at ? `Every day at ${at} ${timeZone}` : "On its schedule"}: ${INVOCATION} start`)
    this.screen.plain(`  Your own sensors: edit ${file}, then ${INVOCATION} check`)
  }

  #showGathered(): void {
    this.#cancelGathering?.()
    this.#cancelGathering = undefined
    const uploads = this.#gathered.splice(0).sort((a, b) => a.device.address - b.device.address)
    const { screen } = this
    for (const upload of uploads) screen.success(uploadLine(upload, this.#width, this.#day, screen.width))
  }
}
