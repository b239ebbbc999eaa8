import { expect, test } from "bun:test"
import { type Arrival, Batches, type DayOfSite, type Settled } from "../../../../src/cloud/store/postgres/batches"
import type { Day } from "../../../../src/survey/calendar"
import { DAY, SITE, TIME_ZONE } from "../../../fixtures"

const OF: DayOfSite = { site: SITE, day: DAY }
const NEW: Settled = { outcome: "new", superseded: 0 }
const arrival = (address: number): Arrival => ({ address, revision: 1, digest: 0n, zone: TIME_ZONE, readings: "[]" })

/** Batches as they were stored, and what lets each end. */
function observed(fails: (arrivals: readonly Arrival[]) => unknown = () => undefined) {
  const stored: { of: DayOfSite; addresses: number[]; end: () => void }[] = []
  const batches = new Batches(
    (of, arrivals) => {
      const error = fails(arrivals)
      if (error !== undefined) return Promise.reject(error)
      const ended = Promise.withResolvers<Settled[]>()
      const addresses = arrivals.map(({ address }) => address)
      stored.push({ of, addresses, end: () => ended.resolve(arrivals.map(() => NEW)) })
      return ended.promise
    },
    (error) => error === "of data",
  )
  return { batches, stored }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test("what comes at the same time shares a batch, and what comes meanwhile the next but one", async () => {
  const { batches, stored } = observed()
  const first = [1, 2, 3].map((address) => batches.add(OF, arrival(address)))
  await turn()
  const second = batches.add(OF, arrival(4))
  await turn()
  const third = [5, 6].map((address) => batches.add(OF, arrival(address)))
  await turn()
  expect(stored.map(({ addresses }) => addresses)).toEqual([[1, 2, 3], [4]])
  stored[0]?.end()
  expect(await Promise.all(first)).toEqual([NEW, NEW, NEW])
  await turn()
  expect(stored.map(({ addresses }) => addresses)).toEqual([[1, 2, 3], [4], [5, 6]])
  for (const { end } of stored) end()
  await Promise.all([second, ...third])
})

test("a batch is of one day of one site", async () => {
  const { batches, stored } = observed()
  const other: DayOfSite = { site: SITE, day: "2026-11-20" as Day }
  const all = [batches.add(OF, arrival(1)), batches.add(other, arrival(1)), batches.add(OF, arrival(2))]
  await turn()
  expect(stored.map(({ of, addresses }) => [of.day, addresses])).toEqual([
    [DAY, [1, 2]],
    ["2026-11-20", [1]],
  ])
  for (const { end } of stored) end()
  await Promise.all(all)
})

test("one survey's fault is its own, and the others are stored", async () => {
  const { batches, stored } = observed((arrivals) =>
    arrivals.some(({ address }) => address === 2) ? "of data" : undefined,
  )
  const all = [1, 2, 3].map((address) => batches.add(OF, arrival(address)))
  const settled = Promise.allSettled(all)
  while (stored.length < 2) {
    await turn()
    for (const { end } of stored) end()
  }
  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
})

test("what the server refuses is refused to all of the batch", async () => {
  const { batches } = observed(() => "of the server")
  const all = [1, 2].map((address) => batches.add(OF, arrival(address)))
  expect((await Promise.allSettled(all)).map((each) => "reason" in each && each.reason)).toEqual([
    "of the server",
    "of the server",
  ])
})

test("settled() waits for all that came before it, whichever batch ends first", async () => {
  const { batches, stored } = observed()
  const first = batches.add(OF, arrival(1))
  await turn()
  const second = batches.add(OF, arrival(2))
  let isSettled = false
  const settled = batches.settled(OF).then(() => {
    isSettled = true
  })
  await turn()
  stored[1]?.end()
  await second
  await turn()
  expect(isSettled).toBe(false)
  stored[0]?.end()
  await Promise.all([first, settled])
})
