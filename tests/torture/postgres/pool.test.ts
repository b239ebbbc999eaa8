import { expect, test } from "bun:test"
import { SQL } from "bun"
import { missingPostgres, PATIENCE_MS } from "../../postgres"
import { Life } from "../network/life"
import { World } from "../network/world"
import { SimulatedSql, WAY } from "./pool"
import { withServer } from "./server"
import type { Transaction } from "./transaction"

const needsServer = (name: string, work: () => Promise<void>) =>
  test.skipIf(missingPostgres !== undefined)(name, work, PATIENCE_MS)
const PLUS_ONE = "UPDATE counters SET value = value + 1 WHERE name = $1"

interface Simulated {
  readonly world: World
  readonly life: Life
  readonly sql: SimulatedSql
}

/** A process, and a table with the counters a and b. Resolves with their values behind the work. */
const countersAfter = (work: (simulated: Simulated) => void): Promise<unknown[]> =>
  withServer(async (url) => {
    const options = { url, max: 4, bigint: true, connection: {} }
    const outside = new SimulatedSql({ ...options, clock: undefined })
    await outside.unsafe("CREATE TABLE counters (name text PRIMARY KEY, value bigint)")
    await outside.unsafe("INSERT INTO counters VALUES ('a', 0), ('b', 0)")
    const world = new World(0)
    const life = new Life({ name: "cloud", world, skewMs: 0, random: () => 0.5 })
    work({ world, life, sql: new SimulatedSql({ ...options, clock: life }) })
    const rows = await outside.unsafe("SELECT value FROM counters ORDER BY name")
    return rows.map(({ value }) => value)
  })

const raise =
  (...names: readonly string[]) =>
  async (transaction: Transaction): Promise<void> => {
    for (const name of names) await transaction.unsafe(PLUS_ONE, [name])
  }

function letTimePass({ clock }: World): void {
  while (clock.next !== undefined) clock.step()
}

needsServer("a process that is killed loses its open transaction", async () => {
  const values = await countersAfter(({ world, life, sql }) => {
    const killing = async (transaction: Transaction) => {
      await raise("a")(transaction)
      life.kill(true)
    }
    life.perform(() => void sql.begin(killing))
    letTimePass(world)
  })
  expect(values).toEqual([0n, 0n])
})

needsServer("a process that is struck behind its commit has committed", async () => {
  const values = await countersAfter(({ world, life, sql }) => {
    life.doom("after commit", 1, () => life.kill(true))
    life.perform(() => void sql.begin(raise("a")))
    letTimePass(world)
    expect(life.isAlive).toBe(false)
  })
  expect(values).toEqual([1n, 0n])
})

needsServer("whoever waits for a lock goes on when the other transaction has ended", async () => {
  const ended: string[] = []
  const values = await countersAfter(({ world, life, sql }) => {
    life.perform(() => {
      void sql.begin(raise("a", "b", "b")).then(() => ended.push("first"))
      void sql.begin(raise("a")).then(() => ended.push("second"))
      void sql.unsafe(PLUS_ONE, ["b"]).then(() => ended.push("third"))
    })
    letTimePass(world)
  })
  expect(values).toEqual([2n, 3n])
  expect(ended.indexOf("first")).toBeLessThan(ended.indexOf("second"))
})

needsServer("of two transactions that wait for each other one is told so, as by the server", async () => {
  const errors: unknown[] = []
  const values = await countersAfter(({ world, life, sql }) => {
    life.perform(() => {
      for (const names of [
        ["a", "b"],
        ["b", "a"],
      ]) {
        void sql.begin(raise(...names)).catch((error) => errors.push(error))
      }
    })
    letTimePass(world)
  })
  expect(values).toEqual([1n, 1n])
  expect(errors).toEqual([expect.any(SQL.PostgresError)])
  expect(errors).toEqual([expect.objectContaining({ errno: "40P01" })])
})

needsServer(
  "whoever loses the server on the way back from a commit is told that it is gone, and it is committed",
  async () => {
    const errors: unknown[] = []
    const values = await countersAfter(({ world, life, sql }) => {
      life.doom("after commit", 1, () => {
        WAY.cutUntil = Number.POSITIVE_INFINITY
      })
      life.perform(() => void sql.begin(raise("a")).catch((error) => errors.push(error)))
      letTimePass(world)
      WAY.cutUntil = Number.NEGATIVE_INFINITY
    })
    expect(values).toEqual([1n, 0n])
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_POSTGRES_CONNECTION_CLOSED" })])
  },
)

needsServer("a server's error comes with its SQLSTATE", async () => {
  const errors: unknown[] = []
  await countersAfter(({ world, life, sql }) => {
    const insert = () => sql.unsafe("INSERT INTO counters VALUES ($1, 0)", ["a"])
    life.perform(() => void insert().catch((error) => errors.push(error)))
    letTimePass(world)
  })
  expect(errors).toEqual([expect.any(SQL.PostgresError)])
  expect(errors).toEqual([expect.objectContaining({ errno: "23505" })])
})
