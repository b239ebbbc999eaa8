// The gateway's resources over CoAP: PUT /surveys/<ip>/<day>, PUT /missing/<ip>/<day>, GET /owed/<ip>, and what they are.
import { decodeBlock } from "../../coap/block"
import { Code } from "../../coap/code"
import { decodeText, findOption, OptionNumber, uintOption } from "../../coap/option"
import {
  busy,
  ContentFormat,
  contentFormatOf,
  type Handler,
  type Request,
  type Response,
  readTarget,
  refuseAccept,
  refuseFormat,
  say,
  type Target,
  textOf,
} from "../../coap/resource"
import { quote } from "../../log"
import { shorten } from "../../printable"
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT } from "../../storage/errors"
import { type Day, dayBefore, parseDay } from "../../survey/calendar"
import { isDigest, surveyDigest } from "../../survey/digest"
import { IS_THERE } from "../../survey/protocol"
import { parseAddress } from "../../topology/address"
import type { Device } from "../../topology/devices"
import type { Refusal } from "../quarantine/quarantine"
import type { Absence } from "../spool/notes/absences"
import { ARRIVED, type Collector, type Outcome } from "./collector"
import type { Identified, Senders } from "./senders"
import { readSenml } from "./senml"

interface Destination {
  readonly device: Device
  readonly day: Day
  /** The path names it. */
  readonly isDayGiven: boolean
  readonly digest: string | undefined
  /** More of the day may come. */
  readonly isPart: boolean
}

/** Of which device and day nothing comes. */
interface Missing {
  readonly device: Device
  readonly day: Day
  readonly kind: Absence | typeof PASSED
}

/** Its source has nothing of that day and is past it: of what is here there will be no more. */
const PASSED = "passed"

/** The sender's fingerprint of the text; that more of the day may come; in which zone the times were placed. */
const SURVEY_QUERY = ["digest", "part", "zone"]

const NOT_HERE = say(Code.NotFound, "There are /surveys, /missing and /owed here")

export class Resources {
  constructor(
    private readonly senders: Senders,
    private readonly collector: Collector,
    private readonly timeZone: string,
  ) {}

  /** Answers whole requests. */
  readonly handle: Handler = (request) => {
    const target = readTarget(request)
    if ("code" in target) return target
    switch (target.path[0]) {
      case "surveys":
        return this.#put(request, target)
      case "owed":
        return this.#owed(request, target)
      case "missing":
        return this.#missing(request, target)
      case ".well-known":
        return wellKnown(request, target)
      default:
        return NOT_HERE
    }
  }

  /** Refuses an upload at its first block: nothing is kept for whoever may not send. */
  readonly admit = (request: Request): Response | undefined => {
    const target = readTarget(request)
    if ("code" in target) return target
    const [kind] = target.path
    if (kind !== "surveys" && kind !== "missing") return NOT_HERE
    const destination = kind === "surveys" ? this.#destination(request, target) : this.#missingOf(request, target)
    return "code" in destination ? destination : undefined
  }

