import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { mergeVersions, type Version } from "../../../src/cloud/store/merge"
import { clockChange } from "../../../src/survey/calendar"
import { byTime, CHANGE_DAY, expectedOf, isInOrder, toldBy, twoOrders } from "./arrivals"

const ROME = clockChange(CHANGE_DAY, "Europe/Rome")
const version = (time: string, temperature: number, revision: number): Version => ({
  reading: [time, temperature, 30],
  revision,
})

describe("mergeVersions()", () => {
  test("keeps what the other side has not", () => {
    const [a, b] = [version("08:00", 20, 1), version("09:00", 21, 2)]
    for (const [stored, incoming] of [
      [[a], [b]],
      [[b], [a]],
      [[a, b], []],
      [[], [a, b]],
    ] as const) {
      expect(mergeVersions(stored, incoming, {})).toEqual({ versions: [a, b], superseded: [] })
    }
  })

  test("keeps the higher revision of equal values, and nothing gives way", () => {
    const [low, high] = [version("08:00", 20, 1), version("08:00", 20, 2)]
    expect(mergeVersions([low], [high], {})).toEqual({ versions: [high], superseded: [] })
    expect(mergeVersions([high], [low], {})).toEqual({ versions: [high], superseded: [] })
  })

  test("keeps the value of the higher revision, and the other gives way", () => {
    const [low, high] = [version("08:00", 25, 1), version("08:00", 20, 2)]
    expect(mergeVersions([low], [high], {})).toEqual({ versions: [high], superseded: [low] })
    expect(mergeVersions([high], [low], {})).toEqual({ versions: [high], superseded: [low] })
  })

  test("keeps the higher text of two values of one revision", () => {
    const [lower, higher] = [version("08:00", 20, 1), version("08:00", 9, 1)]
    expect(mergeVersions([lower], [higher], {})).toEqual({ versions: [higher], superseded: [lower] })
    expect(mergeVersions([higher], [lower], {})).toEqual({ versions: [higher], superseded: [lower] })
  })

  test("tells the two passes of an hour apart, and orders them as they passed", () => {
    const times = ["01:30", "02:15", "02:45", "02:15+01:00", "02:45+01:00", "03:00"]
    const versions = times.map((time, at) => version(time, at, 1))
    const { versions: merged, superseded } = mergeVersions(versions.toReversed(), [version("02:15+01:00", 3, 1)], ROME)
    expect([merged, superseded]).toEqual([versions, []])
  })

  test("gives the same whatever the order and however often they come", () => {
    fc.assert(
      fc.property(twoOrders, ({ arrivals, other }) => {
        const fold = (all: typeof arrivals) => {
          const superseded: Version[] = []
          let versions: readonly Version[] = []
          for (const arrival of all) {
            const merged = mergeVersions(versions, toldBy(arrival), ROME)
            versions = merged.versions
            superseded.push(...merged.superseded)
          }
          return { versions, superseded }
        }
        const [one, two] = [fold(arrivals), fold(other)]
        expect(two.versions).toEqual(one.versions)
        expect(byTime(one.versions)).toEqual([...expectedOf(arrivals).versions])
        expect(isInOrder(one.versions, "Europe/Rome")).toBe(true)
        for (const { versions, superseded } of [one, two]) {
          const texts = new Set([...versions, ...superseded].map(({ reading }) => reading.join(" ")))
          for (const { reading } of arrivals.flatMap(toldBy)) expect(texts).toContain(reading.join(" "))
        }
      }),
      { numRuns: 1000 },
    )
  })
})
