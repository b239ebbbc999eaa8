// A message to a server on the web: bounded in time, tried again with patience, and no word of its URL but the host.
import { backoff, type Clock, pause, type Random } from "../clock"

export interface Letter {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  /** The key in topology.yaml that its URL stands at. */
  readonly key: string
}

export interface Failure {
  /** Shown to people: the host may stand in it, the rest of the URL may not. */
  readonly reason: string
  /** Whether another try may help. */
  readonly passing: boolean
  /** So long the server asks to be left alone. */
  readonly retryAfterMs?: number
}

export interface PostOptions {
  readonly clock: Clock
  readonly random: Random
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined
}

// all tries together end within five minutes: 6 + 18 + 54 + 162 s of pauses, 5 × 10 s of waiting
const TRIES = 5
const PAUSES = { firstMs: 6000, growth: 3, longestMs: 162_000 }
const ANSWER_WITHIN_MS = 10_000

const STOPPING: Failure = { reason: "the network stops", passing: false }

/** What ends the tries before their time. */
export interface Hurry {
  /** No pause any more: one more try at most. */
  readonly pauses: AbortSignal
  /** Not even that. */
  readonly all: AbortSignal
  /** Something newer waits: this is not tried again. */
  readonly isSuperseded?: () => boolean
  readonly onPause?: (pauseMs: number, failure: Failure) => void
}

/** Undefined when it got through; otherwise why the last try did not. */
export async function postPatiently(letter: Letter, options: PostOptions, hurry: Hurry): Promise<Failure | undefined> {
  const nextPauseMs = backoff(PAUSES, options.random)
  for (let tries = 1; ; tries++) {
    const isLast = tries === TRIES || (hurry.pauses.aborted && !hurry.isSuperseded?.())
    const failure = await postOnce(letter, options, hurry.all)
    if (!failure?.passing || isLast) return failure
    const pauseMs = Math.max(nextPauseMs(), Math.min(PAUSES.longestMs, failure.retryAfterMs ?? 0))
    if (!hurry.isSuperseded?.()) hurry.onPause?.(pauseMs, failure)
    await pause(options.clock, pauseMs, hurry.pauses)
    if (hurry.isSuperseded?.()) return failure
  }
}

/** Undefined when it got through. */
export async function postOnce(
  letter: Letter,
  options: PostOptions,
  givingUp: AbortSignal,
): Promise<Failure | undefined> {
  if (givingUp.aborted) return STOPPING
  const over = new AbortController()
  const late = { reason: `${letter.url.host} does not answer within ${ANSWER_WITHIN_MS / 1000} s`, passing: true }
  const patience = pause(options.clock, ANSWER_WITHIN_MS, AbortSignal.any([over.signal, givingUp]))
  try {
    return await Promise.race([
      ask(letter, options, over.signal),
      patience.then(() => (givingUp.aborted ? STOPPING : late)),
    ])
  } finally {
    over.abort() // the request that is late, or the body of the answer, which nobody reads
  }
}

async function ask(
  { url, headers, body, key }: Letter,
  { fetch = globalThis.fetch, clock }: PostOptions,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual", // a followed POST may become a GET, and would carry the secret to another host
      keepalive: false, // the next one is a day away
      signal,
    })
    return response.ok ? undefined : refusal(url.host, key, response, clock.now())
  } catch (error) {
    return { reason: `${url.host} cannot be reached (${codeOf(error)})`, passing: true }
  }
}

/** Throws a TypeError without the text, which is a secret. */
export function parseUrl(text: string, key: string): URL {
  const url = URL.parse(text) // what the constructor throws has all of it in its message
  if (!url) throw new TypeError(`${key} must be a URL`)
  return url
}

/** UTF-8, cut between two characters. */
export function firstBytes(text: string, most: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(most)
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written)
}

/** What an answer other than 2xx means (RFC 9110 §15). Only 408, 429 and 5xx may be different the next time. */
function refusal(host: string, key: string, { status, headers }: Response, now: number): Failure {
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = readRetryAfter(headers.get("retry-after"), now)
    return { reason: `${host} answers ${status}`, passing: true, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  const advice = status < 400 ? `redirections are not followed, ${key} needs the final URL` : `check ${key}`
  return { reason: `${host} answers ${status}: ${advice}`, passing: false }
}

/** Seconds, or an instant (RFC 9110 §10.2.3). */
function readRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : ms
}

/** ECONNREFUSED and the like. Not the message: the URL may stand in it. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error"
  return "code" in error && typeof error.code === "string" ? error.code : error.name
}
