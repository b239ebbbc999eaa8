// What a store promises to whoever delivers and reads, whichever engine keeps it.
import type { Day } from "../../survey/calendar"
import type { Agreement } from "../../survey/digest"
import type { Reading } from "../../survey/reading"
import type { CanonicalText } from "../../survey/survey"
import type { AddressRange } from "../../topology/address"
import type { StoredReading } from "./stored"
import type { WritableTables } from "./tables"

export interface SiteInfo {
  readonly timeZone: string
  /** `ip` may be a range. */
  readonly devices: readonly { readonly ip: string; readonly name?: string | undefined }[]
}

/** A site as its gateway describes it. */
export interface SiteDescription extends SiteInfo {
  /** The random id of the gateway's spool. */
  readonly spool: string
}

/** One device's readings of one day, as a gateway delivers them. */
export interface Delivery {
  readonly day: Day
  readonly address: number
  /** Rises with every change at the gateway; without it the delivery is newer than whatever is there. */
  readonly revision?: number | undefined
  /** surveyDigest() of the body, hexadecimal. */
  readonly digest: string
  /** The time zone in which the day was measured. */
  readonly zone: string
  readonly body: CanonicalText
}

/** Readings of one device and day that came as plain text; they count below every delivery. */
export interface TextSurvey {
  readonly day: Day
  readonly address: number
  readonly zone: string
  readonly readings: readonly Reading[]
}

export interface StoredSurvey {
  readonly address: number
  readonly readings: readonly StoredReading[]
}

/** What became of a survey; `dropped`: a person dropped it, and nothing of it is stored. */
export interface Kept {
  readonly outcome: "new" | "changed" | "known" | "dropped"
  /** Values that gave way to others of the same time, theirs or the stored ones. */
  readonly superseded: number
}

/** A gateway's account of a day. */
export interface Closing {
  readonly claimed: Agreement
  /** Whose surveys are counted. */
  readonly addresses: readonly AddressRange[]
  /** JSON: what of the gateway's account is understood. */
  readonly report: string
  /** Whether the gateway would have the day listed on the console. */
  readonly toList: boolean
  /** What the rules are to look at; nothing of a day that is only compared. */
  readonly watched?: Watched | undefined
}

/** What of a day that was closed may have changed what holds. */
export interface Watched {
  /** A run, whose news are told. */
  readonly isRun: boolean
  readonly addresses: readonly AddressRange[]
}

/** A day that a cloud has closed. */
export interface ClosedDay extends Watched {
  readonly site: string
  readonly day: Day
}

/** What became of a gateway's account. */
export interface Closed {
  /** Whether the store has what it says; otherwise nothing was recorded. */
  readonly agrees: boolean
  /** Whether the day is to be listed, now or after a restart: any of its readings is another one than when it last was. */
  readonly toList: boolean
}

/** What a person drops. */
export interface Drop {
  readonly day: Day
  readonly addresses: AddressRange
  /** Nothing up to this revision comes back. */
  readonly revision: number
  /** What has a higher revision came since, and stays; without it all goes that there is. */
  readonly sparesNewer?: boolean
}

/**
 * Whatever resolves is durable. All reject with StorageRefused when the disk refuses: nothing was changed. Any order and any
 * repetition of the same deliveries gives the same readings: at each time the value of the highest revision stays, of two
 * with the same revision the one whose text is higher.
 */
export interface Store {
  /** A site as it last described itself; undefined before it did. */
  site(site: string): Promise<SiteInfo | undefined>
  /** Resolves with whether this spool delivers in turn with another one. */
  describeSite(site: string, description: SiteDescription): Promise<{ readonly alternates: boolean }>
  deliver(site: string, delivery: Delivery): Promise<Kept>
  /** Resolves also with what is shown at these readings' times. */
  addText(site: string, text: TextSurvey): Promise<Kept & { readonly shown: readonly StoredReading[] }>
  /** Resolves with the highest revision that was dropped. */
  drop(site: string, drop: Drop): Promise<number>
  /** Records a collection if the store agrees with its claim. */
  closeCollection(site: string, day: Day, closing: Closing): Promise<Closed>
  markListed(site: string, day: Day): Promise<void>
  /** Collections that were closed, whose listing was not finished, and that no other cloud lists: by day. */
  unlisted(): Promise<readonly { readonly site: string; readonly day: Day }[]>
  /** Whether this cloud, of those that share the store, is the one that watches the rules: for half a minute. */
  watches(): Promise<boolean>
  /** Days that were closed since the last call, whichever cloud closed them; for the one that watches. */
  closings(): Promise<readonly ClosedDay[]>
  /**
   * A day's surveys in address order, in pages, so that a fleet's day is never in memory whole.
   * @param ranges only addresses within these, which rise
   */
  surveys(site: string, day: Day, ranges?: readonly AddressRange[]): AsyncIterable<readonly StoredSurvey[]>
}

/** A store that this process writes to. */
export interface OpenStore {
  readonly store: Store
  readonly tables: WritableTables
  /** Other clouds may write to it at the same time. */
  readonly isShared: boolean
  /** Surveys that wait to be stored. */
  readonly waiting: () => number
  /** What is under way is durable when it resolves. May be called twice. */
  close(): Promise<void>
}
