// What the spool holds, read from its tables as anybody may.
import { Database } from "bun:sqlite"
import { existsSync } from "node:fs"
import type { Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import { type Reading, readingsOf } from "./reading"
import type { Dropped } from "./store"

export interface HeldSurvey {
  readonly ip: string
  readonly day: Day
  readonly readings: readonly Reading[]
  readonly isDue: boolean
  readonly isRefused: boolean
}

export interface Quarantined {
  readonly kind: string
  readonly ip: string
  readonly day: Day
  readonly reason: string
  readonly readings: readonly Reading[]
}

export interface SpoolContents {
  readonly surveys: readonly HeldSurvey[]
  readonly quarantined: readonly Quarantined[]
  readonly unconfirmed: readonly Day[]
  readonly absent: readonly string[]
  readonly dropped: readonly Dropped[]
}

const NO_SPOOL: SpoolContents = {
  surveys: [],
  quarantined: [],
  unconfirmed: [],
  absent: [],
  dropped: [],
}

/** Nothing where there is no file; also beside a gateway that runs. */
export function readSpool(path: string): SpoolContents {
  if (!existsSync(path)) return NO_SPOOL
  using spool = new Database(path, { readonly: true })
  const surveys = spool
    .query<{ day: Day; address: number; body: string; due: number; refused: number }, []>(
      `SELECT surveys.day, surveys.address, body,
         slots.id IS NULL OR EXISTS (SELECT 1 FROM due WHERE due.slot = surveys.slot) AS due,
         EXISTS (SELECT 1 FROM refused WHERE refused.slot = surveys.slot AND runs > 0) AS refused
       FROM surveys LEFT JOIN slots USING (slot, id)`,
    )
    .all()
  const quarantined = spool
    .query<
      {
        kind: string
        address: number
        day: Day
        reason: string
        bytes: Uint8Array
      },
      []
    >("SELECT kind, address, day, reason, bytes FROM quarantine WHERE address IS NOT NULL AND day IS NOT NULL")
    .all()
  return {
    surveys: surveys.map(({ day, address, body, due, refused }) => {
      const ip = formatAddress(address)
      return {
        ip,
        day,
        readings: readingsOf(ip, day, body),
        isDue: due === 1,
        isRefused: refused === 1,
      }
    }),
    quarantined: quarantined.map(({ kind, address, day, reason, bytes }) => {
      const ip = formatAddress(address)
      return {
        kind,
        ip,
        day,
        reason,
        readings: readingsOf(ip, day, Buffer.from(bytes).toString()),
      }
    }),
    unconfirmed: spool
      .query<{ day: Day }, []>(
        // of a day that was dropped nothing is expected and nothing there: there is nothing to agree about
        `SELECT day FROM collections WHERE (closed_at IS NULL OR confirmed = 0)
         AND (expected != '[]' OR EXISTS (SELECT 1 FROM surveys WHERE surveys.day = collections.day))`,
      )
      .all()
      .map(({ day }) => day),
    absent: spool
      .query<{ reason: string }, []>("SELECT reason FROM absent")
      .all()
      .map(({ reason }) => reason),
    dropped: spool.query<Dropped, []>("SELECT day, first, last, revision FROM dropped").all(),
  }
}

/** Whether it was acknowledged before it came to the quarantine: it gave way, or was refused later. */
export const isOfReadings = ({ kind }: Quarantined): boolean => ["reading", "delivery", "line"].includes(kind)

/** Everything that a spool still has of acknowledged readings; of what the cloud has taken, only days from this one on. */
export function heldBySpool(path: string, from: Day): Reading[] {
  const { surveys, quarantined } = readSpool(path)
  const kept = quarantined.filter(isOfReadings)
  const staying = surveys.filter(({ day, isDue, isRefused }) => isDue || isRefused || day >= from)
  return [...staying, ...kept].flatMap(({ readings }) => readings)
}
