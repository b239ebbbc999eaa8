// `/api/readings` and `/api/days`: what the store holds of some days, as `bun run readings` does.
import { UnknownNameError } from "../../asked"
import { systemClock } from "../../clock"
import { namesFor } from "../../cloud/export/devices"
import { select } from "../../cloud/export/selection"
import type { Pages, SurveyTable } from "../../cloud/export/tables"
import { FIRST_DAY, LAST_DAY } from "../../cloud/store/days"
import { placeOf } from "../../cloud/store/open"
import type { Selection } from "../../cloud/store/pages"
import { StoreReader } from "../../cloud/store/reader"
import { storeVersion } from "../../cloud/store/version"
import { dayOf } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { covers, joinRanges } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import type { Views } from "../views"
import { download } from "./download"
import { readFormat } from "./formats"
import { readParameters } from "./parameters"

const PARAMETERS = ["site", "device", "day", "from", "to", "last", "format"] as const

/** Rejects with UsageError and StorageError. */
export async function surveysOf<Row>(
  [name, table]: readonly [name: string, table: SurveyTable<Row>],
  extension: string | undefined,
  request: Request,
  { topology, version }: Views,
): Promise<Response> {
  const { format: asked, ...parameters } = readParameters(new URL(request.url).searchParams, PARAMETERS)
  const format = readFormat(asked, extension)
  const now = systemClock.now()
  const stored = storeVersion(topology.cloud, now) // before it is read: what comes meanwhile is seen twice, not never
  await using reader = await StoreReader.open(placeOf(topology))
  const selection = await select(parameters, topology, reader, dayOf(now, topology.timeZone), "")
  if (selection?.device !== undefined) await checkKnown(selection.site, selection.device, topology, reader)
  return download(request, format, {
    table,
    pages: () => rowsOf(table, topology, selection),
    fileName: fileNameOf(name, selection ?? { site: topology.site, from: FIRST_DAY, to: LAST_DAY }),
    version: stored && `${stored} ${version}`,
  })
}

async function* rowsOf<Row>(table: SurveyTable<Row>, topology: Topology, selection?: Selection): Pages<Row> {
  if (!selection) return
  await using reader = await StoreReader.open(placeOf(topology))
  const nameAt = await namesFor(topology, reader, selection.site)
  for await (const page of reader.pages(selection)) {
    yield page.flatMap((survey) => table.rowsOf(survey, nameAt(survey.address)))
  }
}

/** An address that nobody has would be as good as one without readings, and may be a slip. Rejects with UnknownNameError. */
async function checkKnown(site: string, device: number, topology: Topology, reader: StoreReader): Promise<void> {
  if (site === topology.site && topology.devices.has(device)) return
  if (covers(joinRanges(await reader.devices(site)), device)) return
  if ((await reader.name(site, device)) !== undefined) return
  for (const day of await reader.days(site)) {
    if ((await reader.countReadings(site, day, device)) !== undefined) return
  }
  throw new UnknownNameError(`device ${formatAddress(device)} is not known in ${site}, and nothing of it is stored`)
}

/** "greenhouse-192.168.1.2-readings-2026-11-01-to-2026-11-21" */
function fileNameOf(name: string, { site, device, from, to }: Selection): string {
  const days = from === to ? [from] : [from === FIRST_DAY ? "" : from, to === LAST_DAY ? "" : `to-${to}`]
  const parts = [site, device === undefined ? "" : formatAddress(device), name, ...days]
  return parts.filter((part) => part !== "").join("-")
}
