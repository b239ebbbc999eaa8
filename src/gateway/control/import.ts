// Takes history that a person brings: uploads like any other, of any day, also of one that the spool keeps no more.
import { StorageRefused } from "../../storage/errors"
import type { Day } from "../../survey/calendar"
import type { Devices } from "../../topology/devices"
import type { Collector } from "../intake/collector"

/** Some of a device's lines of a day, or all. */
export interface ImportedSurvey {
  readonly address: number
  readonly day: Day
  readonly text: string
}

export interface Imported {
  readonly surveys: number
  /** Of them, those that brought something that was not there. */
  readonly changed: number
  readonly readings: number
}

const PEER = "import"

/** Resolves when all is durable. Throws StorageRefused when the disk refuses: given once more, it goes on. */
export async function importSurveys(
  surveys: readonly ImportedSurvey[],
  { collector, declared }: { readonly collector: Collector; readonly declared: { readonly devices: Devices } },
): Promise<Imported> {
  const known = surveys.filter(({ address }) => declared.devices.has(address))
  const outcomes = await Promise.all(known.map((survey) => collector.take({ ...survey, peer: PEER })))
  const imported = { surveys: 0, changed: 0, readings: 0 }
  for (const outcome of outcomes) {
    if (outcome.kind === "postponed") throw new StorageRefused(outcome.reason)
    imported.surveys++
    if (outcome.changed) imported.changed++
    imported.readings += outcome.readings
  }
  return imported
}

/** "Imported: 30 surveys, 2880 readings, 12 new or changed" */
export const describeImported = ({ surveys, readings, changed }: Imported): string =>
  `Imported: ${surveys} surveys, ${readings} readings, ${changed} new or changed`

/** What that says; undefined where it is something else. */
export function readImported(text: string): Imported | undefined {
  const [, surveys, readings, changed] =
    /^Imported: (\d+) surveys, (\d+) readings, (\d+) new or changed$/.exec(text) ?? []
  if (surveys === undefined) return undefined
  return { surveys: Number(surveys), readings: Number(readings), changed: Number(changed) }
}
