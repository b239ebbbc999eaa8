// A store of its own, with a clock that stands still, and requests without sockets.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { STORE } from "../../src/cloud/schema"
import { Store } from "../../src/cloud/store"
import { formatCode } from "../../src/coap/code"
import { type Response, textOf } from "../../src/coap/resource"
import { DurableDatabase } from "../../src/storage/database"
import { GroupCommit } from "../../src/storage/group-commit"
import { clockChange } from "../../src/survey/calendar"
import { readCanonical } from "../../src/survey/canonical"
import { surveyDigest } from "../../src/survey/digest"
import { formatAddress } from "../../src/topology/address"
import { DAY, fillDisk, makeRoom, NOW, SITE, TIME_ZONE, TOMATOES } from "../fixtures"

export { DAY, HERBS, LARGE, MORNING, NOW, type RequestParts, requestFor, SITE, TIME_ZONE, TOMATOES } from "../fixtures"

export interface Row {
  site: string
  device: string
  day: string
  time: string
  temperature: number
  humidity: number
}

export class Bench implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "cloud-"))
  now = NOW
  declare database: DurableDatabase
  declare commits: GroupCommit
  declare store: Store

  constructor() {
    this.open()
  }

  open(): void {
    this.database = DurableDatabase.open(join(this.folder, "cloud.db"), STORE, "simulated")
    this.commits = new GroupCommit(this.database, () => {})
    this.store = new Store(this.database, this.commits, () => this.now)
  }

  reopen(): void {
    this.database.close()
    this.open()
  }

  describeSite(site = SITE): Promise<void> {
    return this.store.putSite(site, { timeZone: TIME_ZONE, devices: [{ ip: "192.168.1.2", name: "tomatoes" }] })
  }

  put(text: string, revision?: number, address = TOMATOES, day = DAY, site = SITE) {
    const { body } = readCanonical(text, clockChange(day, TIME_ZONE))
    const digest = surveyDigest(`${site}/${formatAddress(address)}`, day, text)
    return this.store.putSurvey(site, { day, address, digest, body, ...(revision !== undefined && { revision }) })
  }

  /** What any SQLite client sees. */
  readings(): Row[] {
    return this.database.sqlite.query<Row, []>("SELECT * FROM readings").all()
  }

  fillDisk(): void {
    fillDisk(this.database.sqlite)
  }

  makeRoom(): void {
    makeRoom(this.database.sqlite)
  }

  [Symbol.dispose](): void {
    this.database.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** "2.04 Surveys received" */
export const shown = (response: Response): string => `${formatCode(response.code)} ${textOf(response)}`.trimEnd()
