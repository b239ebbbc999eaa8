// What a process of simulations does not leave to the machine: the next turn of the event loop, and databases that are
// open when their process dies.
import { Timetable } from "../../../src/schedule/timetable"
import { DurableDatabase } from "../../../src/storage/database"
import { DAY_MS } from "./chance"
import { Killed, type Life } from "./life"
import type { World } from "./world"

let world: World | undefined
const owners = new WeakMap<DurableDatabase, Life>()
const realImmediate = globalThis.setImmediate

/** From now on this is the world; undefined: the machine's own. */
export function enter(entered: World | undefined): void {
  world = entered
  globalThis.setImmediate = entered ? (entered.nextTurn as typeof setImmediate) : realImmediate
}

/** Lets the machine's event loop turn: rejections that nobody handles are told then. */
export const turnForReal = (): Promise<void> => new Promise((resolve) => realImmediate(resolve))

/** Databases belong to the process that opens them; its kill may come before or after any commit. Call once. */
export function takeDatabases(): void {
  const { open } = DurableDatabase
  DurableDatabase.open = (file, kind, origin) => {
    const database = open(file, kind, origin)
    const life = world?.current
    if (!life) return database
    owners.set(database, life)
    // nothing but what is committed is on the disk, and the kernel frees the lock
    life.own({ end: () => database.close() })
    return database
  }
  const { transaction } = DurableDatabase.prototype
  DurableDatabase.prototype.transaction = function <T>(this: DurableDatabase, work: () => T): T {
    const life = owners.get(this)
    if (!life) return transaction.call(this, work) as T
    life.reach("before commit")
    if (!life.isAlive) throw new Killed(`${life.name} is dead`)
    const result = transaction.call(this, work) as T
    life.world.record(`commit of ${life.name}`, "")
    life.reach("after commit")
    return result
  }
}

/** What would cost more than all else together and is the same in every simulation. Call once. */
export function saveTime(): void {
  const { next } = Timetable.prototype
  const firstOfDay = new Map<number, number>()
  // all of them have one schedule, once a day
  Timetable.prototype.next = function (afterMs) {
    for (let day = Math.floor(afterMs / DAY_MS); ; day++) {
      // behind one that it has just found the next is found soonest
      const instant = firstOfDay.get(day) ?? next.call(this, firstOfDay.get(day - 1) ?? day * DAY_MS)
      firstOfDay.set(day, instant)
      if (instant > afterMs) return instant
    }
  }
}
