// The cloud's resources: PUT /sites/<site>, its surveys, its collections (DESIGN.md §5).
import * as v from "valibot"
import { Code } from "../coap/code"
import { decodeText, MessageFormatError } from "../coap/option"
import {
  busy,
  ContentFormat,
  type Handler,
  type Request,
  type Response,
  readTarget,
  refuseFormat,
  say,
} from "../coap/resource"
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT, StorageRefused } from "../storage/errors"
import { clockChange, type Day, parseDay } from "../survey/calendar"
import { readCanonical } from "../survey/canonical"
import { deliveryDigest, isDigest, surveyDigest } from "../survey/digest"
import { parseAddress, parseRanges } from "../topology/address"
import type { SiteInfo, Store } from "./store"

const RECEIVED = "Surveys received"
const [CREATED, CHANGED] = [say(Code.Created, RECEIVED), say(Code.Changed, RECEIVED)] // nearly all answers, encoded once
const QUERY = ["revision", "zone", "digest"] // of a survey

const siteInfo = v.object({
  timeZone: v.pipe(v.string(), v.check(isTimeZone, "an unknown time zone")),
  devices: v.array(v.object({ ip: v.string(), name: v.optional(v.string()) })),
})

const ranges = v.pipe(
  v.array(v.string()),
  v.check((texts) => parseRanges(texts) !== undefined, "not ranges of IPv4 addresses"),
  v.transform((texts) => parseRanges(texts) ?? []),
)

const collection = v.object({
  scheduledAt: v.string(),
  run: v.boolean(),
  arrived: ranges,
  late: ranges,
  missing: ranges,
  changed: ranges,
  surveys: v.number(),
  digest: v.pipe(v.string(), v.check(isDigest, "not 16 hexadecimal digits")),
})

/** A gateway's account of one collection; addresses are ranges, rising. */
export type CollectionReport = v.InferOutput<typeof collection>

export interface ReceiverOptions {
  readonly store: Store
  /** Sites that may deliver. */
  readonly sites: readonly string[]
  /** The cloud agrees with a collection, which now is to be listed. */
  readonly onCollection: (site: string, day: Day, report: CollectionReport) => void
  /** A line of a survey broke a rule: a gateway of ours never sends one. */
  readonly onRefusedLine: (text: string) => void
  readonly onRefused: (error: StorageRefused) => void
}

export class Receiver {
  constructor(private readonly options: ReceiverOptions) {}

  readonly handle: Handler = (request) => {
    try {
      const response = this.#route(request)
      return response instanceof Promise ? response.catch(this.#failed) : response
    } catch (error) {
      return this.#failed(error)
    }
  }

  readonly #failed = (error: unknown): Response => {
    if (error instanceof MessageFormatError) return say(Code.BadRequest, "The body must be UTF-8")
    if (!(error instanceof StorageRefused)) throw error
    this.options.onRefused(error)
    return busy(REFUSED_TEXT, REFUSED_RETRY_SECONDS)
  }

  /** Refuses a transfer at its first block. */
  readonly admit = (request: Request): Response | undefined => {
    const target = readTarget(request)
    if ("code" in target) return target
    return this.#refuseTarget(request, target.path)
  }

