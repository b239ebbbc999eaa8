// Merges an upload into what is known of its device and day: newer values win, nothing is deleted, and what was replaced or
// refused is kept in quarantine. Everything here is done within the caller's transaction.
import type { Clock } from "../../clock"
import { clockChange, type Day } from "../../survey/calendar"
import type { CanonicalSurvey } from "../../survey/canonical"
import { surveyDigest } from "../../survey/digest"
import { readToldRow } from "../../survey/foreign/refused-row"
import type { Reading } from "../../survey/reading"
import { formatSurvey, parseSurvey } from "../../survey/survey"
import { formatAddress } from "../../topology/address"
import type { Quarantine } from "../quarantine/quarantine"
import type { Days } from "./days"
import { type Draft, Drafts, type RefusedLines } from "./drafts"
import type { Absences } from "./notes/absences"
import type { ReplacedUploads } from "./notes/replaced-uploads"
import type { Tombstones } from "./notes/tombstones"
import type { WantedAgain } from "./notes/wanted-again"
import type { Row, Surveys } from "./surveys"

/** One survey as it came. */
export interface Upload {
  readonly address: number
  readonly day: Day
  readonly text: string
  /** The sender's own fingerprint of the text, hex, where it gave one and it was right. */
  readonly digest?: string | undefined
  readonly peer: string
  /** It was in quarantine meanwhile: values that came since win. */
  readonly yields?: boolean
  /** A person gave it to this machine: no network can have delayed it. */
  readonly isByHand?: boolean
  /** More of its day may come: it is to come once more. */
  readonly isPart?: boolean
}

export interface Accepted {
  readonly kind: "accepted"
  /** The first survey of this device and day. */
  readonly first: boolean
  /** Something that was not there before. */
  readonly changed: boolean
  readonly late: boolean
  /** Good readings in this upload, and lines of it that were refused. */
  readonly readings: number
  readonly refused: number
  /** It is the very upload that came last: its refused lines are known. */
  readonly repeated: boolean
}

/** A copy of an upload that a newer one has replaced, delayed by the network: it must not win. */
export interface Stray {
  readonly kind: "stray"
  readonly strayForMs: number
}

/** What is known, and what a merge keeps beside it. */
export interface MergeParts {
  readonly clock: Clock
  readonly surveys: Surveys
  readonly days: Days
  readonly replaced: ReplacedUploads
  readonly absences: Absences
  readonly tombstones: Tombstones
  readonly again: WantedAgain
  readonly quarantine: Quarantine
}

export class Merge {
  readonly drafts: Drafts

  constructor(private readonly parts: MergeParts) {
    this.drafts = new Drafts(parts.surveys, (...survey) => this.#revised(...survey))
  }

  /**
   * @param survey the upload's text, read in its day's zone
   * @param isClosed whether the collection of its day had been closed when it came
   */
  take(upload: Upload, survey: CanonicalSurvey, isClosed: boolean): Accepted | Stray {
    const { surveys } = this.parts
    const { address, day } = upload
    const { readings, refusedCount: refused } = survey
    const draft = this.drafts.find(day, address)
    const stored = draft?.stored ?? surveys.find(day, address)
    if (!stored && readings === 0 && refused > 0) return this.#refuseAll(upload, survey)
    if (!stored) {
      const strayForMs = this.#strayOfDroppedForMs(upload)
      if (strayForMs > 0) return { kind: "stray", strayForMs }
      this.#append(upload, survey, isClosed)
      return { kind: "accepted", first: true, changed: true, late: isClosed, readings, refused, repeated: false }
    }
    const known = {
      kind: "accepted",
      first: false,
      late: stored.late === 1,
      readings,
      refused,
      repeated: false,
    } as const
    this.#noteWhole(upload)
    const digest = uploadDigest(upload)
    if ((draft?.upload ?? stored.upload ?? stored.digest) === digest)
      return { ...known, changed: false, repeated: true }
    const revised = draft ?? this.drafts.begin(stored, clockChange(day, this.parts.days.zoneOf(day)))
    return this.#revise(revised, upload, survey, digest, known)
  }

  /** A copy of what a person dropped may still be under way. */
  #strayOfDroppedForMs(upload: Upload): number {
    const { tombstones, replaced } = this.parts
    const { address, day, isByHand = false } = upload
    if (isByHand) return 0
    return tombstones.upTo(day, address) < 0 ? 0 : replaced.strayForMs(address, day, uploadDigest(upload))
  }

