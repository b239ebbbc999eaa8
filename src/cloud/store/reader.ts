// Reads the store beside a running cloud, for people and their programmes.
import type { Day } from "../../survey/calendar"
import { type AddressRange, parseRange } from "../../topology/address"
import { type NamedRange, nameOf } from "../../topology/names"
import type { SiteInfo } from "./contract"
import { firstStored, lastStored, storedDays } from "./days"
import { nameIn, namesIn } from "./names"
import { type OpenTables, openTables, type StorePlace } from "./open"
import { pagesOf, type Selection, type StoredDay, type StoredRow } from "./pages"

export class StoreReader implements AsyncDisposable {
  /** @param tables are its own from now on */
  constructor(private readonly tables: OpenTables) {}

  /** Rejects with StorageError when there is no store yet. */
  static async open(place: StorePlace): Promise<StoreReader> {
    return new StoreReader(await openTables(place))
  }

  /** The latest day of which anything is stored, or any reading of this device. */
  lastDay(site: string, device?: number): Promise<Day | undefined> {
    return lastStored(this.tables, site, device)
  }

  /** The first day of which anything is stored. */
  firstDay(site: string): Promise<Day | undefined> {
    return firstStored(this.tables, site)
  }

  /** Days of which anything is stored, rising. */
  days(site: string, from?: Day, to?: Day): Promise<Day[]> {
    return storedDays(this.tables, site, from, to)
  }

  async sites(): Promise<string[]> {
    const rows = await this.tables.all<{ site: string }>("SELECT site FROM sites ORDER BY site")
    return rows.map(({ site }) => site)
  }

  /** Of devices that have a name or had one, in address order. */
  names(site: string): Promise<NamedRange[]> {
    return namesIn(this.tables, site)
  }

  /** Of one device; undefined where it never had any. */
  async name(site: string, address: number): Promise<string | undefined> {
    return nameOf(await nameIn(this.tables, site, address), address)
  }

  /** Those of a site as its gateway described them last, its former devices among them. */
  async devices(site: string): Promise<AddressRange[]> {
    const row = await this.tables.get<{ devices: string }>("SELECT devices FROM sites WHERE site = ?1", site)
    const labels: SiteInfo["devices"] = JSON.parse(row?.devices ?? "[]")
    return labels.flatMap(({ ip }) => parseRange(ip) ?? [])
  }

  /** How many readings this device has of a day; undefined without a survey of it. */
  async countReadings(site: string, day: Day, device: number): Promise<number | undefined> {
    const row = await this.tables.get<{ readings: number }>(
      `SELECT ${this.tables.dialect.arrayLength("readings")} AS readings FROM surveys
       WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2 AND address = ?3`,
      ...[site, day, device],
    )
    return row?.readings
  }

  /** By day and device, at least one a page; what comes meanwhile may be on the next one. */
  pages(selection: Selection): AsyncGenerator<readonly StoredDay[]> {
    return pagesOf(this.tables, selection)
  }

  /** One after the other. */
  async *surveys(selection: Selection): AsyncGenerator<StoredDay> {
    for await (const page of this.pages(selection)) yield* page
  }

  /** By day, device and time, one row after the other. */
  async *rows(selection: Selection): AsyncGenerator<StoredRow> {
    for await (const { readings, ...of } of this.surveys(selection)) {
      for (const [time, temperature, humidity] of readings) yield { ...of, time, temperature, humidity }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tables[Symbol.asyncDispose]()
  }
}
