import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import type { Stranger } from "../../../src/gateway/events"
import { lineFor, readStrangers, Strangers } from "../../../src/gateway/intake/strangers"
import { StorageRefused } from "../../../src/storage/errors"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"
import { Bench, NOW } from "../fixtures"

let bench: Bench
let strangers: Strangers
let named: Stranger[]

const open = () => {
  const { database, commits, clock } = bench
  named = []
  strangers = new Strangers({
    database,
    commits,
    clock,
    emit: (event) => (event.kind === "stranger" ? named.push(event) : bench.emit(event)),
  })
}
beforeEach(() => {
  bench = new Bench()
  open()
})
afterEach(() => bench[Symbol.dispose]())

const stranger = (sender: string, address = sender): Stranger => ({ sender, address, reason: `${address} is unknown` })
const kept = () => readStrangers(bench.database.sqlite)

describe("note()", () => {
  test("keeps who it was, how often and when, over a restart", async () => {
    strangers.note(stranger("192.168.1.77"))
    await bench.clock.advance(500)
    strangers.note(stranger("192.168.1.77"))
    await bench.clock.advance(5000)
    bench.reopen()
    open()
    strangers.note(stranger("192.168.1.77"))
    await bench.clock.advance(1000)
    expect(kept()).toEqual([{ ...stranger("192.168.1.77"), tries: 3, firstAt: NOW, lastAt: NOW + 5500 }])
  })

  test("names each once", () => {
    for (const sender of ["10.0.0.1", "10.0.0.1", "10.0.0.2"]) strangers.note(stranger(sender))
    expect(named.map(({ sender }) => sender)).toEqual(["10.0.0.1", "10.0.0.2"])
  })

  test("lets no sender that names many devices hide another one", async () => {
    for (let n = 0; n < 5000; n++) strangers.note(stranger("10.0.0.1", `192.168.${(n >> 8) & 255}.${n & 255}`))
    strangers.note(stranger("10.0.0.2"))
    await bench.clock.advance(1000)
    for (let n = 0; n < 5000; n++) strangers.note(stranger("10.0.0.1", `172.16.${(n >> 8) & 255}.${n & 255}`))
    await bench.clock.advance(1000)
    expect(named.map(({ sender }) => sender)).toContain("10.0.0.2")
    expect(kept().filter(({ sender }) => sender === "10.0.0.1")).toHaveLength(20)
    expect(kept().map(({ sender }) => sender)).toContain("10.0.0.2")
  })

  test("makes one commit a second of a flood", async () => {
    let commits = 0
    const { transaction } = bench.database
    bench.database.transaction = (work) => {
      commits++
      return transaction.call(bench.database, work) as ReturnType<typeof work>
    }
    for (let n = 0; n < 20_000; n++) strangers.note(stranger(`10.0.${(n >> 8) & 255}.${n & 255}`))
    await bench.clock.advance(10_000)
    expect(commits).toBe(1)
    expect(bench.clock.pending).toBe(0)
  })

  test("keeps of a sender that names many devices those that it named last", async () => {
    for (let n = 0; n < 30; n++) {
      strangers.note(stranger("10.0.0.1", `192.168.1.${n}`))
      await bench.clock.advance(1000)
    }
    expect(kept().map(({ address }) => address)).toEqual(Array.from({ length: 20 }, (_, n) => `192.168.1.${29 - n}`))
  })

  test("finds room for a new sender, however many came before it and however often", async () => {
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 1010; n++) strangers.note(stranger(`10.0.${n >> 8}.${n & 255}`))
      await bench.clock.advance(1000)
    }
    strangers.note(stranger("192.168.1.77"))
    await bench.clock.advance(1000)
    expect(kept()[0]).toMatchObject({ sender: "192.168.1.77", tries: 1 })
    expect(kept().length).toBeLessThanOrEqual(1000)
  })

  test("keeps who comes again and again, whatever comes once", async () => {
    for (let n = 0; n < 3; n++) strangers.note(stranger("192.168.1.77"))
    await bench.clock.advance(1000)
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 600; n++) strangers.note(stranger(`10.${round}.${n >> 8}.${n & 255}`))
      await bench.clock.advance(1000)
    }
    expect(kept().at(-1)).toMatchObject({ sender: "192.168.1.77", tries: 3 })
    expect(kept().length).toBeLessThanOrEqual(1000)
  })

  test("tells of a disk that refuses, and goes on", async () => {
    bench.fillDisk()
    for (let n = 0; n < 1000; n++) strangers.note(stranger(`10.0.${n >> 8}.${n & 255}`))
    await bench.clock.advance(1000)
    expect(bench.refused).toEqual([expect.any(StorageRefused)])
    bench.makeRoom()
    strangers.note(stranger("10.9.9.9"))
    await bench.clock.advance(1000)
    expect(kept()).toHaveLength(1)
  })
})

test("readStrangers() gives each sender's latest before any other's second", async () => {
  strangers.note(stranger("10.0.0.2"))
  await bench.clock.advance(1000)
  for (let n = 1; n < 4; n++) {
    strangers.note(stranger("10.0.0.1", `192.168.1.${n}`))
    await bench.clock.advance(1000)
  }
  expect(kept().map(({ address }) => address)).toEqual(["192.168.1.3", "10.0.0.2", "192.168.1.2", "192.168.1.1"])
})

test("stop() hands over what waits", () => {
  strangers.note(stranger("10.0.0.1"))
  strangers.stop()
  strangers.stop()
  bench.commits.flush()
  expect(kept()).toHaveLength(1)
  expect(bench.clock.pending).toBe(0)
})

test("prune() forgets whom nobody heard of since then", async () => {
  strangers.note(stranger("10.0.0.1"))
  await bench.clock.advance(5000)
  strangers.note(stranger("10.0.0.2"))
  await bench.clock.advance(5000)
  bench.database.transaction(() => strangers.prune(NOW + 1000))
  expect(kept().map(({ sender }) => sender)).toEqual(["10.0.0.2"])
})

describe("lineFor()", () => {
  const topology = parseTopology(SAMPLE, "topology.yaml")

  test.each([
    ["declared", "192.168.1.77", "192.168.1.77", "- { ip: 192.168.1.77 }"],
    ["declared", "192.168.1.77", "192.168.1.2", "- { ip: 192.168.1.77 }"],
    ["declared", "192.168.1.2", "192.168.1.3", undefined],
    ["declared", "10.0.0.1", "192.168.1.77", undefined],
    ["declared", "192.168.1.1", "192.168.1.1", undefined],
    ["declared", "192.168.1.255", "192.168.1.255", undefined],
    ["simulated", "127.168.1.77", "127.168.1.77", "- { ip: 192.168.1.77 }"],
    ["simulated", "127.0.0.1", "192.168.1.77", "- { ip: 192.168.1.77 }"],
    ["simulated", "127.0.0.1", "127.0.0.1", undefined],
  ] as const)("%s: %s that speaks for %s", (addressing, sender, address, line) => {
    expect(lineFor(stranger(sender, address), topology, addressing)).toBe(line)
  })
})
