// Whether all is well, for monitors: by the status code, with a line for people.
import { printable } from "../printable"
import type { StatusDocument } from "../status/document"
import { StorageError } from "../storage/errors"
import type { Views } from "./views"

const OK = 200
const UNAVAILABLE = 503

/** 200 while what is stored can be read. */
export const healthOf = (views: Views): Response =>
  answer(() => [OK, views.status().status ? "ok" : "ok, nothing is collected yet"])

/** 200 where `bun run status` would end with 0: the last run was complete, and none is overdue. */
export const lastRunOf = (views: Views): Response =>
  answer(() => {
    const { status, topology } = views.status()
    if (!status) return [UNAVAILABLE, "no run so far"]
    return [status.complete ? OK : UNAVAILABLE, describe(status, topology.site)]
  })

/** "greenhouse 2026-11-22 complete; farm-b no run so far" */
function describe({ gateway, cloud, overdueSince }: StatusDocument, site: string): string {
  const sites = gateway ? [{ site, run: gateway.run }] : (cloud?.sites ?? [])
  const runs = sites.map(({ site, run }) => {
    return run ? `${site} ${run.day} ${run.complete ? "complete" : "not complete"}` : `${site} no run so far`
  })
  if (overdueSince !== null) runs.push(`no run since, one was due ${overdueSince}`)
  return runs.join("; ") || "no run so far"
}

function answer(look: () => readonly [status: number, line: string]): Response {
  try {
    const [status, line] = look()
    return new Response(`${line}\n`, { status })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return new Response(`${printable(error.message)}\n`, { status: UNAVAILABLE })
  }
}
