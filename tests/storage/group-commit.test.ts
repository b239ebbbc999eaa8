import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DurableDatabase } from "../../src/storage/database"
import { StorageRefused } from "../../src/storage/errors"
import { GroupCommit } from "../../src/storage/group-commit"

const KIND = { name: "spool" as const, id: 1, migrations: ["CREATE TABLE things (name TEXT NOT NULL UNIQUE)"] }

let folder = ""
let database: DurableDatabase
let commits: GroupCommit
let fatal: unknown[] = []
let transactions = 0
let elapsedMs = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "group-commit-"))
  database = DurableDatabase.open(join(folder, "file.db"), KIND, "simulated")
  transactions = 0
  elapsedMs = 0
  const run = database.transaction.bind(database)
  database.transaction = (work) => {
    transactions++
    return run(work)
  }
  fatal = []
  commits = new GroupCommit(database, (error) => fatal.push(error), { monotonic: () => elapsedMs })
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const add = (name: string) => commits.add(() => database.sqlite.run("INSERT INTO things VALUES (?)", [name]))
const count = () => database.sqlite.query<{ n: number }, []>("SELECT count(*) AS n FROM things").get()?.n
/** A piece of work that takes so long. */
const take = (ms: number) =>
  commits.add(() => {
    elapsedMs += ms
  })
// a real error of SQLite's that is neither full, busy nor a constraint
const breakDisk = () => database.sqlite.run("nonsense")

describe("GroupCommit", () => {
  test("commits what is asked in one turn in one transaction, in order", async () => {
    const order: number[] = []
    const works = Array.from({ length: 1000 }, (_, n) => commits.add(() => order.push(n)))
    expect(order).toEqual([])
    await Promise.all(works)
    expect(transactions).toBe(1)
    expect(order).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })

  test("resolves with the result, and only when the transaction is over", async () => {
    const inTransaction = await commits.add(() => database.sqlite.inTransaction)
    expect(inTransaction).toBe(true)
    expect(database.sqlite.inTransaction).toBe(false)
  })

  test("ends a transaction when the log has enough, and commits the rest in the next ones, in order", async () => {
    let inTransaction = 0
    const sizes: number[] = []
    commits.attach({
      isEnough: () => ++inTransaction >= 4,
      beforeCommit() {
        sizes.push(inTransaction)
        inTransaction = 0
      },
      rolledBack() {},
    })
    const order: number[] = []
    const works = Array.from({ length: 10 }, (_, n) => commits.add(() => order.push(n)))
    expect(await Promise.all(works)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(sizes).toEqual([4, 4, 2])
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (let n = 0; n < 10; n++) void commits.add(() => order.push(n))
    commits.flush()
    expect([commits.waiting, order.length]).toEqual([0, 20])
  })

  test("bounds a group and commits the rest in the next", async () => {
    await Promise.all(Array.from({ length: 5000 }, (_, n) => add(String(n))))
    expect(transactions).toBe(2)
    expect(count()).toBe(5000)
  })

  test("ends a transaction that has lasted long enough, and lets the event loop have a turn before the next", async () => {
    const started: { work: number; transaction: number; turn: number }[] = []
    let turn = 0
    const nextTurn = () => {
      turn++
      if (started.length < 7) setImmediate(nextTurn)
    }
    nextTurn()
    // the last one is longer than a transaction may be: it has one to itself
    const works = [20, 20, 20, 1, 49, 1, 200].map((ms, work) =>
      commits.add(() => {
        started.push({ work, transaction: transactions, turn })
        elapsedMs += ms
        return work
      }),
    )
    expect(await Promise.all(works)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(started.map(({ work }) => work)).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(started.map(({ transaction }) => transaction)).toEqual([1, 1, 1, 2, 2, 3, 3])
    const turns = new Map(started.map((each) => [each.transaction, each.turn]))
    expect(new Set(turns.values()).size).toBe(3)
  })

  test("acknowledges what is committed while the rest still waits", async () => {
    const first = take(50)
    void take(50)
    await first
    expect([commits.waiting, transactions]).toEqual([1, 1])
    commits.flush()
  })

  test("lets the event loop have a turn also where a group has to be done piece by piece", async () => {
    const poison = () => {
      throw new TypeError("poison")
    }
    const works = [commits.add(poison), take(20), take(40), take(20), commits.add(poison), take(1)]
    const outcomes = Promise.allSettled(works)
    await works[2]
    expect(commits.waiting).toBe(3)
    const statuses = (await outcomes).map(({ status }) => status)
    expect(statuses).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"])
  })

  test("flush() does not wait for a turn between two transactions", () => {
    for (let n = 0; n < 3; n++) void take(60)
    commits.flush()
    expect([commits.waiting, transactions]).toEqual([0, 3])
  })

  test("fails one poisonous piece of work alone", async () => {
    const poison = () => {
      database.sqlite.run("INSERT INTO things VALUES ('half')")
      throw new TypeError("poison")
    }
    const outcomes = await Promise.allSettled([add("a"), commits.add(poison), add("b"), add("a"), add("c")])
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ])
    expect(count()).toBe(3)
    expect(fatal).toEqual([])
  })

  test("refuses the whole group when the disk is full, and goes on when there is room", async () => {
    await add("first")
    const pages = database.sqlite.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count
    database.sqlite.run(`PRAGMA max_page_count = ${pages}`)
    const outcomes = await Promise.allSettled([add("small"), add("x".repeat(100_000))])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(StorageRefused) })
    expect(count()).toBe(1)
    database.sqlite.run("PRAGMA max_page_count = 100000")
    await add("later")
    expect(count()).toBe(2)
    expect(fatal).toEqual([])
  })

  test("reports a fatal error once and acknowledges nothing after it", async () => {
    const outcomes = await Promise.allSettled([add("a"), commits.add(breakDisk), commits.add(breakDisk)])
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"])
    await expect(add("b")).rejects.toThrow("nonsense")
    expect(fatal).toHaveLength(1)
    expect(count()).toBe(0)
  })

  test("stops in the middle of a group that a fatal error ends", async () => {
    const poison = () => {
      throw new TypeError("poison")
    }
    const outcomes = await Promise.allSettled([commits.add(poison), commits.add(breakDisk), add("after")])
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"])
    expect(fatal).toHaveLength(1)
    expect(count()).toBe(0)
  })

  test("flush() commits all that waits at once, however much", async () => {
    const works = Promise.all(Array.from({ length: 5000 }, (_, n) => add(String(n))))
    commits.flush()
    expect(count()).toBe(5000)
    await works
    expect(transactions).toBe(2)
  })
})
