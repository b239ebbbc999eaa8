// Messages that wait until they get through, durable beside what they tell of.
import type { Change, WritableTables } from "../store/tables"

const KEPT = 30 // of one target: a month of runs; older ones give way

/** A message for one of those who are told. */
export interface Waiting {
  readonly id: number
  /** ms since the epoch. */
  readonly at: number
  /** A fingerprint of the URL. */
  readonly target: string
  readonly host: string
  /** JSON. */
  readonly message: string
  /** Why the last try failed; null: none was made yet. */
  readonly reason: string | null
}

export class Outbox {
  constructor(private readonly tables: WritableTables) {}

  /** To be made together with what notes that this was told. */
  put({ at, target, host, message }: Omit<Waiting, "id" | "reason">): Change[] {
    return [
      {
        sql: `INSERT INTO messages (id, at, target, host, message)
              VALUES ((SELECT coalesce(max(id), 0) + 1 FROM messages), ?1, ?2, ?3, ?4)`,
        values: [at, target, host, message],
      },
      {
        sql: `DELETE FROM messages WHERE target = ?1 AND id NOT IN
                (SELECT id FROM messages WHERE target = ?1 ORDER BY id DESC LIMIT ${KEPT})`,
        values: [target],
      },
    ]
  }

  /** In the order in which they were written. */
  waiting(): Promise<Waiting[]> {
    return this.tables.all<Waiting>("SELECT id, at, target, host, message, reason FROM messages ORDER BY id")
  }

  async remove(id: number): Promise<void> {
    await this.tables.change([{ sql: "DELETE FROM messages WHERE id = ?1", values: [id] }])
  }

  async noteFailure(id: number, reason: string): Promise<void> {
    await this.tables.change([{ sql: "UPDATE messages SET reason = ?2 WHERE id = ?1", values: [id, reason] }])
  }

  async readdress(target: string, to: Pick<Waiting, "target" | "host">): Promise<void> {
    const sql = "UPDATE messages SET target = ?2, host = ?3, reason = NULL WHERE target = ?1"
    await this.tables.change([{ sql, values: [target, to.target, to.host] }])
  }
}
