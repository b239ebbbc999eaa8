// The examples of RFC 8428 §5.1, and what its fields may not be.
import { describe, expect, test } from "bun:test"
import { Pack } from "../../../src/survey/senml/records"

const NOW = 1_795_244_400
const take = (records: readonly unknown[], now: number | undefined = NOW) => {
  const pack = new Pack(now)
  return records.map((record) => pack.take(record))
}

describe("Pack", () => {
  test("resolves a single datapoint of about now (§5.1.1)", () => {
    expect(take([{ n: "urn:dev:ow:10e2073a01080063", u: "Cel", v: 23.1 }])).toEqual([
      { base: "", name: "urn:dev:ow:10e2073a01080063", unit: "Cel", time: NOW, value: 23.1 },
    ])
  })

  test("resolves base name, time and unit, and times before them (§5.1.2)", () => {
    const records = [
      { bn: "urn:dev:ow:10e2073a0108006:", bt: 1.276020076001e9, bu: "A", bver: 5, n: "voltage", u: "V", v: 120.1 },
      { n: "current", t: -5, v: 1.2 },
      { n: "current", v: 1.7 },
    ]
    expect(take(records)).toMatchObject([
      { name: "urn:dev:ow:10e2073a0108006:voltage", unit: "V", time: 1_276_020_076, value: 120.1 },
      { name: "urn:dev:ow:10e2073a0108006:current", unit: "A", time: 1_276_020_071, value: 1.2 },
      { name: "urn:dev:ow:10e2073a0108006:current", unit: "A", time: 1_276_020_076, value: 1.7 },
    ])
  })

  test("counts times below 2^28 from now, either way (§4.5.3)", () => {
    const times = (...given: number[]) => take(given.map((t) => ({ v: 1, t }))).map((record) => Object(record).time)
    expect(times(-60, 0, 60, 2 ** 28 - 1, 2 ** 28)).toEqual([NOW - 60, NOW, NOW + 60, NOW + 2 ** 28 - 1, 2 ** 28])
  })

  test("leaves alone what has no number, and what it does not know", () => {
    expect(
      take([{ bn: "a" }, { n: "b", vs: "on" }, { n: "c", vb: true }, { n: "d", s: 3 }, { v: 1, other: [] }]),
    ).toMatchObject([
      undefined,
      { name: "ab", value: undefined },
      { name: "ac", value: undefined },
      { name: "ad", value: undefined },
      { name: "a", value: 1 },
    ] as never)
  })

  test.each([
    [{ v: "20" }, "v must be a number: it is 20"],
    [{ n: 5, v: 1 }, "n must be text: it is 5"],
    [{ u: null, v: 1 }, "u must be text: it is null"],
    [{ bver: 11, v: 1 }, "bver must be at most 10, or 26: it is 11"],
    [{ v: 1, x_: 1 }, "A field whose name ends in _ must be understood: x_ is not"],
    [{ v: 1, t: 1e12 }, "Time must be in the years 1970 to 9999: it is 1000000000000"],
    [[], "A record must be a JSON object: it is a list"],
    [null, "A record must be a JSON object: it is null"],
  ])("refuses %j: %s", (record, rule) => {
    expect(take([record])).toEqual([rule])
  })

  test("refuses all behind a record whose base cannot be known, and only that", () => {
    const behind = "Stands behind a record that cannot be read, whose base fields may hold for it"
    expect(take([{ bt: "x" }, { v: 1 }])).toEqual(["bt must be a number: it is x", behind])
    expect(take([{ v: "x" }, { v: 1 }])).toMatchObject(["v must be a number: it is x", { value: 1 }] as never)
  })
})
