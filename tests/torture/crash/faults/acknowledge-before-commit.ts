// Acknowledged before it is committed: what a transaction wrote stays open for a while behind the answer.
import { DurableDatabase } from "../../../../src/storage/database"

const COMMIT_AFTER_MS = 20_000

const open = new WeakSet<DurableDatabase>()

DurableDatabase.prototype.transaction = function <T>(this: DurableDatabase, work: () => T): T {
  if (!open.has(this)) {
    open.add(this)
    this.sqlite.run("BEGIN IMMEDIATE")
    setTimeout(() => {
      open.delete(this)
      this.sqlite.run("COMMIT")
    }, COMMIT_AFTER_MS)
  }
  return work()
}
