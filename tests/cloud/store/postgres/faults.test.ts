// A server that is stopped, crashes, freezes, or is not there: what resolved is kept, and all goes on by itself.
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test"
import { openPostgresStore } from "../../../../src/cloud/store/postgres/open"
import { prepare } from "../../../../src/cloud/store/postgres/schema"
import { Server } from "../../../../src/cloud/store/postgres/server"
import { PostgresStore } from "../../../../src/cloud/store/postgres/store"
import { StorageUnavailable } from "../../../../src/storage/errors"
import { DAY, MORNING, NOW, SITE, TIME_ZONE } from "../../../fixtures"
import { missingPostgres, PATIENCE_MS, PostgresServer } from "../../../postgres"
import { VirtualClock } from "../../../virtual-clock"
import { DEVICES, deliveryOf } from "../../fixtures"

setDefaultTimeout(PATIENCE_MS)

const WITHIN_MS = 60_000
const NINE = { seconds: 9 * 3600, temperature: 21, humidity: 40 }

describe.skipIf(missingPostgres !== undefined)("a server", () => {
  let postgres: PostgresServer
  let server: Server
  let store: PostgresStore
  const clock = new VirtualClock(NOW)

  beforeEach(async () => {
    postgres = await PostgresServer.start()
    server = new Server({ url: postgres.url(), password: undefined, folder: ".", clock })
    await prepare(server, "simulated")
    server.begun()
    store = new PostgresStore(server, () => NOW, "a")
    await store.describeSite(SITE, { timeZone: TIME_ZONE, devices: DEVICES, spool: "a" })
  })
  afterEach(async () => {
    await server.close()
    await postgres[Symbol.asyncDispose]()
  })

  const put = (address: number) => store.deliver(SITE, deliveryOf(MORNING, { revision: 1, address }))
  /** As a gateway does: until it is answered. */
  const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  const deliver = (address: number) => patiently(() => put(address))
  const stored = () =>
    patiently(async () => (await Array.fromAsync(store.surveys(SITE, DAY))).flat().map(({ address }) => address))

  test.each(["smart", "fast", "immediate"] as const)(
    "that is stopped (%s) is waited for, and what it took before is there",
    async (mode) => {
      expect((await put(1)).outcome).toBe("new")
      if (mode === "smart") await server.close() // it waits for whoever is connected
      await postgres.stop(mode)
      if (mode === "smart") {
        server = new Server({ url: postgres.url(), password: undefined, folder: ".", clock })
        server.begun()
        store = new PostgresStore(server, () => NOW, "a")
      }
      await expect(put(2)).rejects.toBeInstanceOf(StorageUnavailable)
      await postgres.begin()
      await deliver(2)
      expect(await stored()).toEqual([1, 2])
    },
    WITHIN_MS,
  )

  test(
    "whose sessions are ended again and again loses and doubles nothing that was taken",
    async () => {
      const all: number[] = []
      for (let round = 0; round < 20; round++) {
        const addresses = Array.from({ length: 150 }, (_, at) => all.length + at)
        const delivered = Promise.all(addresses.map(deliver))
        await postgres.run(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'smart%'",
        )
        await delivered
        all.push(...addresses)
      }
      expect(await stored()).toEqual(all)
    },
    WITHIN_MS,
  )

  const openBeside = () =>
    openPostgresStore(
      { url: postgres.url(), password: undefined, folder: "." },
      { addressing: "simulated", clock, own: "b" },
    )

  test(
    "that is left at any moment has stored what was under way",
    async () => {
      for (const turns of [0, 1, 2, 3, 5, 8, 13, 21]) {
        const left = await openBeside()
        const [revised, text, dropped] = [1, 2, 3].map((address) => 10 * turns + address) as [number, number, number]
        const underWay = Promise.all([
          ...[1, 2, 3].map((revision) => left.store.deliver(SITE, deliveryOf(MORNING, { revision, address: revised }))),
          left.store.addText(SITE, { day: DAY, address: text, zone: TIME_ZONE, readings: [NINE] }),
          left.store.drop(SITE, { day: DAY, addresses: { first: dropped, last: dropped }, revision: 1 }),
        ])
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
        await left.close()
        await underWay
        expect(await stored()).toEqual(expect.arrayContaining([revised, text]))
      }
    },
    WITHIN_MS,
  )

  test(
    "that is frozen is left after a while",
    async () => {
      const left = await openBeside()
      for (const pid of postgres.pids) process.kill(pid, "SIGSTOP")
      try {
        const refused = left.store.deliver(SITE, deliveryOf(MORNING, { revision: 1 })).catch((error) => error)
        const closed = left.close()
        for (const _ of ["what waits", "what is under way"]) await clock.advance(5000)
        await closed
        expect(await refused).toBeInstanceOf(StorageUnavailable)
      } finally {
        // its first process comes last: it clears away those that have ended
        for (const pid of postgres.pids.reverse()) process.kill(pid, "SIGCONT")
      }
    },
    WITHIN_MS,
  )

  test(
    "that is frozen holds nobody for ever, and is used again when it goes on",
    async () => {
      await put(1)
      for (const pid of postgres.pids) process.kill(pid, "SIGSTOP")
      try {
        const waiting = put(2).catch((error) => error)
        await new Promise((resolve) => setImmediate(resolve))
        await clock.advance(10_000)
        const refused = await waiting
        expect(refused).toBeInstanceOf(StorageUnavailable)
        expect(refused.message).toContain("has not answered for 10 s")
      } finally {
        for (const pid of postgres.pids.reverse()) process.kill(pid, "SIGCONT") // as above
      }
      await deliver(2)
      expect(await stored()).toEqual([1, 2])
    },
    WITHIN_MS,
  )

  test("that takes nothing more, as a standby after a failover, is waited for", async () => {
    await put(1)
    await postgres.run("ALTER SYSTEM SET default_transaction_read_only = on")
    await postgres.run("SELECT pg_reload_conf()")
    while ((await postgres.run("SHOW default_transaction_read_only"))[0]?.default_transaction_read_only !== "on") {
      // its first process hears of it a moment later
    }
    let refused: unknown
    while (refused === undefined)
      refused = await put(2).then(
        () => undefined,
        (error) => error,
      )
    expect(refused).toBeInstanceOf(StorageUnavailable)
  })

  test("who refuses us while we run is waited for: a person may mend it", async () => {
    await postgres.run("ALTER TABLE surveys RENAME TO elsewhere")
    await expect(put(1)).rejects.toBeInstanceOf(StorageUnavailable)
    await postgres.run("ALTER TABLE elsewhere RENAME TO surveys")
    expect((await put(1)).outcome).toBe("new")
  })

  test("that cannot take one survey is given the others of its batch", async () => {
    await put(1)
    await postgres.run(`
      CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.address = 3 THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'data_exception'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER one BEFORE INSERT ON surveys FOR EACH ROW EXECUTE FUNCTION refuse_one();`)
    const settled = await Promise.allSettled([2, 3, 4].map(put))
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
    expect(await stored()).toEqual([1, 2, 4])
  })
})
