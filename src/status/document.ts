// What `status --json` prints: what this host knows of its gateway and of its cloud.
import { type CloudStatus, readCloudStatus } from "../cloud/status"
import { placeOf } from "../cloud/store/open"
import { type GatewayStatus, readGatewayStatus } from "../gateway/report/status"
import { isThere } from "../storage/database"
import { StorageError } from "../storage/errors"
import type { Topology } from "../topology/topology"
import { asksStore } from "./hosts"
import { type SiteVerdict, verdictsOf } from "./verdicts"

/** Keys stay as they are; others may come. Days are written 2026-11-21, instants as in RFC 3339, sizes in bytes. */
export interface StatusDocument {
  readonly site: string
  /** Its survey files never change: they show how it works. */
  readonly sample: boolean
  /** The exit code says the same: of each site the last run was complete, and none was due since. */
  readonly complete: boolean
  /** When a run of this site was due that did not take place; null when there is none. */
  readonly overdueSince: string | null
  /** Of each site how its last run went, this one first. */
  readonly sites: readonly SiteVerdict[]
  /** Null on a host without a spool. */
  readonly gateway: GatewayStatus | null
  /** Null on a host without a store. */
  readonly cloud: CloudStatus | null
}

/** Rejects with StorageError where there is neither a spool nor a store. */
export async function readStatus(topology: Topology, now: number): Promise<StatusDocument> {
  const { site, sample, gateway, cloud } = topology
  const status = {
    gateway: isThere(gateway.spool) ? readGatewayStatus(topology, now) : null,
    cloud: asksStore(topology) ? await readCloudStatus(placeOf(topology)) : null,
  }
  if (!status.gateway && !status.cloud) {
    throw new StorageError(`Neither ${gateway.spool} nor ${cloud.store} is there: nothing was collected here so far`)
  }
  const sites = await verdictsOf(status, topology, now)
  return { site, sample, ...summaryOf(sites, site), sites, ...status }
}

/** What is said of all these sites, and of this one. */
export function summaryOf(
  sites: readonly SiteVerdict[],
  own: string,
): Pick<StatusDocument, "complete" | "overdueSince"> {
  const overdueSince = sites.find(({ site }) => site === own)?.overdueSince ?? null
  return { complete: sites.length > 0 && sites.every(({ complete }) => complete), overdueSince }
}

/** The same; undefined where there is neither, or nothing is in them yet. */
export async function readIfThere(topology: Topology, now: number): Promise<StatusDocument | undefined> {
  try {
    return await readStatus(topology, now)
  } catch (error) {
    if (isNothingYet(error)) return undefined
    throw error
  }
}

/** Whether it says that nothing was collected here so far. */
export const isNothingYet = (error: unknown): boolean =>
  error instanceof StorageError && error.message.includes("nothing was collected")
