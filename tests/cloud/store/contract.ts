// What every engine of the store has to do: `describeStore()` runs it on one that a test file opens.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Kept, Store, StoredSurvey } from "../../../src/cloud/store/contract"
import type { StoredReading } from "../../../src/cloud/store/stored"
import { StorageRefused } from "../../../src/storage/errors"
import { clockChange, type Day } from "../../../src/survey/calendar"
import { surveyDigest } from "../../../src/survey/digest"
import { parseSurvey } from "../../../src/survey/survey"
import { formatAddress } from "../../../src/topology/address"
import { DAY, HERBS, LARGE, MORNING, NOW, SITE, TIME_ZONE, TOMATOES } from "../../fixtures"
import { agreementOver } from "../../survey/agreements"
import { DEVICES, deliveryOf } from "../fixtures"
import { type Arrival, arrival, byTime, CHANGE_DAY, expectedOf, isInOrder, toldBy, twoOrders } from "./arrivals"

export interface KeptSurvey {
  readonly site: string
  readonly day: Day
  readonly address: number
  readonly revision: number
  readonly zone: string
  /** Each reading and the revision that it came with. */
  readonly versions: readonly { readonly reading: StoredReading; readonly revision: number }[]
}

export interface Superseded {
  readonly reading: StoredReading
  readonly revision: number
}

/** An empty store, and what its tests look at beside the contract. */
export interface OpenStore {
  /** Another one after reopen(). */
  readonly store: Store
  /** What its clock shows. */
  now: number
  /** As a restart does. */
  reopen(): void | Promise<void>
  /** In the order of site, day and address; of one address, or of all. */
  kept(address?: number): Promise<readonly KeptSurvey[]>
  /** Values that gave way, by day, address, time and revision. */
  superseded(address?: number): Promise<readonly Superseded[]>
  /** From now on the disk refuses whatever is large. */
  fillDisk(): void | Promise<void>
  makeRoom(): void | Promise<void>
  /** Nothing of it stays. */
  remove(): void | Promise<void>
}

const EVERYBODY = [{ first: 0, last: 0xffff_ffff }]
const ONLY_TOMATOES = { first: TOMATOES, last: TOMATOES }
const RUN = { isRun: true, addresses: EVERYBODY }
const OTHER_DAY: Day = "2026-11-20"

