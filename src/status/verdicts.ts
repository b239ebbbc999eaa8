// How the last run of each site went, as far as this host can tell.
import { isOverdue } from "../cloud/rules/rhythm"
import type { CloudStatus, SiteStatus } from "../cloud/status"
import { originOf, placeOf } from "../cloud/store/open"
import type { GatewayStatus } from "../gateway/report/status"
import type { Day } from "../survey/calendar"
import type { Topology } from "../topology/topology"
import { isCloudHere } from "./hosts"
import { dueRun } from "./overdue"

export interface SiteVerdict {
  readonly site: string
  /** The day that was collected last; null before the first run. */
  readonly day: Day | null
  /** It was complete, and no run is overdue since. */
  readonly complete: boolean
  /** When a run was due, or should have been told of, that did not take place; null when there is none. */
  readonly overdueSince: string | null
  /** Whether the store has what was delivered to it; null where it is on another host. */
  readonly stored: boolean | null
}

interface Known {
  readonly gateway: GatewayStatus | null
  readonly cloud: CloudStatus | null
}

/** This topology's own site first, where anything is known of it. */
export async function verdictsOf({ gateway, cloud }: Known, topology: Topology, now: number): Promise<SiteVerdict[]> {
  const sites = cloud?.sites ?? []
  const own = sites.find(({ site }) => site === (gateway?.site ?? topology.site))
  const atGateway = gateway && (await ofGateway(gateway, own, cloud, topology, now))
  return [
    ...(atGateway ? [atGateway] : own ? [atCloud(own, topology, now)] : []),
    ...sites.filter((each) => each !== own).map((each) => atCloud(each, topology, now)),
  ]
}

async function ofGateway(
  { site, run }: GatewayStatus,
  atStore: SiteStatus | undefined,
  cloud: CloudStatus | null,
  topology: Topology,
  now: number,
): Promise<SiteVerdict> {
  const overdueSince = run ? instant(dueRun(Date.parse(run.scheduledAt), topology, now, true)) : null
  // the gateway's word is of the store that there was
  const stored = run && (await isStoreOurs(cloud, topology)) ? (atStore?.run?.day ?? "") >= run.day : null
  const complete = run?.complete === true && overdueSince === null && stored !== false && site === topology.site
  return { site, day: run?.day ?? null, complete, overdueSince, stored: run?.complete ? stored : null }
}

/** A site whose schedule is not known here is overdue by the rhythm of its runs. */
function atCloud({ site, run, nextRun }: SiteStatus, topology: Topology, now: number): SiteVerdict {
  const late = nextRun !== null && isOverdue(Date.parse(nextRun), now) ? nextRun : null
  const overdueSince =
    site === topology.site && run ? instant(dueRun(Date.parse(run.scheduledAt), topology, now, false)) : late
  return {
    site,
    day: run?.day ?? null,
    complete: run?.complete === true && overdueSince === null,
    overdueSince,
    stored: null,
  }
}

/** Whether the store is this topology's: one may lie here since the cloud was moved elsewhere. */
async function isStoreOurs(status: CloudStatus | null, topology: Topology): Promise<boolean> {
  if (!status) return false
  return (await originOf(placeOf(topology))) === "simulated" || isCloudHere(topology)
}

const instant = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())
