// Ctrl-C and SIGTERM: the first asks for an end, the second does not wait for it. SIGHUP, where no terminal hangs up:
// topology.yaml has changed.
import { isatty } from "node:tty"
import { hurryOutput } from "../../output"

export interface Signals {
  /** Aborted by the first signal. */
  readonly asked: AbortSignal
  /** Resolves with the second. */
  readonly insisted: Promise<void>
  release(): void
}

export function listenForSignals(onHangUp = () => {}): Signals {
  const asked = new AbortController()
  const insisted = Promise.withResolvers<void>()
  const heard = () => {
    if (asked.signal.aborted) insisted.resolve()
    hurryOutput()
    asked.abort(new Error("asked to stop"))
  }
  process.on("SIGINT", heard)
  process.on("SIGTERM", heard)
  const hasTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor))
  if (!hasTerminal) process.on("SIGHUP", onHangUp)
  return {
    asked: asked.signal,
    insisted: insisted.promise,
    release() {
      process.off("SIGINT", heard)
      process.off("SIGTERM", heard)
      process.off("SIGHUP", onHangUp)
    },
  }
}