export function describeStore(name: string, open: () => OpenStore | Promise<OpenStore>): void {
  describe(name, () => {
    let opened: OpenStore
    beforeEach(async () => {
      opened = await open()
      await describeSite()
    })
    afterEach(() => opened.remove())

    const describeSite = (site = SITE, spool = "a") =>
      opened.store.describeSite(site, { timeZone: TIME_ZONE, devices: DEVICES, spool })
    const deliver = (text: string, more: Parameters<typeof deliveryOf>[1] = {}, site = SITE): Promise<Kept> =>
      opened.store.deliver(site, deliveryOf(text, more))
    const put = async (text: string, revision?: number, address = TOMATOES, day = DAY) =>
      (await deliver(text, { revision, address, day })).outcome
    const addText = (text: string, day = DAY, zone = TIME_ZONE) => {
      const { readings } = parseSurvey(text, clockChange(day, zone))
      return opened.store.addText(SITE, { day, address: TOMATOES, zone, readings })
    }
    const drop = (revision: number, addresses = ONLY_TOMATOES, day = DAY) =>
      opened.store.drop(SITE, { day, addresses, revision })
    const surveys = async (day = DAY, ranges?: typeof EVERYBODY, site = SITE): Promise<StoredSurvey[]> =>
      (await Array.fromAsync(opened.store.surveys(site, day, ranges))).flat()
    /** The one survey's times and temperatures. */
    const shown = async (day = DAY) => {
      const [survey, ...others] = await surveys(day)
      expect(others).toEqual([])
      return survey?.readings.map(([time, temperature]) => [time, temperature]) ?? []
    }
    const revisions = async () => (await opened.kept())[0]?.versions.map(({ revision }) => revision)

    const claimOver = (texts: readonly (readonly [address: number, text: string])[]) =>
      agreementOver(texts.map(([address, text]) => surveyDigest(formatAddress(address), DAY, text)))
    const claim = (addresses: readonly number[], text = MORNING) =>
      claimOver(addresses.map((address) => [address, text] as const))
    const closeWith = (claimed: ReturnType<typeof claim>, addresses = EVERYBODY, toList = false) =>
      opened.store.closeCollection(SITE, DAY, { claimed, addresses, report: "{}", toList, watched: RUN })
    const close = async (...closing: Parameters<typeof closeWith>) => (await closeWith(...closing)).agrees
    /** Whether the day is to be listed; the store has to agree. */
    const isToList = async (text = MORNING, toList = true) => {
      const closed = await closeWith(claim([TOMATOES], text), EVERYBODY, toList)
      expect(closed.agrees).toBe(true)
      return closed.toList
    }

    describe("describeSite()", () => {
      test("is remembered over a restart, with the newest description", async () => {
        await opened.store.describeSite(SITE, { timeZone: "Asia/Tokyo", devices: [], spool: "a" })
        await opened.reopen()
        expect(await opened.store.site(SITE)).toEqual({ timeZone: "Asia/Tokyo", devices: [] })
        expect(await opened.store.site("elsewhere")).toBeUndefined()
      })

      test("tells a spool that comes back after another one, and not one that replaces it", async () => {
        const told = async (spool: string) => {
          opened.now += 1000
          return (await describeSite(SITE, spool)).alternates
        }
        expect(await told("a")).toBe(false)
        expect(await told("b")).toBe(false)
        expect(await told("b")).toBe(false)
        await opened.reopen()
        expect(await told("a")).toBe(true)
        expect(await told("a")).toBe(false)
        opened.now -= 86_400_000 // a clock that was set back
        expect(await told("b")).toBe(true)
        expect(await told("a")).toBe(true)
      })

      test("tells nothing of a spool without a name, nor of another site's", async () => {
        for (const spool of ["", "a", ""]) expect(await describeSite(SITE, spool)).toEqual({ alternates: false })
        for (const spool of ["b", "a"]) expect(await describeSite("orchard", spool)).toEqual({ alternates: false })
      })

      test("remembers few spools, those that delivered last", async () => {
        for (let at = 0; at < 50; at++) await describeSite(SITE, `${at}`)
        expect(await describeSite(SITE, "a")).toEqual({ alternates: false }) // forgotten
        expect(await describeSite(SITE, "49")).toEqual({ alternates: true })
      })
    })

    describe("deliver()", () => {
      test("keeps the value of the higher revision, whichever comes first, and the other as superseded", async () => {
        expect(await deliver("08:00 - 20 - 30%\n", { revision: 5 })).toEqual({ outcome: "new", superseded: 0 })
        expect(await deliver("08:00 - 22 - 30%\n", { revision: 4 })).toEqual({ outcome: "known", superseded: 1 })
        expect(await shown()).toEqual([["08:00", 20]])
        expect(await deliver("08:00 - 23 - 30%\n", { revision: 6 })).toEqual({ outcome: "changed", superseded: 1 })
        expect(await shown()).toEqual([["08:00", 23]])
        expect(await opened.superseded()).toEqual([
          { reading: ["08:00", 22, 30], revision: 4 },
          { reading: ["08:00", 20, 30], revision: 5 },
        ])
      })

      test("keeps the higher text of two values of one revision, whichever comes first", async () => {
        const texts = ["08:00 - 20 - 30%\n", "08:00 - 9 - 30%\n"]
        for (const [day, order] of [
          [DAY, texts],
          [OTHER_DAY, texts.toReversed()],
        ] as const) {
          for (const text of order) await deliver(text, { revision: 5, day })
          expect(await shown(day)).toEqual([["08:00", 9]])
        }
        expect(await opened.superseded()).toMatchObject([
          { reading: ["08:00", 20, 30] },
          { reading: ["08:00", 20, 30] },
        ])
      })

      test("keeps a superseded value once, with the highest revision that it came with", async () => {
        await put("08:00 - 23 - 30%\n", 9)
        for (const revision of [3, 7, 5]) await put("08:00 - 20 - 30%\n", revision)
        expect(await opened.superseded()).toEqual([{ reading: ["08:00", 20, 30], revision: 7 }])
      })

      test("knows what it has, also under a lower revision", async () => {
        expect(await put(MORNING, 5)).toBe("new")
        expect(await put(MORNING, 5)).toBe("known")
        expect(await put(MORNING, 4)).toBe("known")
        expect(await put(MORNING, 6)).toBe("changed")
        expect(await revisions()).toEqual([6])
        expect(await opened.superseded()).toEqual([])
      })

      test("takes nothing away that a later delivery does not bring, an empty one neither", async () => {
        await put("08:00 - 20 - 30%\n09:00 - 21 - 30%\n", 1)
        expect(await put("09:00 - 21 - 30%\n", 2)).toBe("changed")
        expect(await put("", 3)).toBe("changed")
        expect(await shown()).toEqual([
          ["08:00", 20],
          ["09:00", 21],
        ])
        expect(await opened.kept()).toMatchObject([{ revision: 3, versions: [{ revision: 1 }, { revision: 2 }] }])
      })

      test.each([
        ["a lower", 3],
        ["the same", 7],
        ["a higher", 9],
      ])("keeps what a second spool brings with %s revision, and looks at the day's agreement again", async (_, other) => {
        const [first, second] = ["08:00 - 20 - 30%\n09:00 - 21 - 30%\n", "10:00 - 22 - 30%\n"]
        await put(first, 7)
        expect(await close(claim([TOMATOES], first))).toBe(true)
        await describeSite(SITE, "b")
        await put(second, other)
        expect(await shown()).toEqual([
          ["08:00", 20],
          ["09:00", 21],
          ["10:00", 22],
        ])
        expect(await revisions()).toEqual([7, 7, other])
        expect(await opened.kept()).toMatchObject([{ revision: Math.max(7, other) }])
        // the digest is that of the delivery received last
        expect(await close(claim([TOMATOES], first))).toBe(false)
        expect(await close(claim([TOMATOES], second))).toBe(true)
        await put(first, 7)
        expect(await close(claim([TOMATOES], second))).toBe(false)
        expect(await close(claim([TOMATOES], first))).toBe(true)
      })

      test("takes a survey without a revision for newer than what is there", async () => {
        await put("08:00 - 20 - 30%\n", NOW + 1000)
        expect(await put("08:00 - 10 - 30%\n")).toBe("changed")
        expect(await put("08:00 - 22 - 30%\n", NOW + 1000)).toBe("known")
        expect(await shown()).toEqual([["08:00", 10]])
        expect(await revisions()).toEqual([NOW + 1001])
      })

      test("has the zone of the highest revision, and the order of the day in it", async () => {
        const zones = [
          ["Europe/Rome", "01:30 - 1 - 1%\n02:15 - 2 - 1%\n02:45 - 3 - 1%\n02:15+01:00 - 4 - 1%\n", 2],
          ["Europe/Helsinki", "03:10 - 5 - 1%\n03:05+02:00 - 6 - 1%\n04:00 - 7 - 1%\n", 1],
        ] as const
        for (const [address, order] of [
          [TOMATOES, zones],
          [HERBS, zones.toReversed()],
        ] as const) {
          for (const [zone, text, revision] of order) await deliver(text, { day: CHANGE_DAY, address, zone, revision })
        }
        const times = ["01:30", "02:15", "02:45", "02:15+01:00", "03:10", "03:05+02:00", "04:00"]
        for (const { zone, versions } of await opened.kept()) {
          expect(zone).toBe("Europe/Rome")
          expect(versions.map(({ reading: [time] }) => time).toSorted()).toEqual(times.toSorted())
        }
        const [tomatoes, herbs] = await surveys(CHANGE_DAY)
        expect(tomatoes?.readings).toEqual(herbs?.readings ?? [])
        expect(tomatoes?.readings.slice(0, 4).map(([time]) => time)).toEqual(times.slice(0, 4))
      })

      test("has it on the disk when it resolves", async () => {
        await put(MORNING, 1)
        await put("09:00 - 20 - 30%\n", 2)
        await opened.reopen()
        expect(await opened.kept()).toMatchObject([{ revision: 2, versions: [{ revision: 1 }, { revision: 2 }] }])
      })

      test("refuses when the disk is full, changes nothing, and takes it when there is room", async () => {
        await put(MORNING, 1)
        const before = await opened.kept()
        await opened.fillDisk()
        await expect(deliver(LARGE, { revision: 2 })).rejects.toBeInstanceOf(StorageRefused)
        expect(await opened.kept()).toEqual(before)
        await opened.makeRoom()
        expect(await put(LARGE, 2)).toBe("changed")
      })

      test("keeps sites with the same addresses apart", async () => {
        await describeSite("orchard")
        await deliver("08:00 - 1 - 1%\n", { revision: 1 })
        await deliver("08:00 - 2 - 2%\n", { revision: 1 }, "orchard")
        expect(await surveys(DAY, EVERYBODY, SITE)).toMatchObject([{ readings: [["08:00", 1, 1]] }])
        expect(await surveys(DAY, EVERYBODY, "orchard")).toMatchObject([{ readings: [["08:00", 2, 2]] }])
      })
    })

    describe("addText()", () => {
      const TEXT = "08:00 - 21 - 30%\n16:00 - 1 - 1%\n"
      const TOGETHER = [
        ["08:00", 20],
        ["16:00", 1],
      ]

      test("keeps readings beside a delivery, whose values stay, whichever comes first", async () => {
        expect((await addText(TEXT)).outcome).toBe("new")
        expect(await put(MORNING, 1)).toBe("changed")
        expect(await shown()).toEqual(TOGETHER)
        await put(MORNING, 1, TOMATOES, OTHER_DAY)
        expect((await addText(TEXT, OTHER_DAY)).outcome).toBe("changed")
        expect(await shown(OTHER_DAY)).toEqual(TOGETHER)
        expect(await opened.superseded()).toEqual([
          { reading: ["08:00", 21, 30], revision: 0 },
          { reading: ["08:00", 21, 30], revision: 0 },
        ])
      })

      test("resolves with what is shown at its own times", async () => {
        await put("08:00 - 20 - 30%\n12:00 - 25 - 33%\n", 1)
        const readings = [
          ["08:00", 20, 30],
          ["16:00", 1, 1],
        ]
        expect(await addText(TEXT)).toMatchObject({ outcome: "changed", superseded: 1, shown: readings })
        expect(await addText(TEXT)).toMatchObject({ outcome: "known", shown: readings })
      })

      test("keeps the higher text of several values at one time, and all the others", async () => {
        for (const degrees of [1, 3, 2, 1]) await addText(`09:00 - ${degrees} - 30%\n`)
        expect(await shown()).toEqual([["09:00", 3]])
        expect((await opened.superseded()).map(({ reading: [, temperature] }) => temperature).toSorted()).toEqual([
          1, 2,
        ])
      })

      test("loses nothing to later deliveries, also after a restart", async () => {
        await put(MORNING, 1)
        await addText(TEXT)
        await opened.reopen()
        await put("08:00 - 22 - 30%\n", 2)
        await put("", 3)
        expect(await shown()).toEqual([
          ["08:00", 22],
          ["16:00", 1],
        ])
      })

      test("leaves the revision and what was agreed with the gateway as they are", async () => {
        await put(MORNING, 5)
        expect(await close(claim([TOMATOES]))).toBe(true)
        await addText(TEXT)
        expect(await opened.kept()).toMatchObject([{ revision: 5, versions: [{ revision: 5 }, { revision: 0 }] }])
        expect(await close(claim([TOMATOES]))).toBe(true)
        expect(await put(MORNING, 5)).toBe("known")
        expect(await close(claim([TOMATOES]))).toBe(true)
      })

      test("is no delivery: a device of which only text came is not counted", async () => {
        await addText(TEXT)
        expect(await close(claim([]))).toBe(true)
        await put(MORNING, 1, HERBS)
        expect(await close(claim([HERBS]))).toBe(true)
        // and becomes one when it is delivered, whatever there is already
        await put("16:00 - 1 - 1%\n", 0)
        expect(await close(claim([HERBS]))).toBe(false)
        expect(
          await close(
            claimOver([
              [TOMATOES, "16:00 - 1 - 1%\n"],
              [HERBS, MORNING],
            ]),
          ),
        ).toBe(true)
      })

      test("keeps the order of the day in the hour that daylight saving repeats", async () => {
        const lines = (texts: string[]) => texts.map((time, n) => `${time} - ${n} - 30%\n`).join("")
        await put(lines(["01:30", "02:15", "02:45", "02:15", "02:45", "03:00"]), 1, TOMATOES, CHANGE_DAY)
        await addText(lines(["02:15", "02:30", "02:30", "02:45", "03:30"]), CHANGE_DAY)
        expect(await shown(CHANGE_DAY)).toEqual([
          ["01:30", 0],
          ["02:15", 1],
          ["02:30", 1],
          ["02:45", 2],
          ["02:15+01:00", 3],
          ["02:30+01:00", 2],
          ["02:45+01:00", 4],
          ["03:00", 5],
          ["03:30", 4],
        ])
      })

      test("changes nothing when the disk is full", async () => {
        await put(MORNING, 1)
        await opened.fillDisk()
        await expect(addText(LARGE)).rejects.toBeInstanceOf(StorageRefused)
        expect([await shown(), await opened.superseded()]).toEqual([[["08:00", 20]], []])
        await opened.makeRoom()
        await addText(LARGE)
        expect(await shown()).toHaveLength(1440)
      })
    })

    describe("any order and any repetition", () => {
      let address = 1
      const bring = (at: number, { kind, revision, zone, body, readings }: Arrival): Promise<Kept> =>
        kind === "text"
          ? opened.store.addText(SITE, { day: CHANGE_DAY, address: at, zone, readings })
          : opened.store.deliver(SITE, deliveryOf(body, { day: CHANGE_DAY, address: at, revision, zone }))
      const keptOf = async (at: number) => (await opened.kept(at))[0]

      test("gives the same readings, revisions and zone, and every value is kept", async () => {
        await fc.assert(
          fc.asyncProperty(twoOrders, fc.boolean(), async ({ arrivals, other }, together) => {
            const [one, two] = [address++, address++]
            for (const [at, order] of [
              [one, arrivals],
              [two, other],
            ] as const) {
              if (together) await Promise.all(order.map((each) => bring(at, each)))
              else for (const each of order) await bring(at, each)
            }
            const [first, second] = [await keptOf(one), await keptOf(two)]
            expect({ ...first, address: two }).toEqual({ ...second, address: two })
            const { revision, zone, versions } = expectedOf(arrivals)
            expect([first?.revision, first?.zone, byTime(first?.versions ?? [])]).toEqual([
              revision,
              zone,
              [...versions],
            ])
            expect(isInOrder(first?.versions ?? [], zone)).toBe(true)
            for (const [at, kept] of [
              [one, first],
              [two, second],
            ] as const) {
              const all = [...(await opened.superseded(at)), ...(kept?.versions ?? [])]
              const texts = new Set(all.map(({ reading }) => reading.join(" ")))
              for (const { reading } of arrivals.flatMap(toldBy)) expect(texts).toContain(reading.join(" "))
            }
          }),
          { numRuns: 150 },
        )
      }, 60_000)

      test("leaves nothing of what was dropped, up to its revision", async () => {
        const plan = fc.tuple(fc.array(arrival, { maxLength: 4 }), fc.array(arrival, { maxLength: 6 }), fc.nat(5))
        await fc.assert(
          fc.asyncProperty(plan, async ([before, after, revision]) => {
            const at = address++
            for (const each of before) await bring(at, each)
            const upTo = await drop(revision, { first: at, last: at }, CHANGE_DAY)
            expect(upTo).toBe(Math.max(revision, ...before.map((each) => each.revision)))
            for (const each of [...before, ...after, ...before]) {
              const isDropped = each.kind === "text" || each.revision <= upTo
              expect((await bring(at, each)).outcome === "dropped").toBe(isDropped)
            }
            const newer = after.filter((each) => each.kind === "delivery" && each.revision > upTo)
            const kept = await keptOf(at)
            if (newer.length === 0) return expect(kept).toBeUndefined()
            expect(byTime(kept?.versions ?? [])).toEqual([...expectedOf(newer).versions])
          }),
          { numRuns: 150 },
        )
      }, 60_000)
    })

    describe("drop()", () => {
      test("takes readings away with what they superseded, and brings back only what is newer", async () => {
        await put("08:00 - 20 - 30%\n", 5)
        await put("08:00 - 21 - 30%\n", 6)
        expect(await drop(4)).toBe(6)
        expect([await surveys(), await opened.superseded()]).toEqual([[], []])
        await opened.reopen()
        expect(await put(MORNING, 5)).toBe("dropped")
        expect(await put(MORNING, 6)).toBe("dropped")
        expect((await addText(MORNING)).outcome).toBe("dropped")
        expect(await surveys()).toEqual([])
        expect(await put(MORNING, 7)).toBe("new")
      })

      test("forbids what was not there yet", async () => {
        expect(await drop(8)).toBe(8)
        expect(await put(MORNING, 8)).toBe("dropped")
        expect(await put(MORNING, 9)).toBe("new")
      })

      test("is not taken back by one of a lower revision", async () => {
        await drop(8)
        expect(await drop(3)).toBe(3)
        expect(await put(MORNING, 8)).toBe("dropped")
      })

      test("is of its days, addresses and site alone, and of a range as of one", async () => {
        await describeSite("orchard")
        await deliver(MORNING, { revision: 1 }, "orchard")
        for (const address of [TOMATOES, HERBS, HERBS + 1]) await put(MORNING, 1, address)
        await put(MORNING, 1, TOMATOES, OTHER_DAY)
        await drop(1, { first: TOMATOES, last: HERBS })
        expect((await opened.kept()).map(({ site, day, address }) => [site, day, address])).toEqual([
          [SITE, OTHER_DAY, TOMATOES],
          [SITE, DAY, HERBS + 1],
          ["orchard", DAY, TOMATOES],
        ])
        expect(await put(MORNING, 1, HERBS)).toBe("dropped")
        expect(await put(MORNING, 1, HERBS + 1)).toBe("known")
      })

      test("has the day's agreement looked at again, and a day of which nothing is left is not listed", async () => {
        await put(MORNING, 1)
        await put(MORNING, 1, HERBS)
        expect(await close(claim([TOMATOES, HERBS]), EVERYBODY, true)).toBe(true)
        await drop(1)
        expect(await close(claim([TOMATOES, HERBS]))).toBe(false)
        expect(await close(claim([HERBS]))).toBe(true)
        expect(await opened.store.unlisted()).toHaveLength(1)
        await drop(1, { first: HERBS, last: HERBS })
        expect(await opened.store.unlisted()).toEqual([])
      })

      test("holds also behind a commit that was rolled back", async () => {
        await drop(5)
        await opened.fillDisk()
        await expect(put(LARGE, 9, HERBS)).rejects.toBeInstanceOf(StorageRefused)
        await opened.makeRoom()
        expect(await put(MORNING, 5)).toBe("dropped")
      })
    })

    describe("surveys()", () => {
      test("gives a day in address order, over pages, also of some ranges only", async () => {
        const puts = Array.from({ length: 2500 }, (_, n) => put(MORNING, 1, 4000 - n))
        await Promise.all([...puts, put(MORNING, 1, 0xffff_ffff), put(MORNING, 1, 0)])
        const all = (await surveys()).map(({ address }) => address)
        expect(all).toEqual([0, ...Array.from({ length: 2500 }, (_, n) => 1501 + n), 0xffff_ffff])
        const ranges = [
          { first: 1600, last: 1602 },
          { first: 3999, last: 5000 },
        ]
        expect((await surveys(DAY, ranges)).map(({ address }) => address)).toEqual([1600, 1601, 1602, 3999, 4000])
        expect(await surveys(OTHER_DAY)).toEqual([])
      })
    })

    describe("closeCollection()", () => {
      test("agrees on count and digest of the named addresses alone, in whatever order ranges come", async () => {
        await Promise.all([5, 1, 3, 9, 4].map((address) => put(MORNING, 1, address)))
        const ranges = [
          { first: 9, last: 9 },
          { first: 1, last: 1 },
          { first: 3, last: 4 },
        ]
        expect(await close(claim([1, 3, 4, 9]), ranges)).toBe(true)
        expect(await close(claim([1, 3, 4, 5, 9]), ranges)).toBe(false)
        expect(await close({ ...claim([1, 3, 4, 9]), surveys: 5 }, ranges)).toBe(false)
        expect(await close({ ...claim([1, 3, 4, 9]), digest: claim([1, 3, 4]).digest }, ranges)).toBe(false)
      })

      test("agrees with an empty day", async () => {
        expect(await close(claim([]), [])).toBe(true)
      })

      test("records only what it agrees with", async () => {
        await put(MORNING, 1)
        await close(claim([1, 2]), EVERYBODY, true)
        expect(await opened.store.unlisted()).toEqual([])
        await close(claim([TOMATOES]), EVERYBODY, true)
        expect(await opened.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
      })

      test("looks again when something came since the last agreement, also in the same commit", async () => {
        await put(MORNING, 1)
        await close(claim([TOMATOES]))
        const waiting = put(MORNING, 1, HERBS)
        expect(await close(claim([TOMATOES]))).toBe(false)
        await waiting
        expect(await close(claim([TOMATOES, HERBS]))).toBe(true)
      })

      test("looks again also behind a commit that was rolled back", async () => {
        await put(MORNING, 1)
        await close(claim([TOMATOES]))
        await opened.fillDisk()
        const together = [put(MORNING, 1, HERBS), put(LARGE, 1, HERBS + 1)] // in one commit
        await Promise.allSettled(together)
        await expect(together[1]).rejects.toBeInstanceOf(StorageRefused)
        await opened.makeRoom()
        await put(MORNING, 1, HERBS)
        expect(await close(claim([TOMATOES]))).toBe(false)
        expect(await close(claim([TOMATOES, HERBS]))).toBe(true)
      })

      test("looks again when the claim is another than the last agreement", async () => {
        await put(MORNING, 1)
        await put(MORNING, 1, HERBS)
        await close(claim([TOMATOES, HERBS]))
        expect(await close(claim([TOMATOES]), [ONLY_TOMATOES])).toBe(true)
      })

      test("has a day listed once, also after a restart", async () => {
        await put(MORNING, 1)
        expect(await isToList()).toBe(true)
        expect(await isToList()).toBe(false)
        await opened.reopen()
        expect(await isToList()).toBe(false)
        await opened.store.markListed(SITE, DAY)
        await opened.reopen()
        expect(await isToList()).toBe(false)
        expect(await opened.store.unlisted()).toEqual([])
      })

      test("has a day listed again when a reading of it is another one, and for nothing less", async () => {
        await put(MORNING, 5)
        expect(await isToList()).toBe(true)
        await put(MORNING, 5)
        await put(MORNING, 9)
        expect(await isToList()).toBe(false)
        await put("08:00 - 1 - 1%\n", 1) // its digest is that of the day now, its value gave way
        expect(await isToList("08:00 - 1 - 1%\n")).toBe(false)
        await addText("08:00 - 2 - 2%\n")
        await put(MORNING, 9)
        expect(await isToList()).toBe(false)
        await put("08:00 - 2 - 2%\n", 10)
        expect(await isToList("08:00 - 2 - 2%\n")).toBe(true)
        expect(await isToList("08:00 - 2 - 2%\n")).toBe(false)
      })

      test("has a day listed that changed while it was being listed, or only compared", async () => {
        await put(MORNING, 1)
        expect(await isToList()).toBe(true)
        await put("08:00 - 2 - 2%\n", 2)
        await opened.store.markListed(SITE, DAY) // of the first time
        await opened.reopen()
        expect(await isToList("08:00 - 2 - 2%\n", false)).toBe(false)
        expect(await opened.store.unlisted()).toEqual([])
        expect(await isToList("08:00 - 2 - 2%\n")).toBe(true)
        expect(await opened.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
      })

      test("has a day not listed for a claim that is another one", async () => {
        await put(MORNING, 1)
        await put(MORNING, 1, HERBS)
        const both = () => closeWith(claim([TOMATOES, HERBS]), EVERYBODY, true)
        expect(await both()).toEqual({ agrees: true, toList: true })
        expect(await closeWith(claim([TOMATOES]), [ONLY_TOMATOES], true)).toEqual({ agrees: true, toList: false })
        expect(await both()).toEqual({ agrees: true, toList: false })
      })

      test("copes with a fleet whose ranges are in pieces", async () => {
        const even = Array.from({ length: 20_000 }, (_, n) => 2 * n)
        await Promise.all(even.map((address) => put(MORNING, 1, address)))
        const pieces = even.map((address) => ({ first: address, last: address }))
        expect(await close(claim(even), pieces)).toBe(true)
      })
    })

    describe("unlisted()", () => {
      test("names collections that were not listed to the end, also after a restart", async () => {
        await close(claim([]), [], true)
        await opened.reopen()
        expect(await opened.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
        await close(claim([]), []) // a later comparison does not take it off
        expect(await opened.store.unlisted()).toHaveLength(1)
        await opened.store.markListed(SITE, DAY)
        await opened.reopen()
        expect(await opened.store.unlisted()).toEqual([])
      })
    })

    describe("closings()", () => {
      test("names each day that was closed, once, and none that differs", async () => {
        await put(MORNING, 1)
        expect(await close(claim([HERBS]))).toBe(false)
        expect(await opened.store.closings()).toEqual([])
        await close(claim([TOMATOES]))
        await opened.store.closeCollection(SITE, OTHER_DAY, {
          ...{ claimed: claim([]), addresses: [], report: "{}", toList: false }, // it is only compared
        })
        expect(await opened.store.watches()).toBe(true)
        expect(await opened.store.closings()).toEqual([{ site: SITE, day: DAY, ...RUN }])
        expect(await opened.store.closings()).toEqual([])
      })
    })
  })
}
