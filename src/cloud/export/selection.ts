// Which of the stored surveys somebody asks for, on the command line and over HTTP.
import { type AskedDays, type Mark, readDayRange, UnknownNameError } from "../../asked"
import type { Day } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { FIRST_DAY, LAST_DAY } from "../store/days"
import type { Selection } from "../store/pages"
import type { StoreReader } from "../store/reader"
import { readDevice } from "./devices"

/** As it was written. */
export interface Asked extends AskedDays {
  readonly site?: string | undefined
  readonly device?: string | undefined
}

/**
 * Without days it is the last one of which anything is stored; undefined where there is none. Rejects with UsageError.
 * @param today in the topology's time zone
 */
export async function select(
  asked: Asked,
  topology: Topology,
  reader: StoreReader,
  today: Day,
  mark: Mark = "--",
): Promise<Selection | undefined> {
  const { from, to } = readDayRange(asked, today, mark)
  const site = await readSite(asked.site, topology, reader)
  const device = await readDevice(asked.device, topology, site, mark)
  if (from || to) return { site, device, from: from ?? FIRST_DAY, to: to ?? LAST_DAY }
  const day = await reader.lastDay(site)
  return day && { site, device, from: day, to: day }
}

/** The topology's own, unless told. Rejects with UnknownNameError where the store has others only. */
export async function readSite(
  text: string | undefined,
  topology: Topology,
  reader: Pick<StoreReader, "sites">,
): Promise<string> {
  const site = text ?? topology.site
  const sites = await reader.sites()
  if (sites.length === 0 || sites.includes(site)) return site
  throw new UnknownNameError(`${site} is not a site of this store, which has ${sites.join(", ")}`)
}
