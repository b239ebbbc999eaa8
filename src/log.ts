// What the parts of the network say to people, one line a text; consola fits it. What peers and files said may be part
// of it: whoever takes it up cuts it (`quote()`), whoever shows it makes it printable.
import { shorten } from "./printable"

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

const QUOTED_CHARACTERS = 128 // the longest name of a device or a site that there can be
const LINE_CHARACTERS = 1000

/** What a peer said where a word was due, as it may stand in a line, an answer or a database: it may have a megabyte. */
export const quote = (said: string): string => shorten(said, QUOTED_CHARACTERS)

/** No line of this log is longer than people read, whatever an error quotes. */
export const cutting = (log: Log): Log => ({
  debug: (text) => log.debug(shorten(text, LINE_CHARACTERS)),
  info: (text) => log.info(shorten(text, LINE_CHARACTERS)),
  warn: (text) => log.warn(shorten(text, LINE_CHARACTERS)),
  error: (text) => log.error(shorten(text, LINE_CHARACTERS)),
})

const MINUTE_MS = 60_000

/** Says a text at most once a minute in a row: a fleet would make it a million times. */
export function sparing(say: (text: string) => void, monotonic: () => number): (text: string) => void {
  let last = ""
  let saidAt = Number.NEGATIVE_INFINITY
  return (text) => {
    if (text === last && monotonic() - saidAt < MINUTE_MS) return
    last = text
    saidAt = monotonic()
    say(text)
  }
}

/** Lines a minute. */
export interface LineBounds {
  readonly perPeer: number
  readonly overall: number
}

/**
 * Says at most so many texts a minute, fewer of one peer, and then how many it kept to itself: whoever can cause one can
 * cause a million, and must not hide what others cause. Half of them are for peers of which nothing was said yet.
 */
export function boundedBy(
  { perPeer, overall }: LineBounds,
  say: (text: string) => void,
  monotonic: () => number,
): (text: string, peer: string) => void {
  const saidOf = new Map<string, number>() // of peers that something was said of, so no more than `overall`
  let since = Number.NEGATIVE_INFINITY
  let said = 0
  let kept = 0
  return (text, peer) => {
    if (monotonic() - since >= MINUTE_MS) {
      if (kept > 0) say(`${kept} more of this kind were not told`)
      since = monotonic()
      saidOf.clear()
      said = 0
      kept = 0
    }
    const ofPeer = saidOf.get(peer) ?? 0
    if (said >= (ofPeer === 0 ? overall : overall / 2) || ofPeer >= perPeer) {
      kept++
      return
    }
    said++
    saidOf.set(peer, ofPeer + 1)
    say(text)
  }
}

/** The same where all that is said is one's own doing. */
export function bounded(most: number, say: (text: string) => void, monotonic: () => number): (text: string) => void {
  const tell = boundedBy({ perPeer: most, overall: 2 * most }, say, monotonic)
  return (text) => tell(text, "")
}
