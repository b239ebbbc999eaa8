// A request and its answer as the resources above see them, on either transport.
import { shorten } from "../printable"
import { Code, formatCode } from "./code"
import {
  type Content,
  decodeText,
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
  /** Who the peer has proved to be, by its key; undefined where it has shown none. */
  readonly identity?: string | undefined
  /** Address and port (UDP) or connection (TCP): what transfers and exchanges belong to. */
  readonly endpoint: string
  /** When its first byte of body came, ms since the epoch: the first block, if there are several. */
  readonly arrivedAt: number
  /** Bytes of the message on the wire, or of what it would be without OSCORE. */
  readonly sizeBytes: number
  /** Of a message that OSCORE protected: the device that has the key, its declared address as a number. */
  readonly protectedBy?: number
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

/** RFC 7252 §12.3: text/plain; charset=utf-8, application/link-format, application/json; RFC 8428 §12.3.1: application/senml+json. */
export const ContentFormat = { Text: 0, Links: 40, Json: 50, Senml: 110 } as const

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

const FORMAT_BYTES = 2 // of a content format, RFC 7252 §5.10
const NO_QUERY: ReadonlyMap<string, string> = new Map()

/** Reads path and query; a refusal (4.00) where they are not UTF-8, or a key of the query comes twice. */
export function readTarget({ options }: Request): Target | Response {
  try {
    const query = readQuery(options)
    if (typeof query === "string") return say(Code.BadRequest, `${query} is given twice`)
    return { path: textsOf(options, OptionNumber.UriPath), query }
  } catch (error) {
    if (error instanceof MessageFormatError) return say(Code.BadRequest, "The path must be UTF-8")
    throw error
  }
}

/** The query, or a key that comes twice: which of its values is meant, nobody knows. */
function readQuery(options: readonly Option[]): ReadonlyMap<string, string> | string {
  const pairs = textsOf(options, OptionNumber.UriQuery)
  if (pairs.length === 0) return NO_QUERY
  const query = new Map<string, string>()
  for (const pair of pairs) {
    const equals = pair.indexOf("=")
    const key = equals < 0 ? pair : pair.slice(0, equals)
    if (query.has(key)) return key
    query.set(key, equals < 0 ? "" : pair.slice(equals + 1))
  }
  return query
}

/** The content format that a request names. One that is too long is as good as absent (RFC 7252 §5.4.3). */
export const contentFormatOf = ({ options }: Pick<Request, "options">): number | undefined =>
  uintOf(options, OptionNumber.ContentFormat, FORMAT_BYTES)

/** A refusal (4.15) unless the content format is absent or one of these. */
export function refuseFormat(request: Request, ...formats: number[]): Response | undefined {
  const given = contentFormatOf(request)
  if (given === undefined || formats.includes(given)) return undefined
  return say(Code.UnsupportedContentFormat, `Content-Format must be ${formats.join(" or ")}: it is ${given}`)
}

/** A refusal (4.06) unless the answer's content format is one that the client accepts (RFC 7252 §5.10.4). */
export function refuseAccept(request: Request, format: number): Response | undefined {
  const accepted = uintOf(request.options, OptionNumber.Accept)
  if (accepted === undefined || accepted === format) return undefined
  return say(Code.NotAcceptable, `Accept must be ${format}: it is ${accepted}`)
}
