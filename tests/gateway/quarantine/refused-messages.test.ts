import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { StorageRefused } from "../../../src/storage/errors"
import { Bench, DAY, HERBS, TOMATOES } from "../fixtures"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const note = (peer: string, bytes: string | Uint8Array = peer, address = TOMATOES) =>
  bench.refusals.note({ kind: "message", reason: "no", bytes, peer, address, day: DAY })
const texts = () => bench.quarantined().map(({ text }) => text)

describe("note()", () => {
  test("is written once a second, with the time at which it came", async () => {
    let commits = 0
    const { transaction } = bench.database
    bench.database.transaction = (work) => {
      commits++
      return transaction.call(bench.database, work) as ReturnType<typeof work>
    }
    for (let n = 0; n < 10_000; n++) note(`10.0.${n >> 8}.${n & 255}:1`)
    await bench.clock.advance(5000)
    expect(commits).toBe(1)
    expect(bench.clock.pending).toBe(0)
    expect(texts()).toHaveLength(64)
    expect(bench.floods).toEqual([10_000 - 64])
  })

  test("keeps room for others while one floods", async () => {
    for (let n = 0; n < 1000; n++) note(`10.0.0.1:${n}`)
    note("10.0.0.2:1")
    await bench.clock.advance(1000)
    expect(texts()).toEqual([...Array.from({ length: 8 }, (_, n) => `10.0.0.1:${n}`), "10.0.0.2:1"])
    note("10.0.0.1:again")
    await bench.clock.advance(1000)
    expect(texts().at(-1)).toBe("10.0.0.1:again")
  })

  test("keeps room for a newcomer: who has more than one gives one up", async () => {
    for (let sender = 0; sender < 8; sender++) for (let n = 0; n < 8; n++) note(`10.0.0.${sender}:${n}`)
    for (let n = 0; n < 3; n++) note(`10.0.1.${n}:1`)
    await bench.clock.advance(1000)
    expect(texts()).toHaveLength(64)
    expect(texts().slice(-3)).toEqual(["10.0.1.0:1", "10.0.1.1:1", "10.0.1.2:1"])
    expect(bench.floods).toEqual([3])
  })

  test("keeps what is refused of devices, however many strangers come", async () => {
    const strangers = () => {
      for (let n = 0; n < 1000; n++) {
        const peer = `10.0.${n >> 8}.${n & 255}:1`
        bench.refusals.note({ kind: "stranger", reason: "no", bytes: peer, peer, day: DAY })
      }
    }
    strangers()
    for (let n = 0; n < 64; n++) note(`192.168.1.${n}:1`)
    await bench.clock.advance(1000)
    expect(texts()).toHaveLength(128)
    expect(texts().slice(64)).toEqual(Array.from({ length: 64 }, (_, n) => `192.168.1.${n}:1`))
  })

  test("keeps the bytes as they were", async () => {
    const datagram = new TextEncoder().encode("before")
    note("10.0.0.1:1", datagram.subarray(0, 6))
    datagram.fill(0)
    await bench.clock.advance(1000)
    expect(texts()).toEqual(["before"])
  })

  test("tells of a disk that refuses, and goes on", async () => {
    bench.fillDisk()
    for (let n = 0; n < 64; n++) note(`10.0.0.${n}:1`, new Uint8Array(4096), HERBS)
    await bench.clock.advance(1000)
    expect(bench.refused).toEqual([expect.any(StorageRefused)])
    bench.makeRoom()
    note("10.0.0.1:1")
    await bench.clock.advance(1000)
    expect(texts()).toHaveLength(1)
  })
})

test("stop() hands over what waits", () => {
  note("10.0.0.1:1")
  bench.refusals.stop()
  bench.refusals.stop()
  bench.commits.flush()
  expect(texts()).toHaveLength(1)
  expect(bench.clock.pending).toBe(0)
})
