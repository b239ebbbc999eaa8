// The cloud's resources: PUT /sites/<site>, its surveys, its collections, and DELETE of surveys that a person dropped.
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
  refuseAccept,
  refuseFormat,
  say,
  type Target,
} from "../coap/resource"
import { quote } from "../log"
import { refusalOf, StorageRefused } from "../storage/errors"
import { addDays, clockChange, type Day, dayOf, isTimeZone, parseDay } from "../survey/calendar"
import { readCanonical } from "../survey/canonical"
import { deliveryDigest, surveyDigest } from "../survey/digest"
import { PROTOCOL, protocolProblem } from "../survey/protocol"
import { type AddressRange, formatRange, parseRange, parseRanges } from "../topology/address"
import { covers, joinRanges, overlapping } from "../topology/ranges"
import { isSiteName } from "../topology/topology"
import type { CloudEvent } from "./events"
import type { Gateways } from "./gateways"
import { fit, parseJson } from "./json"
import { type CollectionReport, collectionReport, formatReport, watchedOf } from "./report"
import type { Kept, SiteInfo, Store } from "./store/contract"

const RECEIVED = "Surveys received"
const [CREATED, CHANGED] = [say(Code.Created, RECEIVED), say(Code.Changed, RECEIVED)] // nearly all answers, encoded once
const QUERY = ["revision", "zone", "digest"] // of a survey
const FIRST_DAY: Day = "2000-01-01"
const DAYS_AHEAD = 2 // of our clock: one of the two may be wrong
const COMES_LATER_SECONDS = 86_400 // of a day that is further ahead
const SURVEY_BYTES = 4 * 1024 * 1024 // a reading a second is half of it

/** The part of a description whose form never changes: every version can read it. */
const greeting = v.looseObject({ protocol: v.optional(v.number()) })

const described = v.object({
  ip: v.pipe(
    v.string(),
    v.check((text) => parseRange(text) !== undefined, "not an IPv4 address or a range of them"),
  ),
  name: v.optional(v.pipe(v.string(), v.transform(quote))),
})

const description = v.object({
  spool: v.optional(v.pipe(v.string(), v.maxLength(64)), ""),
  timeZone: v.pipe(v.string(), v.check(isTimeZone, "an unknown time zone")),
  devices: v.pipe(
    v.array(described),
    v.rawCheck(({ dataset, addIssue }) => {
      const pair = dataset.typed ? overlapping(dataset.value.flatMap(({ ip }) => parseRange(ip) ?? [])) : undefined
      if (pair) addIssue({ message: `${pair.map(formatRange).join(" and ")} overlap` })
    }),
  ),
})

export interface ReceiverOptions {
  readonly store: Store
  readonly gateways: Pick<Gateways, "serves" | "maySpeakFor">
  readonly now: () => number
  readonly emit: (event: CloudEvent) => void
  /** Told before a day is closed; what it returns is called when that has been emitted, or did not come about. */
  readonly holdDay?: (site: string, day: Day) => () => void
}

/** A site that has described itself. */
interface KnownSite {
  readonly info: SiteInfo
  /** Not every runtime knows each zone that another one did. */
  readonly isZoneKnown: boolean
  /** Its devices' addresses, rising and apart. */
  readonly ranges: readonly AddressRange[]
}

export class Receiver {
  readonly #sites = new Map<string, KnownSite>()
  /** The latest day that is taken in this second. */
  #latest = { second: Number.NaN, day: FIRST_DAY }

  constructor(private readonly options: ReceiverOptions) {}