  /** A device's first survey of its day. */
  #append(upload: Upload, survey: CanonicalSurvey, isClosed: boolean): void {
    const { clock, surveys, tombstones } = this.parts
    const { address, day, text } = upload
    const { body, readings } = survey
    const digest = surveyDigest(formatAddress(address), day, body)
    const lastUpload = body === text ? null : uploadDigest(upload)
    const revision = Math.max(clock.now(), tombstones.upTo(day, address) + 1)
    const late = isClosed ? 1 : 0
    const arrivedAt = null // at its revision
    surveys.put({ day, address, revision, body, readings, digest, upload: lastUpload, arrivedAt, late }, undefined)
    this.#noteWhole(upload)
    this.#quarantineLines(upload, survey)
  }

  /** Whether it is to come once more; what a person or the quarantine gives says nothing of what the source will. */
  #noteWhole({ address, day, isByHand = false, yields = false, isPart = false }: Upload): void {
    const { again } = this.parts
    if (isPart) again.put(day, address)
    else if (!isByHand && !yields) again.settle(day, address)
  }

  #revise(
    draft: Draft,
    upload: Upload,
    survey: CanonicalSurvey,
    digest: string,
    known: Omit<Accepted, "changed">,
  ): Accepted | Stray {
    const { days, replaced } = this.parts
    const { address, day, yields = false, isByHand = false } = upload
    const change = clockChange(day, days.zoneOf(day))
    const { changes, superseded } = draft.compare(parseSurvey(survey.body, change).readings, yields)
    const changed = changes.length > 0
    // a copy that would change nothing is safe to acknowledge: a sensor that sends a reading a datagram may repeat one
    const strayForMs = !changed || yields || isByHand ? 0 : replaced.strayForMs(address, day, digest)
    if (strayForMs > 0) return { kind: "stray", strayForMs }
    this.#quarantineLines(upload, survey)
    this.#quarantineReadings(upload, superseded)
    if (!yields) replaced.remember(address, day, draft.upload)
    this.drafts.take(draft, changes, yields ? draft.upload : digest)
    return { ...known, changed }
  }

  /** A survey of which nothing can be used is none: its lines are kept in quarantine, once, and it stays owed. */
  #refuseAll(upload: Upload, survey: CanonicalSurvey): Accepted {
    const { absences } = this.parts
    const { address, day } = upload
    const { refusedCount: refused } = survey
    const digest = uploadDigest(upload)
    const repeated = absences.find(day, address)?.upload === digest
    if (!repeated) {
      const reason = `${refused} of ${refused === 1 ? "1 line" : `${refused} lines`} refused`
      absences.put(day, address, { kind: "lines", reason, upload: digest })
      this.#quarantineLines(upload, survey)
    }
    return { kind: "accepted", first: false, changed: false, late: false, readings: 0, refused, repeated }
  }

  #revised(stored: Row, body: string, readings: number, upload: string, refused: RefusedLines): Row {
    const { day, address } = stored
    this.#quarantineLines({ day, address, peer: formatAddress(address) }, refused)
    // rises also when the clock was set back
    const revision = Math.max(stored.revision + 1, this.parts.clock.now())
    const arrivedAt = stored.arrivedAt ?? stored.revision
    const digest = surveyDigest(formatAddress(address), day, body)
    return { ...stored, revision, body, readings, digest, upload, arrivedAt }
  }

  #quarantineLines(
    { address, day, peer }: Pick<Upload, "address" | "day" | "peer">,
    { refused, refusedCount }: Pick<CanonicalSurvey, "refused" | "refusedCount">,
  ): void {
    const { quarantine, clock } = this.parts
    for (const { line, rule, text } of refused) {
      const told = readToldRow(text)
      const what = told
        ? { reason: told.reason, bytes: told.text, forGood: true }
        : { reason: `line ${line}: ${rule}`, bytes: text }
      quarantine.add(clock.now(), { kind: "line", ...what, peer, address, day })
    }
    if (refusedCount === refused.length) return
    const reason = `${refusedCount - refused.length} more lines, counted and not kept`
    quarantine.add(clock.now(), { kind: "line", reason, bytes: "", peer, address, day, forGood: true })
  }

  #quarantineReadings({ address, day, peer, yields }: Upload, superseded: readonly Reading[]): void {
    if (superseded.length === 0) return
    const { quarantine, clock } = this.parts
    const reason = yields ? "Other values came before these" : "A newer upload gave other values for these times"
    const bytes = formatSurvey(superseded)
    quarantine.add(clock.now(), { kind: "reading", reason, bytes, peer, address, day })
  }
}

const uploadDigest = ({ address, day, text, digest }: Pick<Upload, "address" | "day" | "text" | "digest">): string =>
  digest ?? surveyDigest(formatAddress(address), day, text)
