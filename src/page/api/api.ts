// `/api/…`: what programmes ask for, in the words of the command line.
import { UnknownNameError, UsageError } from "../../asked"
import { DAYS, READINGS } from "../../cloud/export/tables"
import { isStoreThere } from "../../cloud/store/open"
import { printable } from "../../printable"
import { StorageError } from "../../storage/errors"
import type { Views } from "../views"
import { devicesOf } from "./devices"
import { surveysOf } from "./surveys"

/** @param path behind /api/. Undefined where there is nothing. */
export async function apiOf(path: string, request: Request, views: Views): Promise<Response | undefined> {
  try {
    return await answerOf(path, request, views)
  } catch (error) {
    if (error instanceof UnknownNameError) return line(404, error.message)
    if (error instanceof UsageError) return line(400, error.message)
    if (error instanceof StorageError) return line(503, error.message)
    throw error
  }
}

function answerOf(path: string, request: Request, views: Views): Response | Promise<Response> | undefined {
  if (path === "status") return statusOf(views)
  const [, name, extension] = /^(readings|days|devices)(?:\.([\w-]+))?$/.exec(path) ?? []
  if (!name) return undefined
  const { cloud } = views.topology
  if (!isStoreThere(cloud)) return line(404, `Nothing is stored on this host: ${cloud.store} is not there`)
  if (name === "readings") return surveysOf([name, READINGS], extension, request, views)
  if (name === "days") return surveysOf([name, DAYS], extension, request, views)
  return devicesOf(extension, request, views)
}

/** The document of `status --json`; null before anything was collected here. */
async function statusOf(views: Views): Promise<Response> {
  const { status } = await views.status()
  const text = `${JSON.stringify(status ?? null, null, 2)}\n`
  return new Response(text, { headers: { "Content-Type": "application/json" } })
}

const line = (status: number, message: string): Response => new Response(`${printable(message)}\n`, { status })