  #put(request: Request, target: Target): Response | Promise<Response> {
    const destination = this.#destination(request, target)
    return "code" in destination ? destination : this.#take(request, destination)
  }

  #destination(request: Request, { path, query }: Target): Destination | Response {
    if (request.code !== Code.Put) return say(Code.MethodNotAllowed, "Surveys are PUT")
    if (path.length > 3) return say(Code.NotFound, "A survey is at /surveys/<ip>/<day>")
    // either may be left out
    const [ip, given] = parseDay(path[1] ?? "") ? [undefined, ...path.slice(1)] : path.slice(1)
    if (ip !== undefined && parseAddress(ip) === undefined)
      return say(Code.BadRequest, `${quote(ip)} is not an IPv4 address`)
    const day = given === undefined ? dayBefore(request.arrivedAt, this.timeZone) : parseDay(given)
    const format = refuseFormat(request, ContentFormat.Text, ContentFormat.Senml)
    const identified = this.senders.identify(request, ip)
    if (identified.kind === "stranger") {
      const address = parseAddress(ip ?? request.address)
      const forGood = format !== undefined || day === undefined
      return this.#refuse(request, refusalOf(identified), { kind: "stranger", address, day, forGood })
    }
    // nothing of it is kept: `quarantine --retry` would take a forger's word for a device's
    if (identified.kind === "keyless") return refusalOf(identified)
    const { device } = identified
    const refuse = (refusal: Response, forGood: boolean) =>
      this.#refuse(request, refusal, { kind: "message", address: device.address, day, forGood })
    if (format) return refuse(format, true)
    const accept = refuseAccept(request, ContentFormat.Text)
    if (accept) return refuse(accept, false)
    if (!day) return refuse(say(Code.BadRequest, `A day is written 2026-11-21: it is ${quote(given ?? "")}`), true)
    for (const key of query.keys()) {
      if (SURVEY_QUERY.includes(key)) continue
      // it may be a digest that came to harm, and the survey with it
      return refuse(say(Code.BadRequest, `A survey may have ${SURVEY_QUERY.join(", ")}, not ${quote(key)}`), true)
    }
    const digest = query.get("digest")
    if (digest !== undefined && !isDigest(digest)) {
      return refuse(say(Code.BadRequest, "A digest has 16 hexadecimal digits"), true)
    }
    const outside = this.collector.refuseDay(day)
    if (!outside) {
      const zone = this.collector.zoneOf(day)
      // whoever knows the instants places them anew, and nothing is lost
      if ((query.get("zone") ?? zone) !== zone) return say(Code.Conflict, zone)
      return { device, day, isDayGiven: given !== undefined, digest, isPart: query.has("part") }
    }
    const { reason, retryAfterSeconds } = outside
    if (retryAfterSeconds !== undefined) return busy(reason, retryAfterSeconds)
    return refuse(say(Code.BadRequest, reason), false)
  }

  /** Keeps it in quarantine; its first block, where it is refused at that. */
  #refuse(request: Request, refusal: Response, what: Omit<Refusal, "reason" | "bytes">): Response {
    const { payload: bytes, endpoint: peer, options } = request
    const block = findOption(options, OptionNumber.Block1)
    const isPart = block !== undefined && decodeBlock(block.value)?.more === true
    const forGood = isPart || what.forGood === true
    this.collector.refuseMessage({ ...what, reason: textOf(refusal), bytes, peer, forGood })
    return refusal
  }

  #take(request: Request, destination: Destination): Response | Promise<Response> {
    const { device, day, digest, isPart } = destination
    const { address, ip } = device
    const refuse = (reason: string, forGood: boolean) =>
      this.#refuse(request, say(Code.BadRequest, reason), { kind: "message", address, day, forGood })
    let text: string
    try {
      text = decodeText(request.payload)
    } catch {
      return refuse("A survey is UTF-8 text: this one is not", false)
    }
    if (digest !== undefined && digest !== surveyDigest(ip, day, text)) {
      return refuse("The digest differs: send it again", true)
    }
    if (contentFormatOf(request) === ContentFormat.Senml) return this.#takeSenml(request, text, destination)
    return this.collector.take({ address, day, text, digest, isPart, peer: request.endpoint }).then(answerTo)
  }

  async #takeSenml(request: Request, text: string, { device, isPart, ...asked }: Destination): Promise<Response> {
    const { address } = device
    const { arrivedAt, endpoint: peer } = request
    const { collector } = this
    const refuse = (reason: string) =>
      this.#refuse(request, say(Code.BadRequest, reason), { kind: "message", address, day: asked.day })
    const day = asked.isDayGiven ? asked.day : undefined
    const zoneOf = (each: Day) => collector.zoneOf(each)
    const surveys = readSenml(text, { arrivedAt, day, timeZone: this.timeZone, zoneOf })
    if (typeof surveys === "string") return refuse(surveys)
    for (const each of surveys.keys()) {
      const outside = collector.refuseDay(each)
      if (outside?.retryAfterSeconds !== undefined) return busy(outside.reason, outside.retryAfterSeconds)
      if (outside) return refuse(outside.reason)
    }
    const taken = Array.from(surveys, ([each, lines]) =>
      collector.take({ address, day: each, text: lines, isPart, peer }),
    )
    let answer = CHANGED
    for (const outcome of await Promise.all(taken)) {
      // all of it is to come again: what was taken stays as it is
      if (outcome.kind === "postponed") return answerTo(outcome)
      if (outcome.first) answer = CREATED
    }
    return answer
  }

  /** Why a device's survey does not come, a line: `?kind=stale` where its file cannot hold that day, `passed`. */
  #missing(request: Request, target: Target): Response | Promise<Response> {
    const missing = this.#missingOf(request, target)
    return "code" in missing ? missing : this.#noteMissing(request, missing)
  }

  #missingOf(request: Request, { path, query }: Target): Missing | Response {
    if (request.code !== Code.Put) return say(Code.MethodNotAllowed, "What is missing is PUT")
    const [, ip = "", given = "", ...more] = path
    const day = parseDay(given)
    if (!day || more.length > 0) return say(Code.NotFound, "Why nothing comes is told at /missing/<ip>/<day>")
    const refusal = refuseFormat(request, ContentFormat.Text) ?? refuseAccept(request, ContentFormat.Text)
    if (refusal) return refusal
    const kind = query.get("kind") ?? "missing"
    if (kind !== "missing" && kind !== "stale" && kind !== PASSED)
      return say(Code.BadRequest, "A survey is missing, stale or passed")
    const identified = this.senders.identify(request, ip)
    return identified.kind === "device" ? { device: identified.device, day, kind } : refusalOf(identified)
  }

  async #noteMissing(request: Request, { device, day, kind }: Missing): Promise<Response> {
    const { address } = device
    const reason = shorten(textOf(request).split("\n", 1)[0]?.trim() ?? "", REASON_CHARACTERS)
    const isThere = this.collector.has(day, address)
    const isKept =
      isThere && kind === PASSED
        ? await this.collector.noteWhole(day, address)
        : await this.collector.noteAbsence(day, address, kind === PASSED ? "missing" : kind, reason)
    if (!isKept) return busy(REFUSED_TEXT, REFUSED_RETRY_SECONDS)
    return say(Code.Changed, isThere ? IS_THERE : "")
  }

  /** As many days as the request is long, so that a forged sender gains nothing; `?after=<day>` goes on. */
  #owed(request: Request, { path, query }: Target): Response {
    if (request.code !== Code.Get) return say(Code.MethodNotAllowed, "Owed days are read with GET")
    if (path.length > 2) return say(Code.NotFound, "Owed days are at /owed/<ip>")
    const [, ip] = path
    if (ip !== undefined && parseAddress(ip) === undefined)
      return say(Code.BadRequest, `${quote(ip)} is not an IPv4 address`)
    const identified = this.senders.identify(request, ip)
    if (identified.kind !== "device") return refusalOf(identified)
    const { device } = identified
    const accept = refuseAccept(request, ContentFormat.Text)
    if (accept) return accept
    const after = query.get("after") ?? ""
    const days = device.paused ? [] : this.collector.owed(device.address).filter((day) => day > after)
    // an address, however short, makes room for one day
    const least = ip === undefined ? 0 : 1
    const overhead = OWED_OVERHEAD_BYTES + (findOption(request.options, OptionNumber.Block2) ? BLOCK2_BYTES : 0)
    const room = Math.max(least, Math.floor((request.sizeBytes - overhead) / OWED_DAY_BYTES))
    if (room === 0 && days.length > 0) return say(Code.BadRequest, "Ask /owed/<ip>")
    return say(Code.Content, days.slice(0, room).join("\n"), [
      uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
    ])
  }
}