  readonly handle: Handler = (request) => {
    try {
      const target = this.#target(request)
      const response = "code" in target ? target : this.#route(request, target)
      return response instanceof Promise ? response.catch(this.#failed) : response
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** Refuses a transfer at its first block. */
  readonly admit = (request: Request): Response | undefined => {
    const target = this.#target(request)
    return "code" in target ? target : undefined
  }

  readonly #failed = (error: unknown): Response => {
    if (error instanceof MessageFormatError) return say(Code.BadRequest, "The body must be UTF-8")
    if (!(error instanceof StorageRefused)) throw error
    this.options.emit({ kind: "deliveries-refused", error })
    const { text, retrySeconds } = refusalOf(error)
    return busy(text, retrySeconds)
  }

  /** Whose survey or collection is addressed; a Response refuses the request without its body being read. */
  #target(request: Request): Target | Response {
    const { gateways, emit } = this.options
    const target = readTarget(request)
    if ("code" in target) return target
    const [root, site = "", kind, ...rest] = target.path
    const lengths: Record<string, number> = { surveys: 2, collections: 1 }
    const isKnown = root === "sites" && site !== "" && (kind === undefined || lengths[kind] === rest.length)
    if (!isKnown) return say(Code.NotFound, "There are /sites/<site>, its surveys and its collections here")
    const isDrop = request.code === Code.Delete && kind === "surveys"
    if (request.code !== Code.Put && !isDrop) {
      return say(Code.MethodNotAllowed, "Everything here is PUT, and surveys may be DELETEd")
    }
    const { address, identity } = request
    const served = gateways.serves(site)
    if (!served || !gateways.maySpeakFor(address, site, identity)) {
      const text = served ? wrongGateway(site, request) : unknownSite(site, request)
      emit({ kind: "refused", text, sender: identity ?? address, isStranger: true })
      const who = identity === undefined ? address : "Your key"
      const why = served ? `${who} may not speak for ${site}` : `${quote(site)} is not a site of this cloud`
      return say(Code.Forbidden, why)
    }
    const format = kind === "surveys" ? ContentFormat.Text : ContentFormat.Json
    const refusal = isDrop ? undefined : refuseFormat(request, format)
    return refusal ?? refuseAccept(request, ContentFormat.Text) ?? target
  }

  #route(request: Request, target: Target): Response | Promise<Response> {
    const [, site = "", kind] = target.path
    if (kind === undefined) return this.#describeSite(site, request)
    const known = this.#sites.get(site)
    if (known) return this.#routeKnown(request, site, known, target)
    return this.options.store.site(site).then((info) => {
      if (!info) return say(Code.NotFound, `PUT /sites/${site} comes first`)
      return this.#routeKnown(request, site, this.#learn(site, info), target)
    })
  }

