// Whether a cloud runs on a server's store: it says so every few seconds.
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import { type Clock, systemClock } from "../../../../src/clock"
import { Duty } from "../../../../src/cloud/store/move/duty"
import { StorageInUse } from "../../../../src/storage/errors"
import { missingPostgres, PATIENCE_MS } from "../../../postgres"
import { PostgresBench } from "../postgres/bench"

setDefaultTimeout(PATIENCE_MS)

describe.skipIf(missingPostgres !== undefined)("Duty", () => {
  let bench: PostgresBench
  beforeEach(async () => {
    bench = await PostgresBench.open()
  })
  afterEach(() => bench.remove())

  let monotonicMs = 0
  /** It waits for nothing. */
  const clock: Clock = {
    ...systemClock,
    monotonic: () => monotonicMs,
    after: (_delayMs, callback) => systemClock.after(1, callback),
  }
  const take = (waits: (holder: string) => void = () => {}, own = "move") =>
    Duty.take(bench.server, { own, clock, waits })
  const change = (sql: string) => bench.tables.change([{ sql, values: [] }])
  const holders = () => bench.tables.all("SELECT holder FROM duties WHERE until > now()")

  test("is taken where nobody has it, keeps clouds from watching, and is given back", async () => {
    const duty = await take()
    expect(await bench.store.watches()).toBe(false)
    await duty.release()
    expect(await bench.store.watches()).toBe(true)
  })

  test("waits for what a cloud that has ended held", async () => {
    await bench.store.watches()
    await change("UPDATE duties SET until = now() + interval '50 milliseconds'")
    const told: string[] = []
    await take((holder) => told.push(holder))
    expect(told).toEqual(["a"])
    expect(await holders()).toEqual([{ holder: "move" }])
  })

  test("is refused while a cloud runs, which says so again", async () => {
    await bench.store.watches()
    const again = Promise.withResolvers<unknown>()
    const taken = take(() => again.resolve(bench.store.watches()))
    await expect(taken).rejects.toThrow(StorageInUse)
    await expect(taken).rejects.toThrow(
      "postgres://meter@/postgres is in use by a: stop all clouds first, their gateways keep what comes meanwhile",
    )
    await again.promise
    expect(await holders()).toEqual([{ holder: "a" }])
  })

  test("is renewed while it lasts, and lost where another one has taken it", async () => {
    const duty = await take()
    await change("UPDATE duties SET until = now() + interval '1 second'")
    await duty.keep()
    const lasts = () => bench.tables.all("SELECT until > now() + interval '5 seconds' AS lasts FROM duties")
    expect(await lasts()).toEqual([{ lasts: false }])
    monotonicMs += 10_000
    await duty.keep()
    expect(await lasts()).toEqual([{ lasts: true }])
    await change("UPDATE duties SET holder = 'b'")
    monotonicMs += 10_000
    await expect(duty.keep()).rejects.toThrow("is in use by b")
  })
})
