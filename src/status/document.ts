// What `status --json` prints: what this host knows of its gateway and of its cloud.
import { type CloudStatus, readCloudStatus } from "../cloud/status"
import { type GatewayStatus, readGatewayStatus } from "../gateway/report/status"
import { isThere } from "../storage/database"
import { StorageError } from "../storage/errors"
import type { Topology } from "../topology/topology"
import { dueRun } from "./overdue"

/** Keys stay as they are; others may come. Days are written 2026-11-21, instants as in RFC 3339, sizes in bytes. */
export interface StatusDocument {
  readonly site: string
  /** Its survey files never change: they show how it works. */
  readonly sample: boolean
  /** The exit code says the same: the last run was complete, and none was due since. */
  readonly complete: boolean
  /** When a run was due that did not take place; null when there is none. */
  readonly overdueSince: string | null
  /** Null on a host without a spool. */
  readonly gateway: GatewayStatus | null
  /** Null on a host without a store. */
  readonly cloud: CloudStatus | null
}

/** Throws StorageError where there is neither a spool nor a store. */
export function readStatus(topology: Topology, now: number): StatusDocument {
  const { site, sample, gateway, cloud } = topology
  const status = {
    gateway: isThere(gateway.spool) ? readGatewayStatus(topology, now) : null,
    cloud: isThere(cloud.store) ? readCloudStatus(cloud.store) : null,
  }
  if (!status.gateway && !status.cloud) {
    throw new StorageError(`Neither ${gateway.spool} nor ${cloud.store} is there: nothing was collected here so far`)
  }
  const overdueSince = overdue(status, topology, now)
  // where both are on one host, the gateway's word includes the cloud's
  const runs = status.gateway ? [status.gateway.run] : (status.cloud?.sites ?? []).map(({ run }) => run)
  const complete = overdueSince === null && runs.length > 0 && runs.every((run) => run?.complete === true)
  return { site, sample, complete, overdueSince, ...status }
}

/** The same; undefined where there is neither, or nothing is in them yet. */
export function readIfThere(topology: Topology, now: number): StatusDocument | undefined {
  try {
    return readStatus(topology, now)
  } catch (error) {
    if (isNothingYet(error)) return undefined
    throw error
  }
}

/** Whether it says that nothing was collected here so far. */
export const isNothingYet = (error: unknown): boolean =>
  error instanceof StorageError && error.message.includes("nothing was collected")

/** A run that was due since the last one: a gateway that is down says nothing of itself. */
function overdue(
  { gateway, cloud }: Pick<StatusDocument, "gateway" | "cloud">,
  topology: Topology,
  now: number,
): string | null {
  const run = gateway ? gateway.run : cloud?.sites.find((each) => each.site === topology.site)?.run
  const due = run ? dueRun(Date.parse(run.scheduledAt), topology, now, gateway !== null) : undefined
  return due === undefined ? null : new Date(due).toISOString()
}
