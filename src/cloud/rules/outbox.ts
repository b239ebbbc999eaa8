// Messages that wait until they get through, durable beside what they tell of.
import type { GroupCommit } from "../../storage/group-commit"
import type { Query } from "../store/sqlite/query"

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
  constructor(
    private readonly query: Query,
    private readonly commits: Pick<GroupCommit, "add">,
  ) {}

  /** Within the caller's transaction. */
  put({ at, target, host, message }: Omit<Waiting, "id" | "reason">): void {
    this.query("INSERT INTO messages (at, target, host, message) VALUES (?1, ?2, ?3, ?4)").run(
      at,
      target,
      host,
      message,
    )
    this.query(
      `DELETE FROM messages WHERE target = ?1 AND id NOT IN
         (SELECT id FROM messages WHERE target = ?1 ORDER BY id DESC LIMIT ${KEPT})`,
    ).run(target)
  }

  /** In the order in which they were written. */
  async waiting(): Promise<Waiting[]> {
    return this.query<Waiting>("SELECT * FROM messages ORDER BY id").all()
  }

  async remove(id: number): Promise<void> {
    await this.commits.add(() => this.query("DELETE FROM messages WHERE id = ?1").run(id))
  }

  async noteFailure(id: number, reason: string): Promise<void> {
    await this.commits.add(() => this.query("UPDATE messages SET reason = ?2 WHERE id = ?1").run(id, reason))
  }

  async readdress(target: string, to: Pick<Waiting, "target" | "host">): Promise<void> {
    await this.commits.add(() =>
      this.query("UPDATE messages SET target = ?2, host = ?3, reason = NULL WHERE target = ?1").run(
        target,
        to.target,
        to.host,
      ),
    )
  }
}
