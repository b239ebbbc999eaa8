// Brings messages to those who are told, each in their order; what does not get through waits in the outbox, and is tried again.
import { createHash } from "node:crypto"
import type { Clock, Random } from "../clock"
import type { Log } from "../log"
import type { Target } from "../topology/alerts/alerts"
import { type Message, messageOf, type News, trialMessage } from "./message"
import { type Failure, type PostOptions, postOnce, postPatiently } from "./post"
import { letterTo } from "./services"

/** A message that waits for one of those who are told. */
export interface Waiting {
  readonly id: number
  readonly target: string
  /** JSON. */
  readonly message: string
}

/** Durable. */
export interface Outbox {
  waiting(): readonly Waiting[]
  remove(id: number): Promise<void>
  noteFailure(id: number, reason: string): Promise<void>
}

export interface MessengerOptions {
  readonly targets: readonly Target[]
  readonly outbox: Outbox
  readonly clock: Clock
  readonly random: Random
  readonly log: Pick<Log, "debug" | "warn" | "error">
  readonly fetch?: PostOptions["fetch"]
}

const STOP_WITHIN_MS = 1000
const AGAIN_AFTER_MS = 3_600_000 // behind the five minutes in which one message is tried

interface Known {
  readonly target: Target
  readonly key: string
}

/** Nothing here is waited for by a run. */
export class Messenger {
  readonly #options: MessengerOptions
  /** By fingerprint. */
  #known: ReadonlyMap<string, Known> = new Map()
  readonly #working = new Map<string, Promise<void>>()
  readonly #hurry = new AbortController()
  readonly #givingUp = new AbortController()
  #cancelAgain: (() => void) | undefined

  constructor(options: MessengerOptions) {
    this.#options = options
    this.update(options.targets)
  }

  /** From now on these are told; what waits for others is dropped. */
  update(targets: readonly Target[]): void {
    this.#known = new Map(targets.map((target, index) => [fingerprint(target), { target, key: keyOf(index) }]))
  }

  get isAnybodyTold(): boolean {
    return this.#known.size > 0
  }

  /** A message of these news for each. */
  readonly compose = (news: News): { target: string; host: string; message: string }[] => {
    const message = JSON.stringify(messageOf(news))
    return [...this.#known].map(
      ([
        target,
        {
          target: { url },
          key,
        },
      ]) => ({ target, host: hostOf(url, key), message }),
    )
  }

  /** Something may wait in the outbox. */
  readonly deliver = (): void => {
    if (this.#hurry.signal.aborted) return
    for (const target of new Set(this.#options.outbox.waiting().map((each) => each.target))) this.#begin(target)
  }

  /** Ends within a second: what waits is tried once. May be called twice. */
  async stop(): Promise<void> {
    this.#hurry.abort()
    this.#cancelAgain?.()
    const cancel = this.#options.clock.after(STOP_WITHIN_MS, () => this.#givingUp.abort())
    await Promise.all(this.#working.values())
    cancel()
  }

  #begin(target: string): void {
    if (this.#working.has(target)) return
    const work = this.#deliverAll(target)
      .catch((error) => this.#options.log.error(`The messages cannot be read or marked: ${error}`))
      .finally(() => this.#working.delete(target))
    this.#working.set(target, work)
  }

  async #deliverAll(target: string): Promise<void> {
    const { outbox, log } = this.#options
    const next = () => outbox.waiting().find((each) => each.target === target)
    for (let waiting = next(); waiting; waiting = next()) {
      const known = this.#known.get(target)
      const failure = known && (await this.#post(known, waiting))
      if (failure) {
        log.warn(`A message did not get through: ${failure.reason}. It is tried again: see status`)
        await outbox.noteFailure(waiting.id, failure.reason)
        return this.#tryAgainLater()
      }
      await outbox.remove(waiting.id)
    }
  }

  #post({ target, key }: Known, { message }: Waiting): Promise<Failure | undefined> {
    const letter = letterTo(target, key, JSON.parse(message) as Message)
    return postPatiently(letter, this.#options, {
      pauses: this.#hurry.signal,
      all: this.#givingUp.signal,
      onPause: (pauseMs, { reason }) =>
        this.#options.log.debug(`A message waits ${Math.round(pauseMs / 1000)} s: ${reason}`),
    })
  }

  #tryAgainLater(): void {
    if (this.#hurry.signal.aborted) return
    this.#cancelAgain?.()
    this.#cancelAgain = this.#options.clock.after(AGAIN_AFTER_MS, this.deliver)
  }
}

/** What each of those who are told answers to a trial, tried once: undefined where it got through. */
export function tryAll(
  targets: readonly Target[],
  site: string,
  options: PostOptions,
): Promise<{ key: string; host: string; failure: Failure | undefined }[]> {
  return Promise.all(
    targets.map(async (target, index) => {
      const letter = letterTo(target, keyOf(index), trialMessage(site))
      const failure = await postOnce(letter, options, new AbortController().signal)
      return { key: letter.key, host: letter.url.host, failure }
    }),
  )
}

const keyOf = (index: number): string => `alerts.to[${index}]`

const hostOf = (url: string, key: string): string => URL.parse(url)?.host ?? key

const FINGERPRINT_HEX = 16

const fingerprint = ({ url }: Target): string =>
  createHash("sha256").update(url).digest("hex").slice(0, FINGERPRINT_HEX)
