// Preloaded into a gateway: a commit's group has no bound in time, and each upload reads and writes its whole survey.
import { Drafts } from "../../../../src/gateway/spool/drafts"
import { GroupCommit } from "../../../../src/storage/group-commit"

const { add } = GroupCommit.prototype
GroupCommit.prototype.add = function <T>(this: GroupCommit, apply: () => T): Promise<T> {
  Object.assign(this, { clock: { monotonic: () => 0 } }) // its time never passes
  return add.call(this, apply) as Promise<T>
}

const { find } = Drafts.prototype
Drafts.prototype.find = function (this: Drafts, ...survey: Parameters<typeof find>) {
  this.end()
  return find.apply(this, survey)
}
