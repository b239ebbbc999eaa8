// Marked as delivered before the cloud's word: as soon as it is taken from the spool.
import { type Delivery, Spool } from "../../../../src/gateway/spool/spool"
import { GroupCommit } from "../../../../src/storage/group-commit"

const { due } = Spool.prototype
const { add } = GroupCommit.prototype
let commits: GroupCommit | undefined

GroupCommit.prototype.add = function <T>(this: GroupCommit, apply: () => T): Promise<T> {
  commits = this
  return add.call(this, apply) as Promise<T>
}

Spool.prototype.due = function (this: Spool, ...question: Parameters<typeof due>): Delivery[] {
  const found = due.apply(this, question)
  if (found.length > 0) void this.markDelivered(found)
  commits?.flush()
  return found
}
