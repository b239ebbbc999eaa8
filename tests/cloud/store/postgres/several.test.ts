// Two clouds on the same tables at the same time.
import { describe, expect, setDefaultTimeout, test } from "bun:test"
import fc from "fast-check"
import { Server } from "../../../../src/cloud/store/postgres/server"
import { PostgresStore } from "../../../../src/cloud/store/postgres/store"
import { EVERY_ADDRESS } from "../../../../src/topology/address"
import { DAY, HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../../../fixtures"
import { missingPostgres, PATIENCE_MS } from "../../../postgres"
import { DEVICES, deliveryOf } from "../../fixtures"
import { arrival, byTime, CHANGE_DAY, expectedOf, isInOrder } from "../arrivals"
import { PostgresBench } from "./bench"

setDefaultTimeout(PATIENCE_MS)

const RUN = { isRun: true, addresses: [EVERY_ADDRESS] }

/** Two stores of one database, the second one from a process of its own as far as the database can tell. */
async function withTwo(work: (stores: readonly [PostgresStore, PostgresStore], bench: PostgresBench) => Promise<void>) {
  const bench = await PostgresBench.open()
  const server = new Server({ url: bench.url, password: undefined, folder: "." })
  try {
    const describe = { timeZone: TIME_ZONE, devices: DEVICES, spool: "a" }
    await bench.store.describeSite(SITE, describe)
    await work([bench.store, new PostgresStore(server, () => bench.now, "b")], bench)
  } finally {
    await server.close()
    await bench.remove()
  }
}

describe.skipIf(missingPostgres !== undefined)("two clouds", () => {
  test("whatever comes to either of them, in any order, gives the same readings", async () => {
    await withTwo(async (stores, bench) => {
      let address = TOMATOES
      await fc.assert(
        fc.asyncProperty(
          fc.array(arrival, { minLength: 2, maxLength: 12 }),
          fc.infiniteStream(fc.nat(1)),
          async (arrivals, to) => {
            address++
            await Promise.all(
              arrivals.map(({ kind, revision, zone, body, readings }) => {
                const store = stores[to.next().value] ?? stores[0]
                return kind === "text"
                  ? store.addText(SITE, { day: CHANGE_DAY, address, zone, readings })
                  : store.deliver(SITE, deliveryOf(body, { day: CHANGE_DAY, address, zone, revision }))
              }),
            )
            const [kept] = await bench.kept(address)
            const { revision, zone, versions } = expectedOf(arrivals)
            expect(kept).toMatchObject({ revision, zone })
            expect(byTime(kept?.versions ?? [])).toEqual([...versions])
            expect(isInOrder(kept?.versions ?? [], zone)).toBe(true)
          },
        ),
        { numRuns: 60, seed: 4712 },
      )
    })
  })

  test("a hundred sites that describe themselves at the same time, each to both, are a hundred", async () => {
    await withTwo(async (stores, bench) => {
      const described = Array.from({ length: 200 }, (_, at) =>
        stores[at % 2]?.describeSite(`site-${at >> 1}`, { timeZone: TIME_ZONE, devices: DEVICES, spool: "a" }),
      )
      await Promise.all(described)
      expect(await bench.tables.all("SELECT id FROM sites")).toHaveLength(101)
      const zones = ["UTC", "Asia/Tokyo", "Asia/Kolkata", "Europe/Paris"].flatMap((zone) =>
        stores.map((store, at) => store.deliver(SITE, deliveryOf(MORNING, { revision: 1, address: at, zone }))),
      )
      await Promise.all(zones)
      expect(await bench.tables.all("SELECT id FROM zones")).toHaveLength(4)
    })
  })

  test("the same delivery to both is new once", async () => {
    await withTwo(async (stores) => {
      for (let address = 1; address <= 50; address++) {
        const kept = await Promise.all(
          stores.map((store) => store.deliver(SITE, deliveryOf(MORNING, { revision: 1, address }))),
        )
        expect(kept.map(({ outcome }) => outcome).toSorted()).toEqual(["known", "new"])
      }
    })
  })

  test("what is dropped at one does not come back by the other, whichever is first", async () => {
    await withTwo(async (stores) => {
      for (let round = 1; round <= 30; round++) {
        const delivered = Array.from({ length: 20 }, (_, at) =>
          stores[at % 2]?.deliver(SITE, deliveryOf(MORNING, { revision: round, address: at })),
        )
        const dropped = stores[round % 2]?.drop(SITE, { day: DAY, addresses: EVERY_ADDRESS, revision: round })
        await Promise.all([...delivered, dropped])
        expect((await Array.fromAsync(stores[0].surveys(SITE, DAY))).flat()).toEqual([])
      }
    })
  })

  test("a site that is described at one is known at the other, and what is closed there is not agreed when more comes here", async () => {
    await withTwo(async ([one, other]) => {
      await one.describeSite("orchard", { timeZone: "Asia/Tokyo", devices: [], spool: "a" })
      expect(await other.site("orchard")).toEqual({ timeZone: "Asia/Tokyo", devices: [] })
      await one.deliver(SITE, deliveryOf(MORNING, { revision: 1 }))
      const { digest } = deliveryOf(MORNING)
      const closing = {
        claimed: { surveys: 1, digest },
        addresses: [EVERY_ADDRESS],
        report: "{}",
        toList: true,
        watched: RUN,
      }
      expect(await one.closeCollection(SITE, DAY, closing)).toEqual({ agrees: true, toList: true })
      expect(await other.closeCollection(SITE, DAY, closing)).toEqual({ agrees: true, toList: false })
      await other.deliver(SITE, deliveryOf(MORNING, { revision: 1, address: HERBS }))
      expect(await one.closeCollection(SITE, DAY, closing)).toMatchObject({ agrees: false })
    })
  })

  test("a day is listed by one, and by the other when that one has not said for long that it goes on", async () => {
    await withTwo(async ([one, other], bench) => {
      const closing = {
        claimed: { surveys: 0, digest: "0".repeat(16) },
        addresses: [],
        report: "{}",
        toList: true,
        watched: RUN,
      }
      await one.closeCollection(SITE, DAY, closing)
      expect(await other.unlisted()).toEqual([])
      await bench.tables.change([
        { sql: "UPDATE collections SET listed_until = now() - interval '1 second'", values: [] },
      ])
      expect(await other.unlisted()).toEqual([{ site: SITE, day: DAY }])
      expect(await one.unlisted()).toEqual([])
      await other.markListed(SITE, DAY)
      expect(await other.unlisted()).toEqual([])
    })
  })

  test("what one has listed is not what the other has closed since", async () => {
    await withTwo(async ([one, other], bench) => {
      const closing = (digest: string, surveys: number) => ({
        claimed: { surveys, digest },
        addresses: [EVERY_ADDRESS],
        report: "{}",
        toList: true,
        watched: RUN,
      })
      await one.closeCollection(SITE, DAY, closing("0".repeat(16), 0))
      await other.deliver(SITE, deliveryOf(MORNING, { revision: 1 }))
      expect(await other.closeCollection(SITE, DAY, closing(deliveryOf(MORNING).digest, 1))).toMatchObject({
        toList: true,
      })
      await one.markListed(SITE, DAY)
      expect(await new PostgresStore(bench.server, () => bench.now, "b").unlisted()).toEqual([{ site: SITE, day: DAY }])
    })
  })

  test("one watches, and the other when that one has not said for long that it goes on; what either closes it hears of", async () => {
    await withTwo(async ([one, other], bench) => {
      expect([await one.watches(), await other.watches(), await one.watches()]).toEqual([true, false, true])
      const closing = { claimed: { surveys: 0, digest: "0".repeat(16) }, addresses: [], report: "{}", toList: true }
      await other.closeCollection(SITE, DAY, { ...closing, watched: RUN })
      expect(await one.closings()).toEqual([{ site: SITE, day: DAY, ...RUN }])
      await bench.tables.change([{ sql: "UPDATE duties SET until = now() - interval '1 second'", values: [] }])
      expect([await other.watches(), await one.watches()]).toEqual([true, false])
    })
  })
})
