// Ctrl-C and SIGTERM: the first asks for an end, the second does not wait for it.
import { hurryOutput } from "../../output"

export interface Signals {
  /** Aborted by the first signal. */
  readonly asked: AbortSignal
  /** Resolves with the second. */
  readonly insisted: Promise<void>
  release(): void
}

export function listenForSignals(): Signals {
  const asked = new AbortController()
  const insisted = Promise.withResolvers<void>()
  const heard = () => {
    if (asked.signal.aborted) insisted.resolve()
    hurryOutput()
    asked.abort(new Error("asked to stop"))
  }
  process.on("SIGINT", heard)
  process.on("SIGTERM", heard)
  return {
    asked: asked.signal,
    insisted: insisted.promise,
    release() {
      process.off("SIGINT", heard)
      process.off("SIGTERM", heard)
    },
  }
}
