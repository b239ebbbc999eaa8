// One device's conversation with the gateway: uploads that do not give up, what is owed, and why something does not come.
import { backoff, type Clock, pause, type Random } from "../clock"
import { LARGEST_BLOCK_BYTES, sendBlockwise } from "../coap/block"
import { asksForLater, Code, codeClass, isAcknowledgement, isSuccess } from "../coap/code"
import { NO_BYTES, type Option, OptionNumber, textOption, uintOf, uintOption } from "../coap/option"
import { UnprovenAnswer } from "../coap/oscore/client"
import { ContentFormat, reasonOf, textOf } from "../coap/resource"
import { type Endpoint, ExchangeReset, ExchangeTimeout, type Outgoing, type Reply } from "../coap/udp/exchange"
import { INVOCATION } from "../installation"
import type { Peer } from "../net/udp"
import { printable, shorten } from "../printable"
import { type Day, parseDay } from "../survey/calendar"
import { surveyDigest } from "../survey/digest"
import { IS_THERE } from "../survey/protocol"
import type { MissingKind } from "./source/missing"

export interface UploaderOptions {
  /** What protects what it says, where the device has a key. */
  readonly endpoint: Pick<Endpoint, "request">
  readonly gateway: Peer
  /** The declared address. */
  readonly ip: string
  /** What it says is protected: a message has 50 bytes more to carry, and is to stay below 1,152 (RFC 7252 §4.6). */
  readonly isProtected?: boolean
  readonly clock: Clock
  readonly random: Random
  /** The gateway asks to come again; with its reason. */
  readonly onPostponed?: (reason: string, waitMs: number) => void
}

/** The gateway said that this survey will never do; its message is for a person. */
export class UploadRefused extends Error {
  override name = "UploadRefused"
}

/** The gateway measures the day in this zone: times that were placed in another one are to be placed anew. */
export class OtherZone extends Error {
  override name = "OtherZone"

  constructor(readonly zone: string) {
    super(`the gateway measures this day in ${zone}`)
  }
}

/** Of a survey whose source says of other days, too. */
export interface Provenance {
  /** In which its times were placed: they are certain, whatever zone the day is measured in. */
  readonly zone?: string | undefined
  /** More of its day may come. */
  readonly isPart?: boolean | undefined
}

const RESTART_PAUSE_MS = 1000
const RETRIES = { firstMs: 1000, growth: 2, longestMs: 60_000 } // however little the gateway asks for
const BAD_REQUESTS = 3 // answers 4.00 to one survey before it is believed
const MAX_PAUSE_SECONDS = 3600 // whatever Max-Age says: the disk may be well again long before
const REASON_CHARACTERS = 200 // of why nothing comes
const LARGEST_PROTECTED_BYTES = 960 // of a body in one message, where blocks are of 512
const DEFAULT_MAX_AGE_SECONDS = 60 // RFC 7252 §5.10.5

export class Uploader {
  #nextRequestTag: number

  constructor(private readonly options: UploaderOptions) {
    this.#nextRequestTag = Math.floor(options.random() * 0x1_0000)
  }

  /**
   * Sends a survey until the gateway has it; resolves with the gateway's line of text.
   * @throws UploadRefused, OtherZone, or the signal's reason when it aborts first
   */
  async upload(day: Day, body: Uint8Array, signal: AbortSignal, provenance: Provenance = {}): Promise<string> {
    const { clock, random, onPostponed } = this.options
    const nextPauseMs = backoff(RETRIES, random)
    for (let badRequests = 0; ; ) {
      const reply = await this.#put(day, body, signal, provenance)
      if (isAcknowledgement(reply.code)) return textOf(reply)
      if (reply.code === Code.Conflict && provenance.zone !== undefined) throw new OtherZone(textOf(reply))
      if (reply.code === Code.BadRequest) badRequests++
      const askedMs = retryAfterMs(reply, badRequests)
      if (askedMs === undefined) throw new UploadRefused(`the gateway does not take it: ${reasonOf(reply)}`)
      // spread out: what one device was told, a thousand others were told too
      const waitMs = Math.max(nextPauseMs(), askedMs * (1 + random() / 2))
      onPostponed?.(postponement(reply), waitMs)
      await pause(clock, waitMs, signal)
      signal.throwIfAborted()
    }
  }

  /** All days that this device owes, oldest first; the gateway tells a few at a time. */
  async owed(signal: AbortSignal): Promise<Day[]> {
    const days: Day[] = []
    for (;;) {
      const after = days.at(-1)
      const query = after ? [textOption(OptionNumber.UriQuery, `after=${after}`)] : []
      const options = [...pathOptions("owed", this.options.ip), ...query]
      const reply = await this.#ask({ code: Code.Get, options, payload: NO_BYTES }, signal)
      if (reply.code !== Code.Content) return days
      const told = textOf(reply)
        .split("\n")
        .flatMap((line) => parseDay(line) ?? [])
      const more = told.filter((day) => after === undefined || day > after)
      if (more.length === 0) return days
      days.push(...more)
    }
  }

