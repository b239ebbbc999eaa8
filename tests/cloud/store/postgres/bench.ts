// A store in PostgreSQL of its own, with a clock that stands still.
import type { OpenTables } from "../../../../src/cloud/store/open"
import { prepare } from "../../../../src/cloud/store/postgres/schema"
import { Server } from "../../../../src/cloud/store/postgres/server"
import { PostgresStore } from "../../../../src/cloud/store/postgres/store"
import { PostgresTables } from "../../../../src/cloud/store/postgres/tables"
import type { StoredReading } from "../../../../src/cloud/store/stored"
import { NOW } from "../../../fixtures"
import { sharedPostgres } from "../../../postgres"
import type { KeptSurvey, OpenStore, Superseded } from "../contract"
import type { ReadableStore } from "../reader"

const LARGE = 20_000 // characters, of readings that a full disk has no room for

export class PostgresBench implements OpenStore, ReadableStore {
  now = NOW
  declare server: Server
  declare store: PostgresStore
  declare tables: PostgresTables

  private constructor(readonly url: string) {}

  static async open(): Promise<PostgresBench> {
    const bench = new PostgresBench(await (await sharedPostgres()).emptyUrl())
    await bench.#open()
    return bench
  }

  async reopen(): Promise<void> {
    await this.server.close()
    await this.#open()
  }

  /** They stay open: the server is the bench's. */
  async openTables(): Promise<OpenTables> {
    return Object.assign(new PostgresTables(this.server), { [Symbol.asyncDispose]: async () => {} })
  }

  async kept(address?: number): Promise<KeptSurvey[]> {
    const rows = await this.tables.all<Omit<KeptSurvey, "versions"> & { readings: string; revisions: string | null }>(
      `SELECT sites.site, day, address, revision, zones.zone, readings, revisions FROM surveys
       JOIN sites ON sites.id = surveys.site JOIN zones ON zones.id = surveys.zone
       WHERE address = coalesce(?1, address) ORDER BY sites.site, day, address`,
      address ?? null,
    )
    return rows.map(({ readings, revisions, ...row }) => {
      const own: number[] | null = JSON.parse(revisions ?? "null")
      const stored: StoredReading[] = JSON.parse(readings)
      return { ...row, versions: stored.map((reading, at) => ({ reading, revision: own?.[at] ?? row.revision })) }
    })
  }

  async superseded(address?: number): Promise<Superseded[]> {
    const rows = await this.tables.all<{ time: string; temperature: number; humidity: number; revision: number }>(
      `SELECT * FROM superseded WHERE address = coalesce(?1, address)
       ORDER BY day, address, time, revision, temperature`,
      address ?? null,
    )
    return rows.map(({ time, temperature, humidity, revision }) => ({
      reading: [time, temperature, humidity],
      revision,
    }))
  }

  /** The server says what it says of a full disk (SQLSTATE 53100) to what is large. */
  async fillDisk(): Promise<void> {
    await this.#run(`
      CREATE FUNCTION refuse_large() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF length(NEW.readings) > ${LARGE} THEN
          RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON surveys FOR EACH ROW EXECUTE FUNCTION refuse_large();`)
  }

  async makeRoom(): Promise<void> {
    await this.#run("DROP TRIGGER full_disk ON surveys")
  }

  async remove(): Promise<void> {
    await this.server.close()
    const [schema] = this.url.match(/trial\d+/) ?? []
    await this.#run(`DROP SCHEMA ${schema} CASCADE`)
  }

  async #open(): Promise<void> {
    this.server = new Server({ url: this.url, password: undefined, folder: "." })
    await prepare(this.server, "simulated")
    this.store = new PostgresStore(this.server, () => this.now, "a")
    this.tables = new PostgresTables(this.server)
  }

  async #run(sql: string): Promise<void> {
    await (await sharedPostgres()).run(sql, this.url)
  }
}
