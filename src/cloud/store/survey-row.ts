// A device's day as a row of the table `surveys` keeps it, and what comes to it: how both become one row, whichever engine
// keeps it.
import { clockChangeIfKnown, type Day } from "../../survey/calendar"
import { mergeVersions, type Version } from "./merge"
import type { StoredReading } from "./stored"

/** What a row says of its versions. */
export interface SurveyRow {
  readonly revision: number
  /** The zone's name. */
  readonly zone: string
  /** JSON. */
  readonly readings: string
  /** JSON: each reading's own; null: all have the row's. */
  readonly revisions: string | null
}

/** What comes to a row that is there. */
export interface Incoming {
  readonly revision: number
  readonly zone: string
  readonly versions: readonly Version[]
}

export interface MergedRow {
  readonly row: SurveyRow
  readonly versions: readonly Version[]
  readonly superseded: readonly Version[]
  /** Any value or revision of it is another one now. */
  readonly changed: boolean
  /** Any value. */
  readonly showsOthers: boolean
}

export function mergeRow(row: SurveyRow, day: Day, { revision, zone, versions: incoming }: Incoming): MergedRow {
  // of one revision in two zones the one whose name is higher, whichever came first
  const isNewer = revision > row.revision || (revision === row.revision && zone > row.zone)
  const latest = isNewer ? { revision, zone } : { revision: row.revision, zone: row.zone }
  const { versions, superseded } = mergeVersions(versionsOf(row), incoming, clockChangeIfKnown(day, latest.zone))
  const { readings, revisions } = columnsOf(versions, latest.revision)
  const isSame =
    latest.revision === row.revision &&
    latest.zone === row.zone &&
    readings === row.readings &&
    revisions === row.revisions
  return {
    row: isSame ? row : { ...latest, readings, revisions },
    versions,
    superseded,
    changed: !isSame,
    showsOthers: readings !== row.readings,
  }
}

export function versionsOf({ revision, readings, revisions }: Omit<SurveyRow, "zone">): Version[] {
  const stored: StoredReading[] = JSON.parse(readings)
  const own: number[] | undefined = revisions === null ? undefined : JSON.parse(revisions)
  return stored.map((reading, index) => ({ reading, revision: own?.[index] ?? revision }))
}

/** As a row of this revision keeps them. */
export function columnsOf(versions: readonly Version[], revision: number): Pick<SurveyRow, "readings" | "revisions"> {
  const own = versions.map((version) => version.revision)
  return {
    readings: JSON.stringify(versions.map(({ reading }) => reading)),
    revisions: own.every((each) => each === revision) ? null : JSON.stringify(own),
  }
}

/** Of a survey that was there, the values that came behind a revision. */
export function newerThan(upTo: number, row: Omit<SurveyRow, "zone">): Pick<SurveyRow, "readings" | "revisions"> {
  const versions = versionsOf(row).filter(({ revision }) => revision > upTo)
  return columnsOf(versions, row.revision)
}
