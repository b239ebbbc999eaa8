import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  countQuarantined,
  type Filter,
  type Quarantined,
  readQuarantined,
} from "../../../src/gateway/quarantine/entries"
import { Quarantine, type Refusal } from "../../../src/gateway/quarantine/quarantine"
import { Bench, DAY, HERBS, LEMONS, NOW, TOMATOES } from "../fixtures"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const LINE = { kind: "line", reason: "line 1: rubbish", bytes: "rubbish", address: TOMATOES, day: DAY } as const

function add(quarantine: Quarantine, ...refusals: readonly Refusal[]): void {
  bench.database.transaction(() => {
    for (const refusal of refusals) quarantine.add(NOW, refusal)
  })
}

const read = (filter: Filter = {}): Quarantined[] =>
  [...readQuarantined(bench.database.sqlite, filter, "oldest first")].flat()
const sizes = () => ({ ...countQuarantined(bench.database.sqlite).kinds })
const sendersOf = (rows: readonly Quarantined[]) =>
  Object.fromEntries(Object.entries(Object.groupBy(rows, ({ sender }) => sender)).map(([ip, own]) => [ip, own?.length]))
const bytesOf = ({ bytes }: Quarantined) => Buffer.from(bytes).toString()

describe("add()", () => {
  test("keeps time, peer, device, day, reason and bytes", () => {
    add(bench.quarantine, { ...LINE, peer: "192.168.1.2:50000", bytes: Uint8Array.of(0x31, 0xff) })
    expect(read()).toEqual([
      {
        id: 1,
        at: NOW,
        kind: "line",
        sender: "192.168.1.2",
        peer: "192.168.1.2:50000",
        address: TOMATOES,
        day: DAY,
        reason: "line 1: rubbish",
        bytes: new Uint8Array([0x31, 0xff]),
        size: 2,
        again: 1,
      },
    ])
  })

  test("cuts a message, and says of how many bytes", () => {
    const message = { ...LINE, kind: "message", bytes: new Uint8Array(5000) } as const
    add(bench.quarantine, message, { ...message, bytes: "whole" }, { ...message, bytes: "damaged", forGood: true })
    expect(read().map(({ bytes, size, again }) => [bytes.length, size, again])).toEqual([
      [4096, 5000, 0],
      [5, 5, 1],
      [7, 7, 0],
    ])
  })

  test("divides lines among rows without breaking one, and cuts only what is longer than a row", () => {
    const lines = Array.from({ length: 1000 }, (_, n) => `${n} - rubbish`)
    add(bench.quarantine, { ...LINE, bytes: [...lines, "x".repeat(5000), "last"].join("\n") })
    const rows = read()
    for (const { bytes } of rows) expect(bytes.length).toBeLessThanOrEqual(4096)
    const kept = rows.map(bytesOf).join("")
    expect(kept).toBe([...lines, "x".repeat(4096)].join("\n").concat("last"))
    expect(rows.map(({ again }) => again)).toEqual([1, 1, 1, 1, 0, 1])
  })

  test("keeps a reason that a peer made long short", () => {
    add(bench.quarantine, { ...LINE, reason: "😀".repeat(10_000) })
    expect(read()[0]?.reason.length).toBe(300)
  })
})

