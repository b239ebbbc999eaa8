// Takes history that a person brings: uploads like any other, of any day, also of one that the spool keeps no more.
import { StorageRefused } from "../../storage/errors"
import type { Day } from "../../survey/calendar"
import type { Devices } from "../../topology/devices"
import type { Collector } from "../intake/collector"
import type { Upload } from "../spool/merge"

/** Some of a device's lines of a day, or all. */
export interface ImportedSurvey {
  readonly address: number
  readonly day: Day
  readonly text: string
  /** By which clock its times are. */
  readonly zone?: string | undefined
}

export interface Imported {
  readonly surveys: number
  /** Of them, those that brought something that was not there. */
  readonly changed: number
  readonly readings: number
  /** Lines that the gateway's rules refuse. */
  readonly refused: number
}

const PEER = "import"

/**
 * Resolves when all is durable. What is of a device that nobody declared, or of another clock than its day, is left alone.
 * Throws StorageRefused when the disk refuses: given once more, it goes on.
 */
export async function importSurveys(
  surveys: readonly ImportedSurvey[],
  { collector, declared }: { readonly collector: Collector; readonly declared: { readonly devices: Devices } },
): Promise<Imported> {
  const isPlaced = ({ day, zone = collector.zoneOf(day) }: ImportedSurvey) => zone === collector.zoneOf(day)
  const known = surveys.filter((survey) => declared.devices.has(survey.address) && isPlaced(survey))
  const uploads = known.map(({ address, day, text }): Upload => {
    return { address, day, text, peer: PEER, isByHand: true, isPart: collector.isToBeCollected(day) }
  })
  const outcomes = await Promise.all(uploads.map((upload) => collector.take(upload)))
  const imported = { surveys: 0, changed: 0, readings: 0, refused: 0 }
  for (const outcome of outcomes) {
    if (outcome.kind === "postponed") throw new StorageRefused(outcome.reason)
    imported.surveys++
    if (outcome.changed) imported.changed++
    imported.readings += outcome.readings
    imported.refused += outcome.refused
  }
  return imported
}

/** "Imported: 30 surveys, 2880 readings, 12 new or changed, 0 refused" */
export const describeImported = ({ surveys, readings, changed, refused }: Imported): string =>
  `Imported: ${surveys} surveys, ${readings} readings, ${changed} new or changed, ${refused} refused`

/** What that says; undefined where it is something else. */
export function readImported(text: string): Imported | undefined {
  const [, surveys, readings, changed, refused] =
    /^Imported: (\d+) surveys, (\d+) readings, (\d+) new or changed, (\d+) refused$/.exec(text) ?? []
  if (surveys === undefined) return undefined
  return {
    surveys: Number(surveys),
    readings: Number(readings),
    changed: Number(changed),
    refused: Number(refused),
  }
}
