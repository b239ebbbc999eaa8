// A store of its own, with a clock that stands still, and requests without sockets.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ReceiverOptions } from "../../src/cloud/receiver"
import type { Delivery, Kept } from "../../src/cloud/store/contract"
import { type OpenTables, openTables } from "../../src/cloud/store/open"
import { STORE } from "../../src/cloud/store/sqlite/schema"
import { SqliteStore } from "../../src/cloud/store/sqlite/store"
import type { StoredReading } from "../../src/cloud/store/stored"
import { formatCode } from "../../src/coap/code"
import { type Response, textOf } from "../../src/coap/resource"
import { DurableDatabase } from "../../src/storage/database"
import { GroupCommit } from "../../src/storage/group-commit"
import { clockChange, type Day } from "../../src/survey/calendar"
import { readCanonical } from "../../src/survey/canonical"
import { surveyDigest } from "../../src/survey/digest"
import { PROTOCOL } from "../../src/survey/protocol"
import { parseSurvey } from "../../src/survey/survey"
import { formatAddress } from "../../src/topology/address"
import { DAY, fillDisk, makeRoom, NOW, SITE, TIME_ZONE, TOMATOES } from "../fixtures"
import type { KeptSurvey, OpenStore, Superseded } from "./store/contract"

export { DAY, HERBS, LARGE, MORNING, NOW, type RequestParts, requestFor, SITE, TIME_ZONE, TOMATOES } from "../fixtures"

export interface Row {
  site: string
  device: string
  day: string
  time: string
  temperature: number
  humidity: number
  timestamp: string | null
  name: string | null
}

export const SPOOL = "3f0c9a52"
export const DEVICES = [{ ip: "192.168.1.2", name: "tomatoes" }, { ip: "192.168.1.3" }]
/** How a gateway describes its site. */
export const DESCRIPTION = { protocol: PROTOCOL, spool: SPOOL, timeZone: TIME_ZONE, devices: DEVICES }
/** Where requests come from unless told: may speak for every site that is served. */
export const GATEWAY = "127.168.1.2"

/** A delivery as the receiver makes it of a text. */
export function deliveryOf(
  text: string,
  { revision, address = TOMATOES, day = DAY, zone = TIME_ZONE }: Partial<Delivery> = {},
): Delivery {
  const { body } = readCanonical(text, clockChange(day, zone))
  return { day, address, revision, digest: surveyDigest(formatAddress(address), day, body), zone, body }
}

export class Bench implements OpenStore {
  readonly folder = mkdtempSync(join(tmpdir(), "cloud-"))
  readonly file = join(this.folder, "cloud.db")
  readonly place = { store: this.file, folder: this.folder }
  now = NOW
  declare database: DurableDatabase
  declare commits: GroupCommit
  declare store: SqliteStore

  constructor() {
    this.open()
  }

  open(): void {
    this.database = DurableDatabase.open(this.file, STORE, "simulated")
    this.commits = new GroupCommit(this.database, () => {})
    this.store = new SqliteStore(this.database, this.commits, () => this.now)
  }

  reopen(): void {
    this.database.close()
    this.open()
  }

  async describeSite(site = SITE): Promise<void> {
    await this.store.describeSite(site, { timeZone: TIME_ZONE, devices: DEVICES, spool: SPOOL })
  }

  openTables(): Promise<OpenTables> {
    return openTables(this.place)
  }

  /** Delivers a text; resolves with what became of it. */
  async put(text: string, revision?: number, address = TOMATOES, day = DAY, site = SITE): Promise<Kept["outcome"]> {
    const { outcome } = await this.store.deliver(site, deliveryOf(text, { revision, address, day }))
    return outcome
  }

  /** Adds lines as plain text brings them. */
  addText(text: string, day: Day = DAY, address = TOMATOES, zone = TIME_ZONE) {
    const { readings } = parseSurvey(text, clockChange(day, zone))
    return this.store.addText(SITE, { day, address, zone, readings })
  }

  /** What any SQLite client sees. */
  readings(): Row[] {
    return this.database.sqlite.query<Row, []>("SELECT * FROM readings").all()
  }

  /** As somebody may who writes into the file by hand, while nothing else does. */
  write(sql: string, ...values: string[]): void {
    this.database.transaction(() => this.database.sqlite.run(sql, values))
  }

  /** All that is in the tables, to see whether anything of it changes. */
  tables(): Record<string, unknown[]> {
    const names = this.database.sqlite
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
    return Object.fromEntries(
      names.map(({ name }) => [name, this.database.sqlite.query(`SELECT * FROM ${name}`).all()]),
    )
  }

  async kept(address?: number): Promise<KeptSurvey[]> {
    const rows = this.database.sqlite
      .query<SurveyRow, [number | null]>(
        `SELECT sites.site, day, address, revision, zones.zone, readings, revisions FROM surveys
         JOIN sites ON sites.id = surveys.site JOIN zones ON zones.id = surveys.zone
         WHERE address = coalesce(?1, address) ORDER BY sites.site, day, address`,
      )
      .all(address ?? null)
    return rows.map(({ readings, revisions, ...row }) => {
      const own: number[] | null = JSON.parse(revisions ?? "null")
      const stored: StoredReading[] = JSON.parse(readings)
      return { ...row, versions: stored.map((reading, at) => ({ reading, revision: own?.[at] ?? row.revision })) }
    })
  }

  async superseded(address?: number): Promise<Superseded[]> {
    const rows = this.database.sqlite
      .query<SupersededRow, [number | null]>(
        `SELECT * FROM superseded WHERE address = coalesce(?1, address)
         ORDER BY day, address, time, revision, temperature`,
      )
      .all(address ?? null)
    return rows.map(({ time, temperature, humidity, revision }) => ({
      reading: [time, temperature, humidity],
      revision,
    }))
  }

  fillDisk(): void {
    fillDisk(this.database.sqlite)
  }

  makeRoom(): void {
    makeRoom(this.database.sqlite)
  }

  remove(): void {
    this.database.close()
    rmSync(this.folder, { recursive: true })
  }

  [Symbol.dispose](): void {
    this.remove()
  }
}

interface SurveyRow {
  readonly site: string
  readonly day: Day
  readonly address: number
  readonly revision: number
  readonly zone: string
  readonly readings: string
  readonly revisions: string | null
}

interface SupersededRow {
  readonly time: string
  readonly temperature: number
  readonly humidity: number
  readonly revision: number
}

/** What a receiver needs: every site of these may be spoken for by the gateway, and nobody hears of anything. */
export const receiverOptions = (bench: Bench, more: Partial<ReceiverOptions> = {}): ReceiverOptions => ({
  store: bench.store,
  gateways: gateways((sender) => sender === GATEWAY),
  now: () => bench.now,
  emit() {},
  ...more,
})

export const gateways = (maySpeakFor: (sender: string, site: string) => boolean): ReceiverOptions["gateways"] => ({
  serves: (site) => [SITE, "orchard", "farm"].includes(site),
  maySpeakFor,
})

/** "2.04 Surveys received" */
export const shown = (response: Response): string => `${formatCode(response.code)} ${textOf(response)}`.trimEnd()
