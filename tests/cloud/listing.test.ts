import { describe, expect, test } from "bun:test"
import { Listing, lister } from "../../src/cloud/listing"
import type { Store } from "../../src/cloud/store/contract"
import { StorageUnavailable } from "../../src/storage/errors"
import { DAY, HERBS, SITE, TOMATOES } from "./fixtures"

const tomatoes = {
  address: TOMATOES,
  readings: [
    ["08:00", 20, 30],
    ["12:00", -1.5, 41.2],
  ] as const,
}
const herbs = { address: HERBS, readings: [["08:00", 20, 30]] as const }

test("lister() of readings gives a line each, in the original's form", () => {
  expect(lister("readings")(tomatoes)).toBe("192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.2 - 12:00 - -1.5 - 41.2%\n")
  expect(lister("readings")({ address: TOMATOES, readings: [] })).toBe("")
})

test("lister() of a summary gives a line a device, named where the site names it", () => {
  const devices = [
    { ip: "192.168.1.200-192.168.1.250", name: "far" },
    { ip: "192.168.1.3-192.168.1.9", name: "row {ip}" },
    { ip: "192.168.1.10" },
  ]
  const list = lister("summary", { timeZone: "Europe/Rome", devices })
  expect([tomatoes, herbs, { address: TOMATOES + 8, readings: [] }].map(list)).toEqual([
    "192.168.1.2 - 2 readings\n",
    "192.168.1.3 row 192.168.1.3 - 1 reading\n",
    "192.168.1.10 - 0 readings\n",
  ])
})

test("lister() lets no name that a site gives make a line of its own", () => {
  const devices = [{ ip: "192.168.1.3", name: "herbs\n192.168.9.9 - 7 readings" }]
  const list = lister("summary", { timeZone: "Europe/Rome", devices })
  expect(list(herbs)).toBe("192.168.1.3 herbs\\u000a192.168.9.9 - 7 readings - 1 reading\n")
})

test("lister() is quick for a fleet in which every device has a name of its own", () => {
  const ip = (n: number) => `10.0.${n >> 8}.${n & 255}`
  const devices = Array.from({ length: 20_000 }, (_, n) => ({ ip: ip(n), name: `d${n}` }))
  const list = lister("summary", { timeZone: "Europe/Rome", devices })
  let last = ""
  for (let n = 0; n < 20_000; n++) last = list({ address: 0x0a00_0000 + n, readings: [] })
  expect(last).toBe(`${ip(19_999)} d19999 - 0 readings\n`)
})

test("lister() that is off lists nothing", () => {
  expect(lister("off")(tomatoes)).toBe("")
})

describe("Listing", () => {
  const DAYS: Listed[] = [{ site: SITE, day: DAY }]

  test.each([
    "listed",
    "closed",
  ] as const)("resume() leaves a day alone that is being %s as the store is asked, though that is over when the store answers", async (what) => {
    const { listing, printed, unlisted } = listingOf()
    const release = listing.hold(SITE, DAY)
    if (what === "listed") listing.list(SITE, DAY)
    const resumed = listing.resume()
    if (what === "closed") listing.list(SITE, DAY)
    release()
    await listing.finished
    unlisted.resolve(DAYS)
    await resumed
    await listing.finished
    expect(printed).toEqual([LINE])
  })

  test("resume() leaves a day alone that is closed before the store answers", async () => {
    const { listing, printed, unlisted } = listingOf()
    const resumed = listing.resume()
    const release = listing.hold(SITE, DAY)
    unlisted.resolve(DAYS)
    await resumed
    listing.list(SITE, DAY)
    release()
    await listing.finished
    expect(printed).toEqual([LINE])
  })

  test("resume() lists a day whose closing was not answered, and one whose listing failed", async () => {
    const { listing, printed, unlisted, errors } = listingOf({ failures: 1 })
    listing.hold(SITE, DAY)()
    unlisted.resolve(DAYS)
    await listing.resume()
    await listing.finished
    expect(errors).toHaveLength(1)
    await listing.resume()
    await listing.finished
    expect(printed).toEqual([LINE])
  })
})

type Listed = Awaited<ReturnType<Store["unlisted"]>>[number]

const LINE = "192.168.1.3 - 08:00 - 20 - 30%\n"

/** One whose store tells what nobody lists when the test says so. */
function listingOf({ failures = 0 } = {}) {
  const [printed, errors]: [string[], string[]] = [[], []]
  const unlisted = Promise.withResolvers<Listed[]>()
  let failing = failures
  const listing = new Listing({
    store: {
      site: async () => undefined,
      async *surveys() {
        if (failing-- > 0) throw new StorageUnavailable("it does not answer")
        yield [herbs]
      },
      markListed: async () => {},
      unlisted: () => unlisted.promise,
    },
    mode: "readings",
    print: (lines) => void printed.push(lines),
    log: { error: (text) => void errors.push(text) },
  })
  return { listing, printed, errors, unlisted }
}
