// Tells a monitor on the web when a run begins and how it ended, by Healthchecks' convention
// (https://healthchecks.io/docs/http_api/); the monitor's own alarm then covers a gateway that has no power to speak.
import type { Clock, Random } from "../clock"
import type { Log } from "../log"
import { type Day, describeDay } from "../survey/calendar"
import { tryPatiently } from "./patience"
import { firstBytes, type Letter, parseUrl, postOf } from "./post"

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

const KEY = "alerts.heartbeat"
const STOP_WITHIN_MS = 1000
const LARGEST_BODY_BYTES = 10 * 1024 // Healthchecks keeps 100 kB, an e-mail shows less

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
    this.#url = url === undefined ? undefined : parseUrl(url, KEY)
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
    this.#hurry = new AbortController()
    if (this.#stopped) this.#hurry.abort()
    const outcome = await tryPatiently(postOf(letterOf(beat), this.#options), this.#options, {
      pauses: this.#hurry.signal,
      all: this.#givingUp.signal,
      isSuperseded: () => this.#waiting !== undefined,
      onPause: (pauseMs, { reason }) =>
        this.#options.log.debug(`The heartbeat waits ${Math.round(pauseMs / 1000)} s: ${reason}`),
    })
    if (outcome.kind === "failed") this.#warn(beat, outcome.reason)
  }

  #warn({ what }: Beat, reason: string): void {
    this.#options.log.warn(`The heartbeat did not get through: ${what}: ${reason}`)
  }
}

const letterOf = ({ url, suffix, body }: Beat): Letter => ({
  url: endpoint(url, suffix),
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: firstBytes(body, LARGEST_BODY_BYTES),
  key: KEY,
})

/** The URL with a suffix behind its path; its query stays. */
function endpoint(base: URL, suffix: Beat["suffix"]): URL {
  const url = new URL(base)
  if (suffix) url.pathname = url.pathname.replace(/\/$/, "") + suffix
  return url
}
