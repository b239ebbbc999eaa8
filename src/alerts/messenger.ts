// Brings messages to those who are told, each in their order; what does not get through waits in the outbox, and is tried again.
import { createHash } from "node:crypto"
import type { Clock, Random } from "../clock"
import type { Log } from "../log"
import type { News } from "../news"
import { labelOfTarget, type Target } from "../topology/alerts/targets"
import { type Addressee, errandTo, type Means, trialFor, wordsFor } from "./errands"
import { type Failure, type Taken, tryOnce, tryPatiently } from "./patience"

/** A message that waits for one of those who are told. */
export interface Waiting {
  readonly id: number
  readonly target: string
  /** Where it goes, without any secret. */
  readonly host: string
  /** JSON. */
  readonly message: string
}

/** Durable. */
export interface Outbox {
  waiting(): Promise<readonly Waiting[]>
  remove(id: number): Promise<void>
  noteFailure(id: number, reason: string): Promise<void>
  /** What waits for one waits for another. */
  readdress(target: string, to: { readonly target: string; readonly host: string }): Promise<void>
}

/** Who is told, and how, as the topology says now. */
export interface Recipients extends Pick<Means, "site" | "folder" | "smtp"> {
  readonly targets: readonly Target[]
}

export interface MessengerOptions {
  readonly told: Recipients
  readonly outbox: Outbox
  /** Whether what waits is ours to bring; another one may do that. */
  readonly tells?: () => boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Pick<Log, "debug" | "warn" | "error">
  readonly environment: Means["environment"]
  readonly fetch?: Means["fetch"]
}

const STOP_WITHIN_MS = 1000
const AGAIN_AFTER_MS = 3_600_000 // behind the minutes in which one message is tried

/** Nothing here is waited for by a run. */
export class Messenger {
  readonly #options: MessengerOptions
  /** By fingerprint. */
  #known: ReadonlyMap<string, Addressee> = new Map()
  #told: Recipients
  readonly #working = new Map<string, Promise<void>>()
  /** For these something may have come since the outbox was read for them. */
  readonly #anew = new Set<string>()
  #looking: Promise<void> = Promise.resolve()
  readonly #hurry = new AbortController()
  readonly #givingUp = new AbortController()
  #cancelAgain: (() => void) | undefined

  constructor(options: MessengerOptions) {
    this.#options = options
    this.#told = options.told
    this.update(options.told)
  }

  /** From now on these are told. What waits for one that was mended goes to the new one; what waits for others is dropped. */
  update(told: Recipients): void {
    const before = this.#known
    this.#told = told
    this.#known = new Map(told.targets.map((target, index) => [fingerprint(target), { target, key: keyOf(index) }]))
    const [left, ...moreLeft] = without(before, this.#known)
    const [came, ...moreCame] = without(this.#known, before)
    if (!left || !came || moreLeft.length + moreCame.length > 0 || left[1].target.kind !== came[1].target.kind) return
    const to = { target: came[0], host: labelOfTarget(came[1].target) }
    this.#options.outbox.readdress(left[0], to).then(this.deliver, this.#onTrouble)
  }

  get isAnybodyTold(): boolean {
    return this.#known.size > 0
  }

  /** These news as a message, for each of those who are told. */
  readonly compose = (news: News): { target: string; host: string; message: string }[] =>
    [...this.#known].map(([id, { target }]) => ({
      target: id,
      host: labelOfTarget(target),
      message: JSON.stringify(wordsFor(target, news)),
    }))