describe("the bounds", () => {
  /** Adds them in one transaction and gives the largest number of rows that there ever were, of each kind. */
  function mostOf(quarantine: Quarantine, refusals: readonly Refusal[]): Record<string, number> {
    const most: Record<string, number> = {}
    bench.database.transaction(() => {
      for (const refusal of refusals) {
        quarantine.add(NOW, refusal)
        for (const [kind, rows] of Object.entries(sizes())) most[kind] = Math.max(most[kind] ?? 0, rows)
      }
    })
    return most
  }

  test("hold at every moment", () => {
    const quarantine = new Quarantine(bench.database, 100)
    const line = (n: number) => ({ ...LINE, address: TOMATOES + (n % 50) })
    const { line: most = 0 } = mostOf(
      quarantine,
      Array.from({ length: 500 }, (_, n) => line(n)),
    )
    expect(most).toBeLessThanOrEqual(90)
    expect(most).toBeGreaterThan(80)
  })

  test("let one sender's flood push out nobody's but its own", () => {
    const quarantine = new Quarantine(bench.database, 100)
    add(quarantine, { ...LINE, address: HERBS, bytes: "kept" }, { ...LINE, address: LEMONS, bytes: "kept too" })
    const flood = Array.from({ length: 2000 }, (_, n) => ({ ...LINE, bytes: `flood ${n}` }))
    expect(mostOf(quarantine, flood).line).toBeLessThanOrEqual(2 + 9 + 9)
    const rows = read()
    expect(rows.slice(0, 2).map(bytesOf)).toEqual(["kept", "kept too"])
    expect(bytesOf(rows.at(-1) as Quarantined)).toBe("flood 1999")
    bench.database.transaction(() => quarantine.prune())
    expect(sendersOf(read())).toEqual({ "192.168.1.2": 9, "192.168.1.3": 1, "192.168.1.4": 1 })
  })

  test("let a flood of forged strangers push out no declared device's, and leave it a tenth", () => {
    const quarantine = new Quarantine(bench.database, 1000)
    add(quarantine, ...Array.from({ length: 10 }, () => LINE))
    const strangers = Array.from({ length: 3000 }, (_, n): Refusal => {
      return { kind: "stranger", reason: "?", bytes: "x", peer: `10.0.${n >> 8}.${n & 255}:1` }
    })
    expect(mostOf(quarantine, strangers).stranger).toBe(100)
    expect(sizes().line).toBe(10)
    expect(sizes().stranger).toBeGreaterThan(80)
  })

  test("take the room from whoever has most, its oldest first", () => {
    const quarantine = new Quarantine(bench.database, 100)
    add(quarantine, ...Array.from({ length: 9 }, (_, n) => ({ ...LINE, bytes: `many ${n}` })))
    add(quarantine, ...Array.from({ length: 81 }, (_, n) => ({ ...LINE, address: HERBS + (n % 40) })))
    const many = read({ address: TOMATOES }).map(bytesOf)
    expect(many.length).toBeLessThanOrEqual(2)
    expect(many.at(-1)).toBe("many 8")
    expect(Object.keys(sendersOf(read()))).toHaveLength(41)
  })

  test("follow a narrower topology at the next run, and hold for the smallest", () => {
    add(bench.quarantine, ...Array.from({ length: 50 }, (_, n) => ({ ...LINE, address: TOMATOES + n })))
    const narrow = new Quarantine(bench.database, 10)
    bench.database.transaction(() => narrow.prune())
    expect(read()).toHaveLength(9)
    const one = new Quarantine(bench.database, 1)
    for (const kind of ["line", "stranger", "message"] as const) add(one, { ...LINE, kind, peer: "10.0.0.1:1" })
    expect(read().map(({ kind }) => kind)).toEqual(["message"])
  })
})

describe("clear(), countQuarantined() and readQuarantined()", () => {
  beforeEach(() => {
    add(
      bench.quarantine,
      LINE,
      { ...LINE, address: HERBS },
      { ...LINE, kind: "message", day: "2026-11-20" },
      { ...LINE, kind: "stranger", address: undefined, peer: "192.168.1.77:1" },
    )
  })
  const clear = (filter: Filter) => bench.database.transaction(() => bench.quarantine.clear(filter))

  test.each([
    [{}, [1, 2, 3, 4]],
    [{ from: DAY, to: DAY }, [1, 2, 4]],
    [{ from: "2026-11-20" }, [1, 2, 3, 4]],
    [{ to: "2026-11-20" }, [3]],
    [{ address: TOMATOES }, [1, 3]],
    [{ address: TOMATOES - 2 + 77 }, [4]],
    [{ kind: "line" }, [1, 2]],
    [{ kind: "line", upTo: 1 }, [1]],
    [{ to: "2026-11-20", address: HERBS }, []],
  ] as const)("take %j for %j", (filter, ids) => {
    expect(read(filter).map(({ id }) => id)).toEqual([...ids])
    const { kinds, newest } = countQuarantined(bench.database.sqlite, filter)
    expect(Object.values(kinds).reduce((a, b) => a + b)).toBe(ids.length)
    expect(newest).toBe(ids.at(-1) ?? 0)
    expect(clear(filter)).toBe(ids.length)
    expect(read()).toHaveLength(4 - ids.length)
  })

  test("give no number twice, so that what is dropped is what was seen", () => {
    clear({})
    add(bench.quarantine, LINE)
    expect(read().map(({ id }) => id)).toEqual([5])
  })

  test("read many pages, in both orders", () => {
    clear({})
    add(bench.quarantine, ...Array.from({ length: 200 }, () => LINE))
    const ids = read().map(({ id }) => id)
    expect(ids).toEqual(Array.from({ length: 200 }, (_, n) => n + 5))
    const newest = [...readQuarantined(bench.database.sqlite, {}, "newest first")].flat().map(({ id }) => id)
    expect(newest).toEqual(ids.toReversed())
  })
})
