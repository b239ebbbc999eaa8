// Time and randomness as values that are handed in, so that the same code runs in real time and in a simulation.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds that never go back, whatever becomes of `now()`; from an origin that means nothing. */
  monotonic(): number
  /** A time before this is wrong, as in 1970 where a machine has no battery; without it every time may be right. */
  readonly earliestMs?: number
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void
}

/** A number in [0, 1). */
export type Random = () => number

/** Whether the clock shows a time that it cannot be, or showed one when it was `at`. */
export const isWrong = (clock: Clock, at = clock.now()): boolean => at < (clock.earliestMs ?? Number.NEGATIVE_INFINITY)

const LONGEST_TIMER_MS = 2 ** 31 - 1 // setTimeout calls back at once when asked for more

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  earliestMs: Date.UTC(2026, 0, 1), // there was no such programme before
  after(delayMs, callback) {
    const restMs = delayMs - LONGEST_TIMER_MS
    let cancel = () => clearTimeout(timer)
    const timer = setTimeout(
      () => {
        if (restMs > 0) cancel = systemClock.after(restMs, callback)
        else callback()
      },
      Math.min(delayMs, LONGEST_TIMER_MS),
    )
    return () => cancel()
  },
}

/** Resolves after `delayMs`, or at once when the signal aborts; it never rejects. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      cancel()
      signal?.removeEventListener("abort", done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    signal?.addEventListener("abort", done, { once: true })
  })
}

/** How long the pauses between tries are. */
export interface Backoff {
  readonly firstMs: number
  /** Each is so many times as long as the one before, up to the longest. */
  readonly growth: number
  readonly longestMs: number
}

/**
 * Each call returns how long to wait, ms, before the next attempt. Half of it is random, so that those that failed
 * together do not try again at the same instant.
 */
export function backoff({ firstMs, growth, longestMs }: Backoff, random: Random): () => number {
  let nextMs = firstMs
  return () => {
    const pauseMs = nextMs
    nextMs = Math.min(longestMs, pauseMs * growth)
    return pauseMs / 2 + (random() * pauseMs) / 2
  }
}
