// Whether all is well, for monitors: by the status code, with a line for people.
import { openTables, placeOf } from "../cloud/store/open"
import { SPOOL } from "../gateway/spool/schema"
import { printable } from "../printable"
import { isNothingYet, type StatusDocument } from "../status/document"
import { asksStore } from "../status/hosts"
import { isThere, openForReading } from "../storage/database"
import { StorageError } from "../storage/errors"
import type { Topology } from "../topology/topology"
import type { Views } from "./views"

const OK = 200
const UNAVAILABLE = 503

/** 200 while what is stored can be read. */
export const healthOf = ({ topology }: Views): Promise<Response> =>
  answer(async () => {
    const { gateway } = topology
    const opened = [
      isThere(gateway.spool) && (await isBegun(() => lookInto(gateway.spool))),
      asksStore(topology) && (await isBegun(() => lookIntoStore(topology))),
    ]
    return [OK, opened.includes(true) ? "ok" : "ok, nothing is collected yet"]
  })

async function lookInto(spool: string): Promise<void> {
  openForReading(spool, SPOOL).close()
}

async function lookIntoStore(topology: Topology): Promise<void> {
  const tables = await openTables(placeOf(topology))
  await tables[Symbol.asyncDispose]()
}

/** Whether anything is in it. Rejects with StorageError where it cannot be read. */
async function isBegun(look: () => Promise<void>): Promise<boolean> {
  try {
    await look()
    return true
  } catch (error) {
    if (isNothingYet(error)) return false
    throw error
  }
}

/** 200 where `bun run status` would end with 0: the last run was complete, and none is overdue. */
export const lastRunOf = (views: Views): Promise<Response> =>
  answer(async () => {
    const { status } = await views.status()
    if (!status) return [UNAVAILABLE, "no run so far"]
    return [status.complete ? OK : UNAVAILABLE, describe(status)]
  })

/** "greenhouse 2026-11-22 complete; farm-b no run so far" */
function describe({ sites }: StatusDocument): string {
  const runs = sites.map(({ site, day, complete, overdueSince }) => {
    if (overdueSince !== null) return `${site} no run since ${day}, one was due ${overdueSince}`
    return day ? `${site} ${day} ${complete ? "complete" : "not complete"}` : `${site} no run so far`
  })
  return runs.join("; ") || "no run so far"
}

type Answer = readonly [status: number, line: string]

async function answer(look: () => Answer | Promise<Answer>): Promise<Response> {
  try {
    const [status, line] = await look()
    return new Response(`${line}\n`, { status })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return new Response(`${printable(error.message)}\n`, { status: UNAVAILABLE })
  }
}
