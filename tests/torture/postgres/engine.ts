// A store in a schema of a PostgreSQL server; its copies are other schemas.
import { drainMicrotasks } from "bun:jsc"
import { prepare } from "../../../src/cloud/store/postgres/schema"
import { Server } from "../../../src/cloud/store/postgres/server"
import { plain } from "../../../src/cloud/store/postgres/tables"
import type { Engine, Query } from "../engine"
import { Session } from "./bridge"
import { WAY } from "./pool"
import { withServer } from "./server"

const SCHEMA = "store"

/** One on a server of its own, which ends with the work. */
export async function withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  await import("../../../src/cloud/store/postgres/open") // once it is there, another import() needs no turn of the event loop
  return withServer((url) => work(new PostgresEngine(url)))
}

class PostgresEngine implements Engine {
  readonly declared: string
  readonly way = WAY
  readonly #session: Session

  /** @param url of a database that nobody else uses; it has parameters */
  constructor(url: string) {
    this.declared = `${url}&search_path=${SCHEMA}`
    this.#session = new Session({ url: this.declared, bigint: true })
  }

  read<T>(work: (query: Query) => T): T | undefined {
    return this.#isThere ? work(<Row>(sql: string) => this.#session.run(sql).map(plain) as Row[]) : undefined
  }

  copy(name: string): boolean {
    if (!this.#isThere) return false
    this.#session.run(`DROP SCHEMA IF EXISTS ${name} CASCADE; CREATE SCHEMA ${name}`)
    this.#eachTable(`CREATE TABLE ${name}.%1$I AS TABLE ${SCHEMA}.%1$I`)
    return true
  }

  lose(): void {
    this.#session.run(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}`)
  }

  restore(name: string): void {
    this.lose()
    this.#makeTables()
    this.#eachTable(`DELETE FROM ${SCHEMA}.%1$I; INSERT INTO ${SCHEMA}.%1$I TABLE ${name}.%1$I`)
  }

  remove(name: string): void {
    this.#session.run(`DROP SCHEMA ${name} CASCADE`)
  }

  get #isThere(): boolean {
    const [row] = this.#session.run("SELECT to_regclass('about') IS NOT NULL AS there")
    return row?.there === true
  }

  /** As the programme makes them. */
  #makeTables(): void {
    const server = new Server({ url: this.declared, password: undefined, folder: "/" })
    let isMade = false
    void prepare(server, "declared").then(() => {
      isMade = true
    })
    drainMicrotasks()
    if (!isMade) throw new Error("the tables are not made at once")
    void server.close()
    drainMicrotasks()
  }

  /** @param sql %1$I is the table */
  #eachTable(sql: string): void {
    this.#session.run(`DO $$ DECLARE name name; BEGIN
      SET LOCAL session_replication_role = replica; -- whatever refers to what
      FOR name IN SELECT relname FROM pg_class
        WHERE relkind = 'r' AND relnamespace = '${SCHEMA}'::regnamespace ORDER BY relname
      LOOP EXECUTE format('${sql}', name); END LOOP;
    END $$`)
  }
}