  /**
   * Tells the gateway why a day's survey does not come: once, with the patience of one exchange.
   * @returns whether it heard, which any answer says but one that asks for another try later; `there`: it has a survey
   * @throws the signal's reason when it aborts first
   */
  async missing(day: Day, reason: string, kind: MissingKind, signal: AbortSignal): Promise<boolean | "there"> {
    const { endpoint, gateway, ip } = this.options
    const request = {
      code: Code.Put,
      options: [
        ...pathOptions("missing", ip, day),
        uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
        ...(kind !== "missing" ? [textOption(OptionNumber.UriQuery, `kind=${kind}`)] : []),
      ],
      payload: new TextEncoder().encode(shorten(printable(reason), REASON_CHARACTERS)),
    }
    try {
      const reply = await endpoint.request(gateway, request, signal)
      return isAcknowledgement(reply.code) && textOf(reply) === IS_THERE ? "there" : !asksForLater(reply.code)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      const isUnheard = [ExchangeTimeout, ExchangeReset, UnprovenAnswer].some((kind) => error instanceof kind)
      if (isUnheard) return false
      throw error
    }
  }

  #put(day: Day, body: Uint8Array, signal: AbortSignal, { zone, isPart = false }: Provenance): Promise<Reply> {
    const { ip, isProtected = false } = this.options
    const wholeBytes = isProtected ? LARGEST_PROTECTED_BYTES : LARGEST_BLOCK_BYTES
    // a new tag for every transfer: blocks of an abandoned one must not get into the next (RFC 9175 §3)
    const requestTag = this.#nextRequestTag
    this.#nextRequestTag = (requestTag + 1) & 0xffff
    const options = [
      ...pathOptions("surveys", ip, day),
      uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
      textOption(OptionNumber.UriQuery, `digest=${surveyDigest(ip, day, body)}`),
      ...(isPart ? [textOption(OptionNumber.UriQuery, "part")] : []),
      ...(zone === undefined ? [] : [textOption(OptionNumber.UriQuery, `zone=${zone}`)]),
      ...(body.length > wholeBytes ? [uintOption(OptionNumber.RequestTag, requestTag)] : []),
    ]
    return sendBlockwise(
      (request) => this.#ask(request, signal),
      { code: Code.Put, options, payload: body },
      { wholeBytes, blockBytes: wholeBytes },
    )
  }

  /** One exchange; when it times out the same request goes again under a new message id, until the signal aborts. */
  async #ask(request: Outgoing, signal: AbortSignal): Promise<Reply> {
    const { endpoint, gateway, ip, clock, random, onPostponed } = this.options
    const nextPauseMs = backoff(RETRIES, random)
    for (;;) {
      try {
        return await endpoint.request(gateway, request, signal)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof ExchangeReset) await pause(clock, RESTART_PAUSE_MS, signal)
        else if (error instanceof UnprovenAnswer) {
          // nobody's word but the gateway's ends an upload
          const waitMs = nextPauseMs()
          onPostponed?.(
            `${error.message}: ${INVOCATION} pair ${ip} where the gateway is shows the key that holds`,
            waitMs,
          )
          await pause(clock, waitMs, signal)
          signal.throwIfAborted()
        } else if (!(error instanceof ExchangeTimeout)) throw error
      }
    }
  }
}

const pathOptions = (...segments: string[]): Option[] =>
  segments.map((segment) => textOption(OptionNumber.UriPath, segment))

/** Why a survey has to come again. */
const postponement = (reply: Reply): string =>
  isSuccess(reply.code) ? `the gateway does not acknowledge it: ${reasonOf(reply)}` : reasonOf(reply)

/** How long the gateway asks to wait before another try; undefined: there is no use in any, which only a 4.xx can say. */
function retryAfterMs({ code, options }: Reply, badRequests: number): number | undefined {
  const isLater = asksForLater(code)
  if (codeClass(code) === 4 && !isLater) {
    // the digest differs when the network changed something: another try is likely to do
    const again = code === Code.RequestEntityIncomplete || (code === Code.BadRequest && badRequests < BAD_REQUESTS)
    return again ? 0 : undefined
  }
  // an answer that is no refusal has a Max-Age of its own content, which says nothing of another try
  const maxAge = isLater ? uintOf(options, OptionNumber.MaxAge) : undefined
  return Math.min(maxAge ?? DEFAULT_MAX_AGE_SECONDS, MAX_PAUSE_SECONDS) * 1000
}