/** 4.01 to whom a key would help, 4.03 to all others. */
const refusalOf = ({ kind, reason }: Exclude<Identified, { kind: "device" }>): Response =>
  say(kind === "keyless" ? Code.Unauthorized : Code.Forbidden, reason)

/** What there is here, as in RFC 6690; it filters nothing, as §4.1 allows. */
function wellKnown(request: Request, { path }: Target): Response {
  if (path.length !== 2 || path[1] !== "core")
    return say(Code.NotFound, "What there is here is told at /.well-known/core")
  if (request.code !== Code.Get) return say(Code.MethodNotAllowed, "What there is here is read with GET")
  const format = uintOption(OptionNumber.ContentFormat, ContentFormat.Links)
  return refuseAccept(request, ContentFormat.Links) ?? { ...say(Code.Content, LINKS, [format]), mayBeLonger: true }
}

const LINKS = [
  `</surveys>;rt="surveys";ct="${ContentFormat.Text} ${ContentFormat.Senml}";title="PUT /surveys/ADDRESS/DAY takes lines HH:MM - T - H% or SenML"`,
  '</missing>;rt="missing";ct=0;title="PUT /missing/ADDRESS/DAY takes why nothing comes"',
  '</owed>;rt="owed";ct=0;title="GET /owed/ADDRESS tells which days are owed"',
].join(",")

function answerTo(outcome: Outcome): Response {
  if (outcome.kind === "postponed") return busy(outcome.reason, outcome.retryAfterSeconds)
  const { answer, first } = outcome
  if (answer === ARRIVED) return first ? CREATED : CHANGED
  return say(first ? Code.Created : Code.Changed, answer)
}

// nearly all answers, encoded once
const CREATED = say(Code.Created, ARRIVED)
const CHANGED = say(Code.Changed, ARRIVED)

const REASON_CHARACTERS = 200
const OWED_DAY_BYTES = 11 // "2026-11-21\n"
const OWED_OVERHEAD_BYTES = 4 + 8 + 1 + 1 // header, longest token, Content-Format, payload marker
const BLOCK2_BYTES = 1 + 3 // of an answer in blocks
