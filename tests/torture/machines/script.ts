// How directed courses are written: what happens, by hours from the beginning, an hour before the first run.
import type { Day } from "../../../src/survey/calendar"
import { HOUR_MS } from "../network/chance"
import type { Declared } from "./declaration"
import type { Installation } from "./installation"
import { type Quarantined, readSpool } from "./spool"
import { readStore } from "./store"

export interface Directed {
  readonly days: number
  /** So many without it: more than a course lasts. */
  readonly retentionDays?: number
  /** Of a device's day; a few without it. */
  readonly readings?: number
  readonly plan: (installation: Installation) => void
}

export const FILED = "192.168.1.2"
export const SENSOR = "192.168.1.3"
export const DEVICES: readonly Declared[] = [
  { ip: FILED, source: "files" },
  { ip: SENSOR, source: "sensor" },
  { ip: "192.168.1.4", source: "files" },
]

/** So many hours behind the beginning. */
export const after = (installation: Installation, hours: number, work: () => void): void =>
  installation.at(installation.options.startsAt + hours * HOUR_MS, work)

/** Complains unless it is so by then. */
export function expect(installation: Installation, hours: number, what: string, isSo: () => boolean): void {
  after(installation, hours, () => {
    if (!isSo()) installation.world.fail(`not so after ${hours} hours: ${what}`)
  })
}

/** The cloud has readings of this device's day, under the site's present name. */
export const isStored = ({ files, names }: Installation, ip: string, day: Day): boolean =>
  readStore(files.store).shown.some((value) => {
    return value.site === names.gateway && value.ip === ip && value.day === day
  })

/** Why the cloud has refused it, as the quarantine keeps it; undefined where it is not there. */
export const quarantined = ({ files }: Installation, ip: string, day: Day): Quarantined | undefined =>
  readSpool(files.spool).quarantined.find((each) => {
    return each.kind === "delivery" && each.ip === ip && each.day === day
  })

export const isDue = ({ files }: Installation, ip: string, day: Day): boolean =>
  readSpool(files.spool).surveys.some((survey) => survey.ip === ip && survey.day === day && survey.isDue)
