// Waiting with an end: what never comes to pass is a failure that is told, not a suite that hangs.
import { pause, systemClock } from "../../../src/clock"

const AGAIN_MS = 10
const WITHIN_MS = 10_000

/** Tries until there is something, which it resolves with; undefined when there is nothing before long. */
export async function soon<T>(attempt: () => T | Promise<T>): Promise<T | undefined> {
  for (const from = performance.now(); performance.now() - from < WITHIN_MS; await pause(systemClock, AGAIN_MS)) {
    const result = await attempt()
    if (result) return result
  }
  return undefined
}
