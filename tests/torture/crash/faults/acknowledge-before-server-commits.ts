// Acknowledged before it is committed on the server: what was written stays in one open transaction for a while behind the answer.
import { type Runner, Server } from "../../../../src/cloud/store/postgres/server"

const COMMIT_AFTER_MS = 8000 // sooner than a session is ended that leaves its transaction open

const { transaction } = Server.prototype
const open = new WeakMap<Server, Promise<Runner>>()

function begin(server: Server): Promise<Runner> {
  const { promise, resolve, reject } = Promise.withResolvers<Runner>()
  const stayOpen = async (sql: Runner) => {
    resolve(sql)
    await Bun.sleep(COMMIT_AFTER_MS)
    open.delete(server)
  }
  transaction.call(server, stayOpen).catch(reject)
  open.set(server, promise)
  return promise
}

async function within<T>(this: Server, work: (sql: Runner) => Promise<T>): Promise<T> {
  return work(await (open.get(this) ?? begin(this)))
}

Server.prototype.run = within
Server.prototype.transaction = within
