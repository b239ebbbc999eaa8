// What the parts of the network say to people; consola fits it.

export interface Log {
  debug(text: string): void
  info(text: string): void
  /** Handled, worth knowing. */
  warn(text: string): void
  /** Data at risk, or a person is needed. */
  error(text: string): void
}

/** For scripts and tests that want to hear nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

const SAME_AGAIN_MS = 60_000

/** Says a text at most once a minute in a row: a fleet would make it a million times. */
export function sparing(say: (text: string) => void, now: () => number): (text: string) => void {
  let last = ""
  let saidAt = 0
  return (text) => {
    const age = now() - saidAt
    if (text === last && age >= 0 && age < SAME_AGAIN_MS) return
    last = text
    saidAt = now()
    say(text)
  }
}
