// Tells a monitor on the web when a run begins and how it ended, by Healthchecks' convention
// (https://healthchecks.io/docs/http_api/); the monitor's own alarm then covers a gateway that has no power to speak.
import { backoff, type Clock, pause, type Random } from "../clock"
import type { Log } from "../log"
import { type Day, describeDay } from "../survey/calendar"

export interface HeartbeatOptions {
  /** http or https; without it nobody is told. Its path is a secret: whoever knows it can speak for this gateway. */
  readonly url: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Pick<Log, "debug" | "warn">
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>
}

interface Beat {
  readonly url: URL
  /** In words, for the log. */
  readonly what: string
  readonly suffix: "" | "/start" | "/fail"
  readonly body: string
}

interface Failure {
  /** Shown to people: the host may stand in it, the rest of the URL may not. */
  readonly reason: string
  /** Whether another try may help. */
  readonly passing: boolean
}

// all tries together end within five minutes: 6 + 18 + 54 + 162 s of pauses, 5 × 10 s of waiting
const TRIES = 5
const PAUSES = { firstMs: 6000, growth: 3, longestMs: 162_000 }
const ANSWER_WITHIN_MS = 10_000
const STOP_WITHIN_MS = 1000
const LARGEST_BODY_BYTES = 10 * 1024 // Healthchecks keeps 100 kB, an e-mail shows less

const STOPPING: Failure = { reason: "the gateway stops", passing: false }

/** Fire and forget: nothing here throws or is waited for, and a newer event takes the place of one that still waits. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #url: URL | undefined
  readonly #givingUp = new AbortController()
  #waiting: Beat | undefined
  #working: Promise<void> | undefined
  /** Ends the pause between two tries. */
  #hurry = new AbortController()
  #stopped = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.update(options.url)
  }

  /** From the next event on it is told to this URL, or to nobody. */
  update(url: string | undefined): void {
    this.#url = url === undefined ? undefined : parseUrl(url)
  }

  /** A run begins: POST to `/start` behind the URL. */
  started(day: Day): void {
    const name = describeDay(day)
    this.#tell({ what: `the start of ${name}`, suffix: "/start", body: name })
  }

  /** A run has ended: POST its summary to the URL, or to `/fail` behind it when the run is incomplete. */
  finished(day: Day, complete: boolean, text: string): void {
    const name = describeDay(day)
    this.#tell({ what: `the end of ${name}`, suffix: complete ? "" : "/fail", body: `${name}\n${text}` })
  }

  /** Ends within a second: until then what is under way may finish, and what waits is tried once. May be called twice. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#hurry.abort()
    const cancel = this.#options.clock.after(STOP_WITHIN_MS, () => this.#givingUp.abort())
    await this.#working
    cancel()
  }

  #tell(told: Omit<Beat, "url">): void {
    const url = this.#url
    if (this.#stopped || !url) return
    const beat = { ...told, url }
    if (this.#waiting) this.#warn(this.#waiting, "a newer one took its place")
    this.#waiting = beat
    this.#hurry.abort()
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    for (let beat = this.#waiting; beat; beat = this.#waiting) {
      this.#waiting = undefined
      await this.#deliver(beat)
    }
    this.#working = undefined
  }

  async #deliver(beat: Beat): Promise<void> {
    const { clock, random, log } = this.#options
    this.#hurry = new AbortController()
    const nextPauseMs = backoff(PAUSES, random)
    for (let tries = 1; ; tries++) {
      const isLast = tries === TRIES || this.#stopped
      const failure = await this.#post(beat)
      if (!failure) return
      if (!failure.passing || isLast) return this.#warn(beat, failure.reason)
      const pauseMs = nextPauseMs()
      if (!this.#waiting) log.debug(`The heartbeat waits ${Math.round(pauseMs / 1000)} s: ${failure.reason}`)
      await pause(clock, pauseMs, this.#hurry.signal)
      if (this.#waiting) return this.#warn(beat, failure.reason)
    }
  }

  /** Undefined when it got through. */
  async #post(beat: Beat): Promise<Failure | undefined> {
    const givingUp = this.#givingUp.signal
    if (givingUp.aborted) return STOPPING
    const over = new AbortController()
    const late = { reason: `${beat.url.host} does not answer within ${ANSWER_WITHIN_MS / 1000} s`, passing: true }
    const patience = pause(this.#options.clock, ANSWER_WITHIN_MS, AbortSignal.any([over.signal, givingUp]))
    try {
      return await Promise.race([
        this.#ask(beat, over.signal),
        patience.then(() => (givingUp.aborted ? STOPPING : late)),
      ])
    } finally {
      over.abort() // the request that is late, or the body of the answer, which nobody reads
    }
  }

  async #ask({ url, suffix, body }: Beat, signal: AbortSignal): Promise<Failure | undefined> {
    const { fetch = globalThis.fetch } = this.#options
    try {
      const { ok, status } = await fetch(endpoint(url, suffix), {
        method: "POST",
        headers: { "Content-Type": "text/plain; charset=utf-8" },
        body: shorten(body),
        redirect: "manual", // a followed POST may become a GET, and would carry the secret to another host
        keepalive: false, // the next one is a day away
        signal,
      })
      return ok ? undefined : refusal(url.host, status)
    } catch (error) {
      return { reason: `${url.host} cannot be reached (${codeOf(error)})`, passing: true }
    }
  }

  #warn({ what }: Beat, reason: string): void {
    this.#options.log.warn(`The heartbeat did not get through: ${what}: ${reason}`)
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text) // what the constructor throws has all of it in its message
  if (!url) throw new TypeError("alerts.heartbeat must be a URL")
  return url
}

/** The URL with a suffix behind its path; its query stays. */
function endpoint(base: URL, suffix: Beat["suffix"]): URL {
  const url = new URL(base)
  if (suffix) url.pathname = url.pathname.replace(/\/$/, "") + suffix
  return url
}

/** UTF-8, cut between two characters. */
function shorten(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LARGEST_BODY_BYTES)
  return bytes.subarray(0, new TextEncoder().encodeInto(text, bytes).written)
}

/** What an answer other than 2xx means (RFC 9110 §15). Only 408, 429 and 5xx may be different the next time. */
function refusal(host: string, status: number): Failure {
  if (status === 408 || status === 429 || status >= 500) return { reason: `${host} answers ${status}`, passing: true }
  const advice =
    status < 400 ? "redirections are not followed, alerts.heartbeat needs the final URL" : "check alerts.heartbeat"
  return { reason: `${host} answers ${status}: ${advice}`, passing: false }
}

/** ECONNREFUSED and the like. Not the message: the URL may stand in it. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error"
  return "code" in error && typeof error.code === "string" ? error.code : error.name
}
