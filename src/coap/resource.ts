// A request and its answer as the resources above see them, on either transport.
import { shorten } from "../printable"
import { Code, formatCode } from "./code"
import {
  type Content,
  decodeText,
  isCritical,
  MessageFormatError,
  NO_BYTES,
  type Option,
  OptionNumber,
  textsOf,
  uintOf,
  uintOption,
} from "./option"

export interface Request extends Content {
  /** Source address of the peer, IPv4 text. */
  readonly address: string
  /** Address and port (UDP) or connection (TCP): what transfers and exchanges belong to. */
  readonly endpoint: string
  /** When its first byte of body came, ms since the epoch: the first block, if there are several. */
  readonly arrivedAt: number
  /** Bytes of the message on the wire. */
  readonly sizeBytes: number
}

export interface Response {
  readonly code: number
  readonly options?: readonly Option[]
  readonly payload?: Uint8Array
  /** What there is here may be told to anybody, in more bytes than were asked with. */
  readonly mayBeLonger?: true
}

export type Handler = (request: Request) => Response | Promise<Response>

/** Path and query of a request, decoded. */
export interface Target {
  readonly path: readonly string[]
  readonly query: ReadonlyMap<string, string>
}

/** RFC 7252 §12.3: text/plain; charset=utf-8, application/link-format and application/json. */
export const ContentFormat = { Text: 0, Links: 40, Json: 50 } as const

/** RFC 7252 §4.8.2; answers are remembered and strays expected for this long. */
export const EXCHANGE_LIFETIME_MS = 247_000

const encoder = new TextEncoder()

/** A response with a line of text for people. */
export const say = (code: number, text = "", options: readonly Option[] = []): Response => ({
  code,
  options,
  payload: encoder.encode(text),
})

/** 5.03: come again after that many seconds. */
export const busy = (text: string, maxAgeSeconds: number): Response =>
  say(Code.ServiceUnavailable, text, [uintOption(OptionNumber.MaxAge, Math.max(1, Math.ceil(maxAgeSeconds)))])

export function textOf({ payload = NO_BYTES }: Response): string {
  try {
    return decodeText(payload)
  } catch {
    return `${payload.length} bytes that are not UTF-8`
  }
}

const REASON_CHARACTERS = 200

/** Why a response refuses, for people: its text, cut where it is long, or its code where it says nothing. */
export const reasonOf = (response: Response): string =>
  shorten(textOf(response), REASON_CHARACTERS) || `answer ${formatCode(response.code)}`

// Critical options and their longest values (RFC 7252 §5.10, RFC 7959 §2.1). Uri-Host and Uri-Port only name us again;
// Block1 and Block2 are handled below the resources.
const UNDERSTOOD: ReadonlyMap<number, number> = new Map([
  [OptionNumber.UriHost, 255],
  [OptionNumber.UriPort, 2],
  [OptionNumber.UriPath, 255],
  [OptionNumber.UriQuery, 255],
  [OptionNumber.Accept, 2],
  [OptionNumber.Block1, 3],
  [OptionNumber.Block2, 3],
])

const NO_QUERY: ReadonlyMap<string, string> = new Map()

/** Reads path and query; a refusal where an option is critical and unknown (4.02) or is not UTF-8 (4.00). */
export function readTarget(request: Request): Target | Response {
  for (const { number, value } of request.options) {
    // one that is too long is as good as unknown (RFC 7252 §5.4.3)
    if (!isCritical(number) || value.length <= (UNDERSTOOD.get(number) ?? -1)) continue
    return say(Code.BadOption, `Option ${number} is not supported`)
  }
  try {
    return { path: textsOf(request.options, OptionNumber.UriPath), query: readQuery(request.options) }
  } catch (error) {
    if (error instanceof MessageFormatError) return say(Code.BadRequest, "The path must be UTF-8")
    throw error
  }
}

function readQuery(options: readonly Option[]): ReadonlyMap<string, string> {
  const pairs = textsOf(options, OptionNumber.UriQuery)
  if (pairs.length === 0) return NO_QUERY
  const query = new Map<string, string>()
  for (const pair of pairs) {
    const equals = pair.indexOf("=")
    if (equals < 0) query.set(pair, "")
    else query.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
  return query
}

/** A refusal (4.15) unless the content format is absent or this one. */
export function refuseFormat(request: Request, format: number): Response | undefined {
  const given = uintOf(request.options, OptionNumber.ContentFormat)
  if (given === undefined || given === format) return undefined
  return say(Code.UnsupportedContentFormat, `Content-Format must be ${format}: it is ${given}`)
}
