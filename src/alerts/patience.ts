// Something that is to get through to somebody: each try bounded in time, and made again with patience.
import { backoff, type Clock, pause, type Random } from "../clock"

/** It got through. */
export interface Taken {
  readonly kind: "taken"
  /** What was answered, where that says more than that it got through. */
  readonly answer?: string
}

export interface Failure {
  readonly kind: "failed"
  /** Shown to people: no secret stands in it. */
  readonly reason: string
  /** Whether another try may help. */
  readonly passing: boolean
  /** So long it asks to be left alone. */
  readonly retryAfterMs?: number
}

export interface Errand {
  /** To whom, as people know them: of a URL the host, for the rest is a secret. */
  readonly to: string
  /** How long one try may take. */
  readonly withinMs: number
  /** Never rejects. Nobody waits for it any more once the signal aborts. */
  attempt(signal: AbortSignal): Promise<Taken | Failure>
}

export interface Patience {
  readonly clock: Clock
  readonly random: Random
}

// of pauses four minutes in all: 6 + 18 + 54 + 162 s
const TRIES = 5
const PAUSES = { firstMs: 6000, growth: 3, longestMs: 162_000 }

const STOPPING: Failure = { kind: "failed", reason: "the network stops", passing: false }

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

/** What the last try came to. */
export async function tryPatiently(errand: Errand, options: Patience, hurry: Hurry): Promise<Taken | Failure> {
  const nextPauseMs = backoff(PAUSES, options.random)
  for (let tries = 1; ; tries++) {
    const isLast = tries === TRIES || (hurry.pauses.aborted && !hurry.isSuperseded?.())
    const outcome = await tryOnce(errand, options.clock, hurry.all)
    if (outcome.kind === "taken" || !outcome.passing || isLast) return outcome
    const pauseMs = Math.max(nextPauseMs(), Math.min(PAUSES.longestMs, outcome.retryAfterMs ?? 0))
    if (!hurry.isSuperseded?.()) hurry.onPause?.(pauseMs, outcome)
    await pause(options.clock, pauseMs, hurry.pauses)
    if (hurry.isSuperseded?.()) return outcome
  }
}

export async function tryOnce(errand: Errand, clock: Clock, givingUp: AbortSignal): Promise<Taken | Failure> {
  if (givingUp.aborted) return STOPPING
  const over = new AbortController()
  const { to, withinMs } = errand
  const late: Failure = { kind: "failed", reason: `${to} does not answer within ${withinMs / 1000} s`, passing: true }
  const patience = pause(clock, withinMs, AbortSignal.any([over.signal, givingUp]))
  try {
    return await Promise.race([errand.attempt(over.signal), patience.then(() => (givingUp.aborted ? STOPPING : late))])
  } finally {
    over.abort() // the try that is late, or the body of the answer, which nobody reads
  }
}