  #route(request: Request): Response | Promise<Response> {
    const target = readTarget(request)
    if ("code" in target) return target
    const refusal = this.#refuseTarget(request, target.path)
    if (refusal) return refusal
    const [, site = "", kind, ...rest] = target.path
    if (kind === undefined) return this.#putSite(site, request)
    const info = this.options.store.siteInfo(site)
    if (!info) return say(Code.NotFound, `PUT /sites/${site} comes first`)
    if (kind === "surveys") return this.#putSurvey(site, info, request, rest, target.query)
    return this.#putCollection(site, request, rest)
  }

  #refuseTarget(request: Request, [root, site = "", kind, ...rest]: readonly string[]): Response | undefined {
    const lengths: Record<string, number> = { surveys: 2, collections: 1 }
    const known = root === "sites" && site !== "" && (kind === undefined || lengths[kind] === rest.length)
    if (!known) return say(Code.NotFound, "There are /sites/<site>, its surveys and its collections here")
    if (request.code !== Code.Put) return say(Code.MethodNotAllowed, "Everything here is PUT")
    if (!this.options.sites.includes(site)) return say(Code.Forbidden, `${site} is not a site of this cloud`)
    return refuseFormat(request, kind === "surveys" ? ContentFormat.Text : ContentFormat.Json)
  }

  async #putSite(site: string, request: Request): Promise<Response> {
    const info = parseJson(siteInfo, request.payload)
    if (typeof info === "string") return say(Code.BadRequest, info)
    await this.options.store.putSite(site, info)
    return say(Code.Changed)
  }

  #putSurvey(
    site: string,
    info: SiteInfo,
    { payload }: Request,
    [ip = "", given = ""]: readonly string[],
    query: ReadonlyMap<string, string>,
  ): Response | Promise<Response> {
    const address = parseAddress(ip)
    if (address === undefined) return say(Code.BadRequest, `${ip} is not an IPv4 address`)
    const day = parseDay(given)
    if (!day) return say(Code.BadRequest, `A day is written 2026-11-21: it is ${given}`)
    for (const key of query.keys()) {
      // it may be one of them that came to harm, and the survey with it
      if (!QUERY.includes(key)) return say(Code.BadRequest, `A survey may have ${QUERY.join(", ")}, not ${key}`)
    }
    const revision = readRevision(query.get("revision"))
    if (Number.isNaN(revision)) return say(Code.BadRequest, "A revision is a whole number")
    // a day may have been measured before the site's zone changed
    const zone = query.get("zone")
    if (zone !== undefined && !isTimeZone(zone)) return say(Code.BadRequest, "The time zone is unknown")
    const text = decodeText(payload)
    const digest = surveyDigest(`${site}/${ip}`, day, text)
    const covered = revision === undefined ? digest : deliveryDigest(digest, revision, zone)
    if ((query.get("digest") ?? covered) !== covered) {
      // not 4.00, which counts as refused for good when it is repeated: damage may be repeated, and says nothing of the survey
      return say(Code.RequestEntityIncomplete, "The digest differs: send it again")
    }

    const { body, refused, refusedCount } = readCanonical(text, clockChange(day, zone ?? info.timeZone))
    for (const { line, rule } of refused) this.options.onRefusedLine(`${site} ${ip} ${day}, line ${line}: ${rule}`)
    const survey = { day, address, digest, body, ...(revision !== undefined && { revision }) }
    return this.options.store.putSurvey(site, survey).then((outcome) => {
      if (refusedCount === 0) return outcome === "new" ? CREATED : CHANGED
      const lines = refusedCount === 1 ? "1 line" : `${refusedCount} lines`
      return say(outcome === "new" ? Code.Created : Code.Changed, `${RECEIVED}, ${lines} refused`)
    })
  }

  async #putCollection(site: string, request: Request, [given = ""]: readonly string[]): Promise<Response> {
    const { store, onCollection } = this.options
    const day = parseDay(given)
    if (!day) return say(Code.BadRequest, `A day is written 2026-11-21: it is ${given}`)
    const report = parseJson(collection, request.payload)
    if (typeof report === "string") return say(Code.BadRequest, report)
    const toList = report.run || report.changed.length > 0
    const { surveys, digest } = await store.closeCollection(site, day, {
      claimed: report,
      addresses: [...report.arrived, ...report.late],
      summary: decodeText(request.payload),
      toList,
    })
    if (surveys !== report.surveys || digest !== report.digest) {
      return say(Code.Conflict, `The store has ${surveys} surveys of ${day} and digest ${digest}`)
    }
    if (toList) onCollection(site, day, report)
    return say(Code.Changed, RECEIVED)
  }
}

function parseJson<Schema extends v.GenericSchema>(
  schema: Schema,
  payload: Uint8Array,
): v.InferOutput<Schema> | string {
  let value: unknown
  try {
    value = JSON.parse(decodeText(payload))
  } catch {
    return "The body must be JSON"
  }
  const result = v.safeParse(schema, value)
  return result.success ? result.output : `${v.getDotPath(result.issues[0]) ?? "body"}: ${result.issues[0].message}`
}

function readRevision(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}

function isTimeZone(name: string): boolean {
  try {
    Temporal.Now.zonedDateTimeISO(name)
    return true
  } catch {
    return false
  }
}