  #routeKnown(request: Request, site: string, known: KnownSite, target: Target): Response | Promise<Response> {
    const [, , kind, ...rest] = target.path
    if (kind === "collections") return this.#putCollection(site, request, rest)
    if (request.code === Code.Delete) return this.#drop(site, rest, target.query)
    return this.#putSurvey(site, known, request, rest, target.query)
  }

  #learn(site: string, info: SiteInfo): KnownSite {
    const ranges = joinRanges(parseRanges(info.devices.map(({ ip }) => ip)) ?? [])
    const known = { info, isZoneKnown: isTimeZone(info.timeZone), ranges }
    this.#sites.set(site, known)
    return known
  }

  async #describeSite(site: string, request: Request): Promise<Response> {
    const greeted = parseJson(greeting, request.payload)
    if ("problem" in greeted) return say(Code.BadRequest, greeted.problem)
    const { protocol } = greeted.value
    if (protocol !== PROTOCOL) return say(Code.BadRequest, protocolProblem(protocol))
    const fitted = fit(description, greeted.value)
    if ("problem" in fitted) return say(Code.BadRequest, fitted.problem)
    const { spool, timeZone, devices } = fitted.value
    const { alternates } = await this.options.store.describeSite(site, { timeZone, devices, spool })
    this.#learn(site, { timeZone, devices })
    if (alternates) this.options.emit({ kind: "spools-alternate", site })
    return say(Code.Changed)
  }

  #putSurvey(
    site: string,
    { info, isZoneKnown, ranges }: KnownSite,
    { payload, address: sender }: Request,
    [ip = "", given = ""]: readonly string[],
    query: ReadonlyMap<string, string>,
  ): Response | Promise<Response> {
    const range = parseRange(ip)
    if (!range || range.first !== range.last) return say(Code.BadRequest, `${quote(ip)} is not an IPv4 address`)
    const day = parseDay(given)
    if (!day) return say(Code.BadRequest, `A day is written 2026-11-21: it is ${quote(given)}`)
    for (const key of query.keys()) {
      // it may be one of them that came to harm, and the survey with it
      if (!QUERY.includes(key)) return say(Code.BadRequest, `A survey may have ${QUERY.join(", ")}, not ${quote(key)}`)
    }
    const revision = readRevision(query.get("revision"))
    if (Number.isNaN(revision)) return say(Code.BadRequest, "A revision is a whole number")
    // a day may have been measured before the site's zone changed
    const zone = query.get("zone") ?? info.timeZone
    if (!(isZoneKnown && zone === info.timeZone) && !isTimeZone(zone))
      return say(Code.BadRequest, "The time zone is unknown")
    if (payload.length > SURVEY_BYTES) {
      return say(Code.RequestEntityTooLarge, `A survey of one day has at most ${SURVEY_BYTES} bytes`)
    }
    const text = decodeText(payload)
    const digest = surveyDigest(ip, day, text)
    const covered = revision === undefined ? digest : deliveryDigest(digest, { site, revision, zone })
    if ((query.get("digest") ?? covered) !== covered) {
      // not 4.00, which counts as refused for good when it is repeated: damage may be repeated, and says nothing of the survey
      return say(Code.RequestEntityIncomplete, "The digest differs: send it again")
    }
    const refusal = this.#refuseDay(day)
    if (refusal) return refusal
    if (!covers(ranges, range.first)) return say(Code.Forbidden, `${ip} is not a device of ${site}`)

    const { body, refused } = readCanonical(text, clockChange(day, zone), { stopAtRefusal: true })
    const [broken] = refused
    // stored as it came or not at all: what is agreed upon is the text
    if (broken) {
      const reason = `line ${broken.line}: ${broken.rule}`
      this.options.emit({ kind: "refused", text: `${site} ${ip} ${day}, ${reason}`, sender, isStranger: false })
      return say(Code.BadRequest, reason)
    }
    const delivery = { day, address: range.first, revision, digest, zone, body }
    return this.options.store.deliver(site, delivery).then((kept) => this.#answer(kept, site, ip, day, sender))
  }

  #answer({ outcome, superseded }: Kept, site: string, ip: string, day: Day, sender: string): Response {
    if (outcome === "dropped") return say(Code.Conflict, `${day} of ${ip} was dropped here`)
    if (superseded > 0) this.options.emit({ kind: "superseded", site, ip, day, values: superseded, sender })
    return outcome === "new" ? CREATED : CHANGED
  }

  /** Days before the first that can be, and those that our clock does not know yet. */
  #refuseDay(day: Day): Response | undefined {
    if (day < FIRST_DAY) return say(Code.BadRequest, `A day is ${FIRST_DAY} or later: it is ${day}`)
    const second = Math.floor(this.options.now() / 1000)
    if (second !== this.#latest.second) {
      // no zone is further than a day from UTC
      this.#latest = { second, day: addDays(dayOf(second * 1000, "UTC"), DAYS_AHEAD) }
    }
    if (day <= this.#latest.day) return undefined
    return busy(`${day} is more than ${DAYS_AHEAD} days ahead of the cloud's clock`, COMES_LATER_SECONDS)
  }

  async #drop(
    site: string,
    [who = "", given = ""]: readonly string[],
    query: ReadonlyMap<string, string>,
  ): Promise<Response> {
    const addresses = parseRange(who)
    if (!addresses) return say(Code.BadRequest, `${quote(who)} is neither an IPv4 address nor a range of them`)
    const day = parseDay(given)
    if (!day) return say(Code.BadRequest, `A day is written 2026-11-21: it is ${quote(given)}`)
    const sparesNewer = query.has("upTo") // it was told before, to a store that may have been another one
    const revision = readRevision(query.get(sparesNewer ? "upTo" : "revision"))
    if (revision === undefined || Number.isNaN(revision)) return say(Code.BadRequest, "A revision is a whole number")
    const upTo = await this.options.store.drop(site, { day, addresses, revision, sparesNewer })
    if (!sparesNewer) this.options.emit({ kind: "dropped", site, day, devices: addresses })
    return say(Code.Deleted, String(upTo))
  }

  async #putCollection(site: string, request: Request, [given = ""]: readonly string[]): Promise<Response> {
    const day = parseDay(given)
    if (!day) return say(Code.BadRequest, `A day is written 2026-11-21: it is ${quote(given)}`)
    const parsed = parseJson(collectionReport, request.payload)
    if ("problem" in parsed) return say(Code.BadRequest, parsed.problem)
    const refusal = this.#refuseDay(day) ?? this.#refuseDay(dayOf(Date.parse(parsed.value.scheduledAt), "UTC"))
    if (refusal) return refusal
    const release = this.options.holdDay?.(site, day)
    try {
      return await this.#close(site, day, parsed.value)
    } finally {
      release?.()
    }
  }

  async #close(site: string, day: Day, report: CollectionReport): Promise<Response> {
    const { store, emit } = this.options
    const isNews = report.run || report.changed.length > 0
    const { agrees, toList } = await store.closeCollection(site, day, {
      claimed: { surveys: report.surveys, digest: report.digest },
      addresses: joinRanges([...report.arrived, ...report.late]),
      report: formatReport(report),
      toList: isNews,
      watched: isNews ? watchedOf(report) : undefined,
    })
    // what it has instead is nobody's to know
    if (!agrees) return say(Code.Conflict, `The store differs on ${day}`)
    if (isNews) emit({ kind: "collection-closed", site, day, report, toList })
    return say(Code.Changed, RECEIVED)
  }
}

function wrongGateway(site: string, { address, identity }: Request): string {
  if (identity === undefined)
    return `${address} may not speak for ${site}: only its gateway may, from where gateway.interfaces.cloud or cloud.sites says`
  return `${address} may not speak for ${site}: its key ${identity} is another site's`
}

/** A second gateway's owner looks for it in this log. */
function unknownSite(site: string, { address, identity }: Request): string {
  const refused = `${address} delivers for ${quote(site)}, which is not a site of this cloud`
  if (!isSiteName(site)) return refused
  const known = identity === undefined ? `from: ${address}/32` : `fingerprint: ${identity}`
  return `${refused}. If it is one of yours, cloud.sites has to name it too:  { site: ${site}, ${known} }`
}

function readRevision(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}
