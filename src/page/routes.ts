// Which answer belongs to which path.
import type { Server } from "bun"
import { systemClock } from "../clock"
import { printable } from "../printable"
import { StorageError } from "../storage/errors"
import { apiOf } from "./api/api"
import { metricsOf } from "./api/metrics"
import { assetOf, compressed } from "./assets"
import { changesOf } from "./changes"
import { answerDevice, type DeviceAnswer } from "./device/device"
import { healthOf, lastRunOf } from "./health"
import { CONTENT_SECURITY_POLICY, documentOf, type Shown } from "./markup/layout"
import { fleetOf } from "./overview/fleet"
import { overviewOf } from "./overview/overview"
import { readSearch } from "./overview/search"
import { sitesOf } from "./overview/sites"
import type { Views } from "./views"

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
}

export async function answer(
  request: Request,
  views: Views,
  server: Pick<Server<undefined>, "timeout">,
): Promise<Response> {
  const found = await route(new URL(request.url), request, views, server).catch(unavailable)
  const response = found ?? new Response("Nothing here\n", { status: 404 })
  for (const [name, value] of Object.entries(HEADERS))
    if (!response.headers.has(name)) response.headers.set(name, value)
  return response
}

async function route(
  url: URL,
  request: Request,
  views: Views,
  server: Pick<Server<undefined>, "timeout">,
): Promise<Response | undefined> {
  const path = url.pathname
  if (path.startsWith("/assets/")) return assetOf(path.slice("/assets/".length), request)
  views.assertThere()
  if (path.startsWith("/devices/")) return device(await answerDevice(url, views), request, views)
  if (path.startsWith("/api/")) return apiOf(path.slice("/api/".length), request, views)
  switch (path) {
    case "/":
      return page(request, views, overviewOf(await views.glimpse(), views.topology, systemClock.now()))
    case "/devices":
      return page(request, views, fleetOf(views.topology, readSearch(url.searchParams)))
    case "/sites": {
      const search = readSearch(url.searchParams)
      return page(request, views, sitesOf(await views.glimpse(), views.topology, search, systemClock.now()))
    }
    case "/changes":
      server.timeout(request, 0)
      return changesOf(views, request.signal)
    case "/metrics":
      return metricsOf(views)
    case "/health":
      return healthOf(views)
    case "/health/last-run":
      return lastRunOf(views)
  }
  return undefined
}

/** A file that cannot be read now is no fault of ours. */
function unavailable(error: unknown): Response {
  if (error instanceof StorageError) return new Response(`${printable(error.message)}\n`, { status: 503 })
  throw error
}

function device(answer: DeviceAnswer, request: Request, views: Views): Response {
  if (answer.kind === "page") return page(request, views, answer.shown, answer.status)
  return compressed(request, JSON.stringify(answer.series), { "Content-Type": "application/json" })
}

function page(request: Request, views: Views, shown: Shown, status = 200): Response {
  const text = documentOf(shown, { site: views.topology.site, version: views.version })
  return compressed(request, text, { "Content-Type": "text/html; charset=utf-8" }, status)
}
