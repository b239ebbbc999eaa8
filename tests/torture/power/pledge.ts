// The promise, followed through a recording: what each database must hold if the power goes at this point.
import type { Day } from "../../../src/survey/calendar"
import { type Key, keyOf, type SpoolContents, type StoreContents } from "./contents"
import type { Mark, Passage } from "./marks"
import { sortLines } from "./workload"

export class Pledge {
  readonly #uploads = new Map<Key, Uploads>()
  readonly #deliveries = new Map<Key, Deliveries>()
  #oldest: Day = "0000-01-01"
  /** Acknowledgements so far. */
  acknowledged = 0

  note(mark: Mark): void {
    if (mark.kind === "turn") {
      this.#oldest = mark.oldest
      return
    }
    const key = keyOf(mark.ip, mark.day)
    if (mark.keeper === "gateway") entry(this.#uploads, key, () => new Uploads(mark.day)).take(mark)
    else entry(this.#deliveries, key, () => new Deliveries()).take(mark)
    if (mark.kind === "acknowledged") this.acknowledged++
  }

  /** How a spool breaks the promise; undefined when it does not. */
  breachIn({ surveys, quarantined }: SpoolContents): string | undefined {
    for (const [key, { day, possible, isAcknowledged, aside }] of this.#uploads) {
      const survey = surveys.get(key)
      if (!survey) {
        const mayBeGone = day < this.#oldest && this.#hasReachedCloud(key, possible)
        if (isAcknowledged && !mayBeGone) return `${key} was acknowledged and is not there`
        continue
      }
      if (!possible.has(survey.text)) return `${key} holds ${shown(survey.text)}, not ${shown(...possible)}`
      if (survey.delivered > 0 && !this.#deliveries.get(key)?.acknowledged.has(survey.delivered)) {
        return `${key} is marked delivered, and the cloud has not acknowledged revision ${survey.delivered}`
      }
      const lost = [...aside].find((line) => !quarantined.has(line))
      if (lost !== undefined) return `${key} is without ${lost} in its quarantine`
    }
    const unknown = [...surveys.keys()].find((key) => !this.#uploads.has(key))
    return unknown && `${unknown} is there, and nobody sent it`
  }

  /** How a store breaks the promise; undefined when it does not. */
  breachInStore(stored: StoreContents): string | undefined {
    for (const [key, { latest, sent }] of this.#deliveries) {
      const text = stored.get(key) ?? ""
      const possible = latest === 0 ? [""] : []
      for (const [revision, delivered] of sent) if (revision >= latest) possible.push(delivered)
      if (!possible.includes(text)) return `${key} holds ${shown(text)}, not ${shown(...possible)}`
    }
    const unknown = [...stored.keys()].find((key) => !this.#deliveries.has(key))
    return unknown && `${unknown} is there, and nobody delivered it`
  }

  /** Devices and days whose acknowledged survey has not reached the store. */
  undelivered(): Key[] {
    const all = [...this.#uploads].filter(([, { isAcknowledged }]) => isAcknowledged)
    return all.filter(([key, { possible }]) => !this.#hasReachedCloud(key, possible)).map(([key]) => key)
  }

  #hasReachedCloud(key: Key, texts: ReadonlySet<string>): boolean {
    const deliveries = this.#deliveries.get(key)
    const latest = deliveries?.sent.get(deliveries.latest)
    return latest !== undefined && texts.has(latest)
  }
}

/** What the gateway was told and has acknowledged of one device and day. */
class Uploads {
  /** Contents that the spool may have: several, while an upload is under way. */
  possible: ReadonlySet<string> = new Set([""])
  isAcknowledged = false
  /** Lines that were refused or gave way in acknowledged uploads: they belong into quarantine. */
  readonly aside = new Set<string>()

  constructor(readonly day: Day) {}

  take({ kind, text }: Passage): void {
    const merged = new Set([...this.possible].map((before) => merge(before, text)))
    if (kind === "sent") {
      this.possible = this.possible.union(merged)
      return
    }
    const { good, bad } = sortLines(text)
    const [before = "", ...others] = [...this.possible].filter((content) => merge(content, text) !== content)
    const gaveWay = others.length > 0 ? [] : before.split("\n").filter((line) => givesWay(line, good))
    for (const line of [...bad, ...gaveWay]) this.aside.add(line)
    this.possible = merged
    this.isAcknowledged ||= good.length > 0 || bad.length === 0 // of which every line is refused is no survey
  }
}

/** What left for the cloud of one device and day, and what it has acknowledged. */
class Deliveries {
  readonly sent = new Map<number, string>()
  readonly acknowledged = new Set<number>()
  /** The highest revision that was acknowledged; 0 before. */
  latest = 0

  take({ kind, revision, text }: Passage): void {
    this.sent.set(revision, text.trimEnd())
    if (kind === "sent") return
    this.acknowledged.add(revision)
    this.latest = Math.max(this.latest, revision)
  }
}

const timeOf = (line: string): string => line.slice(0, line.indexOf(" "))

const givesWay = (line: string, newer: readonly string[]): boolean =>
  newer.some((other) => timeOf(other) === timeOf(line) && other !== line)

/** Newer values win, and nothing is deleted. */
function merge(before: string, text: string): string {
  const lines = [...before.split("\n"), ...sortLines(text).good].filter((line) => line !== "")
  return [...new Map(lines.map((line) => [timeOf(line), line])).values()].sort().join("\n")
}

function entry<Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

const shown = (...texts: string[]): string => texts.map((text) => JSON.stringify(text)).join(" or ")