  /** Something may wait in the outbox. */
  readonly deliver = (): void => {
    if (this.#hurry.signal.aborted) return
    this.#looking = this.#looking.then(() => this.#beginAll()).catch(this.#onTrouble)
  }

  /** The end begins: what waits is tried once, for as long as one try may take. */
  async finish(): Promise<void> {
    this.#hurry.abort()
    this.#cancelAgain?.()
    await this.#looking
    while (this.#working.size > 0) await Promise.all(this.#working.values())
  }

  /** The same within a second. May be called twice. */
  async stop(): Promise<void> {
    const cancel = this.#options.clock.after(STOP_WITHIN_MS, () => this.#givingUp.abort())
    await this.finish()
    cancel()
  }

  async #beginAll(): Promise<void> {
    const { outbox, tells = () => true } = this.#options
    if (!tells()) return
    const waiting = await outbox.waiting()
    for (const target of new Set(waiting.map((each) => each.target))) this.#begin(target)
  }

  #begin(target: string): void {
    this.#anew.add(target)
    if (this.#working.has(target)) return
    const work = this.#deliverAll(target)
      .catch(this.#onTrouble)
      .finally(() => {
        this.#working.delete(target)
        if (this.#anew.has(target)) this.#begin(target)
      })
    this.#working.set(target, work)
  }

  readonly #onTrouble = (error: unknown): void => {
    this.#options.log.error(`The messages cannot be read or marked: ${error}`)
    this.#tryAgainLater() // a server may be back by then
  }

  async #deliverAll(target: string): Promise<void> {
    const { outbox, log } = this.#options
    const next = async () => {
      this.#anew.delete(target)
      const all = await outbox.waiting()
      return all.find((each) => each.target === target)
    }
    for (let waiting = await next(); waiting; waiting = await next()) {
      const known = this.#known.get(target)
      if (!known) log.warn(`A message to ${waiting.host} is dropped, as alerts.to does not name it any more`)
      const outcome = known && (await this.#tell(known, waiting))
      if (outcome?.kind === "failed") {
        log.warn(`A message did not get through: ${outcome.reason}. It is tried again: see status`)
        await outbox.noteFailure(waiting.id, outcome.reason)
        this.#anew.delete(target) // what came meanwhile waits behind it
        return this.#tryAgainLater()
      }
      await outbox.remove(waiting.id)
    }
  }

  #tell(known: Addressee, waiting: Waiting): Promise<Taken | Failure> {
    const words = { ...JSON.parse(waiting.message), id: idOf(waiting) }
    const errand = errandTo(known, words, { ...this.#options, ...this.#told })
    return tryPatiently(errand, this.#options, {
      pauses: this.#hurry.signal,
      all: this.#givingUp.signal,
      onPause: (pauseMs, { reason }) => {
        this.#options.log.debug(`A message waits ${Math.round(pauseMs / 1000)} s: ${reason}`)
        this.#options.outbox.noteFailure(waiting.id, reason).catch(this.#onTrouble)
      },
    })
  }

  #tryAgainLater(): void {
    if (this.#hurry.signal.aborted) return
    this.#cancelAgain?.()
    this.#cancelAgain = this.#options.clock.after(AGAIN_AFTER_MS, this.deliver)
  }
}

/** What each of those who are told answers to a trial, tried once. */
export function tryAll(
  targets: readonly Target[],
  means: Means & { readonly clock: Clock },
): Promise<{ key: string; to: string; outcome: Taken | Failure }[]> {
  return Promise.all(
    targets.map(async (target, index) => {
      const key = keyOf(index)
      const words = { ...trialFor(target, means.site), id: hashOf(`trial ${key} ${means.clock.now()}`) }
      const errand = errandTo({ target, key }, words, means)
      return { key, to: errand.to, outcome: await tryOnce(errand, means.clock, new AbortController().signal) }
    }),
  )
}

const without = (all: ReadonlyMap<string, Addressee>, others: ReadonlyMap<string, Addressee>): [string, Addressee][] =>
  [...all].filter(([id]) => !others.has(id))

const keyOf = (index: number): string => `alerts.to[${index}]`

/** The same on each try: where an answer was lost a message comes twice, and its id tells that it is one. */
const idOf = ({ id, target, message }: Waiting): string => hashOf(JSON.stringify([id, target, message]))

const FINGERPRINT_HEX = 16

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, FINGERPRINT_HEX)

/** Of a URL that is kept elsewhere, of that place: it may change, and what waits goes to the new one. */
function fingerprint(target: Target): string {
  const { kind } = target
  const isLiteral = kind === "web" && typeof target.url === "string"
  const { as: _, ...identity } = { as: undefined, ...target }
  const text = isLiteral ? String(target.url) : JSON.stringify(identity)
  return hashOf(text)
}
