// What a spool and a store hold when they are opened after a power cut: as the roles open them, and as people do.
import type { Database } from "bun:sqlite"
import { dirname } from "node:path"
import { StoreReader } from "../../../src/cloud/store/reader"
import { STORE } from "../../../src/cloud/store/sqlite/schema"
import { SPOOL } from "../../../src/gateway/spool/schema"
import { type DatabaseKind, DurableDatabase, openForReading } from "../../../src/storage/database"
import type { Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import { SITE } from "./workload"

/** A device and day. */
export type Key = string

export const keyOf = (ip: string, day: Day): Key => `${ip} ${day}`

const EVERYTHING = { site: SITE, from: "0000-01-01", to: "9999-12-31" } as const

export interface SpoolContents {
  /** `delivered` is the revision that is marked so; 0: none. */
  readonly surveys: ReadonlyMap<Key, { readonly text: string; readonly delivered: number }>
  /** Lines. */
  readonly quarantined: ReadonlySet<string>
}

/** Texts of readings, a line each, by device and day. */
export type StoreContents = ReadonlyMap<Key, string>

/** One kind of database, and how it is read. */
export interface Kept<Contents> {
  readonly kind: DatabaseKind
  /** Beside a role that has it open. */
  read(sqlite: Database, file: string): Promise<Contents>
  /** As people do while no role runs, with `status` and `readings`. */
  lookAt(file: string): Promise<Contents>
}

/** As a role opens it when it starts again. Rejects with what opening throws, and an Error when SQLite finds it damaged. */
export async function restart<Contents>(
  file: string,
  { kind, read }: Kept<Contents>,
  isThorough: boolean,
): Promise<Contents> {
  const database = DurableDatabase.open(file, kind, "simulated")
  try {
    if (isThorough) checkIntegrity(database.sqlite)
    return await read(database.sqlite, file)
  } finally {
    database.close()
  }
}

function checkIntegrity(sqlite: Database): void {
  const found = sqlite.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all()
  const text = found.map(({ integrity_check }) => integrity_check).join("; ")
  if (text !== "ok") throw new Error(`the integrity check says: ${text}`)
}

export const spool: Kept<SpoolContents> = {
  kind: SPOOL,
  read: async (sqlite) => readSpool(sqlite),
  async lookAt(file) {
    using sqlite = openForReading(file, SPOOL)
    return readSpool(sqlite)
  },
}

export const store: Kept<StoreContents> = {
  kind: STORE,
  read: (_sqlite, file) => readStore(file),
  lookAt: readStore,
}

/** The only place here that knows the spool's tables. */
function readSpool(sqlite: Database): SpoolContents {
  const rows = sqlite
    .query<{ address: number; day: Day; body: string; delivered: number }, []>(
      `SELECT surveys.address, surveys.day, body,
         iif(slots.id IS NULL OR slot IN (SELECT slot FROM due UNION ALL SELECT slot FROM refused), 0, revision) AS delivered
       FROM surveys LEFT JOIN slots USING (slot, id)`,
    )
    .all()
  const surveys = new Map<Key, { text: string; delivered: number }>()
  for (const { address, day, body, delivered } of rows) {
    surveys.set(keyOf(formatAddress(address), day), { text: body.trimEnd(), delivered })
  }
  if (surveys.size < rows.length) throw new Error(`of ${rows.length} surveys some are there twice`)
  const aside = sqlite.query<{ text: string }, []>("SELECT CAST(bytes AS TEXT) AS text FROM quarantine").all()
  return { surveys, quarantined: new Set(aside.flatMap(({ text }) => text.split("\n"))) }
}

async function readStore(store: string): Promise<StoreContents> {
  await using reader = await StoreReader.open({ store, folder: dirname(store) })
  const texts = new Map<Key, string>()
  for await (const { address, day, time, temperature, humidity } of reader.rows(EVERYTHING)) {
    const key = keyOf(formatAddress(address), day)
    const before = texts.get(key)
    const line = `${time} - ${temperature} - ${humidity}%`
    texts.set(key, before === undefined ? line : `${before}\n${line}`)
  }
  return texts
}
