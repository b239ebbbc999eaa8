// A fleet's spool and store as months of runs leave them, written directly: what came is delivered, closed and confirmed.
import type { Database } from "bun:sqlite"
import { STORE } from "../../../src/cloud/store/sqlite/schema"
import { toJson } from "../../../src/cloud/store/stored"
import { SPOOL } from "../../../src/gateway/spool/schema"
import { slotOf } from "../../../src/gateway/spool/slot"
import { type DatabaseKind, DurableDatabase } from "../../../src/storage/database"
import { addDays, type Day, dayBefore } from "../../../src/survey/calendar"
import { readCanonical } from "../../../src/survey/canonical"
import { formatRange } from "../../../src/topology/address"
import type { Topology } from "../../../src/topology/topology"
import { A_DAYS_READINGS, surveyOf } from "../load/surveys"
import { FIRST_DEVICE } from "../load/topology"

export interface Months {
  readonly devices: number
  /** In the ledger and in the account of each day. */
  readonly days: number
  /** The last ones, of which each survey stands where it is looked for; no page looks further back. */
  readonly spoolDays: number
  readonly storeDays: number
  /** Of the first device alone, in the store. */
  readonly deviceDays: number
}

const READINGS = 24
const HOUR_MS = 3_600_000
const MISSING_EACH = 1000 // one of so many devices has nothing on a day
const SAME_EACH = 100 // and one of so many has the readings of the day before

/** Yesterday, the last day of them. */
export const lastDay = (): Day => dayBefore(Date.now(), "UTC")

export function fillSpool({ gateway, site }: Topology, { devices, days, spoolDays }: Months): void {
  write(gateway.spool, SPOOL, (sqlite) => {
    const expected = JSON.stringify([formatRange({ first: FIRST_DEVICE, last: FIRST_DEVICE + devices - 1 })])
    sqlite.run("INSERT INTO spool VALUES ('bench', ?1)", [site])
    for (let ago = days - 1; ago >= 0; ago--) {
      const day = addDays(lastDay(), -ago)
      const runAt = Date.parse(addDays(day, 1)) + 6 * HOUR_MS
      sqlite.run("INSERT INTO collections VALUES (?1, ?2, ?3, ?4, 1, 0)", [day, runAt, expected, runAt + HOUR_MS])
      const arrived = ago < spoolDays ? fillSlots(sqlite, day, devices) : devices
      const bytes = arrived * A_DAYS_READINGS.length
      sqlite.run("INSERT INTO days VALUES (?1, 'UTC', ?2, ?3, ?4, 0)", [day, arrived, arrived * READINGS, bytes])
    }
  })
}

/** How many. */
function fillSlots(sqlite: Database, day: Day, devices: number): number {
  const [first, nth] = [slotOf(day, FIRST_DEVICE), Date.parse(day) / (24 * HOUR_MS)]
  return sqlite.run(
    `WITH RECURSIVE fleet (device) AS (SELECT 0 UNION ALL SELECT device + 1 FROM fleet WHERE device + 1 < ?1)
     INSERT INTO slots (slot, id, readings, content, late)
     SELECT ?2 + device, ?3 * ?1 + device, ${READINGS}, iif(device % ${SAME_EACH} = 1, device, ?3 * ?1 + device), 0
     FROM fleet WHERE (device + ?3) % ${MISSING_EACH} > 0 OR device < ${MISSING_EACH}`,
    [devices, first, nth],
  ).changes
}

export function fillStore({ cloud, site }: Topology, { devices, days, storeDays, deviceDays }: Months): void {
  write(cloud.store, STORE, (sqlite) => {
    const fleet = formatRange({ first: FIRST_DEVICE, last: FIRST_DEVICE + devices - 1 })
    sqlite.run("INSERT INTO sites VALUES (1, ?1, 'UTC', ?2)", [site, JSON.stringify([{ ip: fleet }])])
    sqlite.run("INSERT INTO zones VALUES (1, 'UTC')")
    const insert = sqlite.query("INSERT INTO surveys VALUES (1, ?1, ?2, 1, 1, 1, ?3, NULL)")
    const decoder = new TextDecoder()
    for (let ago = Math.max(days, deviceDays) - 1; ago >= 0; ago--) {
      const day = addDays(lastDay(), -ago)
      sqlite.run("INSERT INTO offsets VALUES (1, ?1, '+00:00', NULL, NULL)", [day])
      const stored = ago < storeDays ? devices : ago < deviceDays ? 1 : 0
      for (let address = FIRST_DEVICE; address < FIRST_DEVICE + stored; address++) {
        const { body } = readCanonical(decoder.decode(surveyOf(address, A_DAYS_READINGS)), {})
        insert.run(day, address, toJson(body))
      }
      const scheduledAt = `${addDays(day, 1)}T06:00:00Z`
      const report = { scheduledAt, arrived: [fleet], late: [], missing: [], stale: [], refused: [], reasons: [] }
      if (ago < days)
        sqlite.run("INSERT INTO collections VALUES (1, ?1, ?2, '0', ?3, 1)", [day, devices, JSON.stringify(report)])
    }
  })
}

function write(file: string, kind: DatabaseKind, fill: (sqlite: Database) => void): void {
  const database = DurableDatabase.open(file, kind, "simulated", (error) => {
    throw error
  })
  database.transaction(() => fill(database.sqlite))
  database.close()
}
