// `/api/readings` and `/api/days`: what the store holds of some days, as `bun run readings` does.
import { UnknownNameError } from "../../asked"
import { systemClock } from "../../clock"
import { namesFor } from "../../cloud/export/devices"
import { select } from "../../cloud/export/selection"
import type { Pages, SurveyTable } from "../../cloud/export/tables"
import { FIRST_DAY, LAST_DAY, type Selection, StoreReader } from "../../cloud/store/reader"
import { dayOf } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { nameOf } from "../../topology/names"
import { covers, joinRanges } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import type { Views } from "../views"
import { download } from "./download"
import { readFormat } from "./formats"
import { readParameters } from "./parameters"
import { storeVersion } from "./version"

const PARAMETERS = ["site", "device", "day", "from", "to", "last", "format"] as const

/** Throws UsageError and StorageError. */
export function surveysOf<Row>(
  [name, table]: readonly [name: string, table: SurveyTable<Row>],
  extension: string | undefined,
  request: Request,
  { topology, version }: Views,
): Response {
  const { format: asked, ...parameters } = readParameters(new URL(request.url).searchParams, PARAMETERS)
  const format = readFormat(asked, extension)
  const { store } = topology.cloud
  const now = systemClock.now()
  const stored = storeVersion(store, now) // before it is read: what comes meanwhile is seen twice, not never
  using reader = new StoreReader(store)
  const selection = select(parameters, topology, reader, dayOf(now, topology.timeZone), "")
  if (selection?.device !== undefined) checkKnown(selection.site, selection.device, topology, reader)
  return download(request, format, {
    table,
    pages: () => rowsOf(table, topology, selection),
    fileName: fileNameOf(name, selection ?? { site: topology.site, from: FIRST_DAY, to: LAST_DAY }),
    version: stored && `${stored} ${version}`,
  })
}

async function* rowsOf<Row>(table: SurveyTable<Row>, topology: Topology, selection?: Selection): Pages<Row> {
  if (!selection) return
  using reader = new StoreReader(topology.cloud.store)
  const nameAt = namesFor(topology, reader, selection.site)
  for (const page of reader.pages(selection)) {
    yield page.flatMap((survey) => table.rowsOf(survey, nameAt(survey.address)))
  }
}

/** An address that nobody has would be as good as one without readings, and may be a slip. Throws UnknownNameError. */
function checkKnown(site: string, device: number, topology: Topology, reader: StoreReader): void {
  if (site === topology.site && topology.devices.has(device)) return
  if (covers(joinRanges(reader.devices(site)), device) || nameOf(reader.names(site), device) !== undefined) return
  if (reader.days(site).some((day) => reader.countReadings(site, day, device) !== undefined)) return
  throw new UnknownNameError(`device ${formatAddress(device)} is not known in ${site}, and nothing of it is stored`)
}

/** "greenhouse-192.168.1.2-readings-2026-11-01-to-2026-11-21" */
function fileNameOf(name: string, { site, device, from, to }: Selection): string {
  const days = from === to ? [from] : [from === FIRST_DAY ? "" : from, to === LAST_DAY ? "" : `to-${to}`]
  const parts = [site, device === undefined ? "" : formatAddress(device), name, ...days]
  return parts.filter((part) => part !== "").join("-")
}
