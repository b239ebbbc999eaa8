// A message to a server on the web; no word of its URL is told but the host.
import type { Errand, Failure, Taken } from "./patience"

export interface Letter {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  /** The key in topology.yaml that its URL stands at. */
  readonly key: string
}

export interface PostOptions {
  readonly clock: { now(): number }
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined
}

const ANSWER_WITHIN_MS = 10_000

export const postOf = (letter: Letter, options: PostOptions): Errand => ({
  to: letter.url.host,
  withinMs: ANSWER_WITHIN_MS,
  attempt: (signal) => post(letter, options, signal),
})

async function post(
  { url, headers, body, key }: Letter,
  { fetch = globalThis.fetch, clock }: PostOptions,
  signal: AbortSignal,
): Promise<Taken | Failure> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual", // a followed POST may become a GET, and would carry the secret to another host
      keepalive: false, // the next one is a day away
      signal,
    })
    return response.ok ? { kind: "taken" } : refusal(url.host, key, response, clock.now())
  } catch (error) {
    return { kind: "failed", reason: `${url.host} cannot be reached (${codeOf(error)})`, passing: true }
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
    const reason = `${host} answers ${status}`
    return { kind: "failed", reason, passing: true, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  const advice = status < 400 ? `redirections are not followed, ${key} needs the final URL` : `check ${key}`
  return { kind: "failed", reason: `${host} answers ${status}: ${advice}`, passing: false }
}

/** Seconds, or an instant (RFC 9110 §10.2.3). */
function readRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null) return undefined
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : ms
}

/** ECONNREFUSED and the like. Not the message: the URL may stand in it. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error"
  return "code" in error && typeof error.code === "string" ? error.code : error.name
}
