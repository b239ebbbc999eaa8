import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { Strangers } from "../../../src/gateway/intake/strangers"
import { readGatewayStatus, readRunUnderWay } from "../../../src/gateway/report/status"
import { StorageError } from "../../../src/storage/errors"
import { addDays, type Day } from "../../../src/survey/calendar"
import { parseAddress } from "../../../src/topology/address"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"
import { Bench, DAY, HERBS, LEMONS, MORNING, NOW, TOMATOES } from "../fixtures"

const DEVICES = `devices:
  - { ip: 192.168.1.2, name: tomatoes, survey: one.txt }
  - { ip: 192.168.1.3, name: herbs, survey: two.txt }
  - { ip: 192.168.1.4, name: lemons }
`
const ALL = [{ first: TOMATOES, last: LEMONS }]
const BEFORE: Day = "2026-11-20"
const EVENING = "20:00 - 21 - 28%\n"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

function read(devices = DEVICES, file = "spool.db", now = NOW) {
  const topology = parseTopology(SAMPLE.replace(/devices:\n( {2}- .*\n)+$/, devices), "topology.yaml")
  return readGatewayStatus({ ...topology, gateway: { ...topology.gateway, spool: join(bench.folder, file) } }, now)
}

async function run(day: Day, surveys: Readonly<Record<number, string>>, late: Readonly<Record<number, string>> = {}) {
  await bench.ledger.open(day, Date.parse(`${addDays(day, 1)}T05:00:00Z`), ALL)
  for (const [address, text] of Object.entries(surveys)) await bench.accept(text, Number(address), day)
  await bench.ledger.close(day)
  for (const [address, text] of Object.entries(late)) await bench.accept(text, Number(address), day, true)
}

async function deliver(day: Day) {
  await bench.spool.markDelivered(bench.due().filter((delivery) => delivery.day === day))
  await bench.ledger.confirm(day, true)
}

const states = (status: ReturnType<typeof read>, ip: string) =>
  status.devices
    ?.find((device) => device.ip === ip)
    ?.days.map(({ state, late, unchanged }) => `${state}${late ? " late" : ""}${unchanged ? " unchanged" : ""}`)

describe("readGatewayStatus()", () => {
  test("throws where there is no spool", () => {
    expect(() => read(DEVICES, "nothing.db")).toThrow(StorageError)
  })

  test("is right at every moment of a burst: nobody is missing whose upload was acknowledged", async () => {
    const [first, size, at] = [parseAddress("192.168.1.2") ?? 0, 200, 20]
    const fleet = `devices:\n  - { ip: 192.168.1.2-192.168.1.201 }\n`
    await bench.ledger.open(DAY, Date.parse(`${addDays(DAY, 1)}T05:00:00Z`), [{ first, last: first + size - 1 }])
    for (let arrived = 0; arrived < size; ) {
      // from the highest address to the lowest; some in their slots, some not, some at the cloud, some sent twice
      await Promise.all(Array.from({ length: at }, (_, n) => bench.accept(MORNING, first + size - 1 - arrived - n)))
      arrived += at
      if (arrived % 60 === 0) await bench.accept(EVENING, first + size - arrived)
      const isDelivered = arrived % 80 === 0
      if (isDelivered) await bench.spool.markDelivered(bench.due())
      const { run, owed, undelivered } = read(fleet)
      expect(run).toMatchObject({ arrived, missing: size - arrived })
      expect(owed.surveys).toBe(size - arrived)
      expect(undelivered.surveys).toBe(isDelivered ? 0 : arrived - Math.floor(arrived / 80) * 80)
    }
  })

  test("says so before the first run", () => {
    expect(read()).toMatchObject({ run: null, days: [], owed: { since: null, surveys: 0, devices: [] } })
    expect(read().spool).toMatchObject({ bytesADay: null, outageDays: null })
  })

  test("tells arrived, late, missing, unchanged, delivered and not yet delivered, device by device", async () => {
    await run(BEFORE, { [TOMATOES]: MORNING, [HERBS]: MORNING }, { [LEMONS]: EVENING })
    await deliver(BEFORE)
    await run(DAY, { [TOMATOES]: MORNING, [HERBS]: EVENING })
    const status = read()
    expect(status.days).toMatchObject([
      { day: BEFORE, expected: 3, arrived: 3, late: 1, missing: 0, unchanged: 0, delivered: 3, confirmed: true },
      { day: DAY, expected: 3, arrived: 2, late: 0, missing: 1, unchanged: 1, delivered: 0, confirmed: false },
    ])
    expect(states(status, "192.168.1.2")).toEqual(["delivered", "waiting unchanged"])
    expect(states(status, "192.168.1.3")).toEqual(["delivered", "waiting"])
    expect(states(status, "192.168.1.4")).toEqual(["delivered late", "missing"])
    expect(status.undelivered).toEqual({ surveys: 2, oldest: DAY })
    expect(status.run).toMatchObject({ day: DAY, missingDevices: ["192.168.1.4"], complete: false })
  })

  test.each([
    ["is under way", false, false, [TOMATOES, HERBS, LEMONS], false],
    ["is closed and not confirmed", true, false, [TOMATOES, HERBS, LEMONS], false],
    ["has somebody missing", true, true, [TOMATOES, HERBS], false],
    ["is closed, confirmed and has everybody", true, true, [TOMATOES, HERBS, LEMONS], true],
  ] as const)("a run that %s: complete is %p, %p", async (_what, closed, confirmed, arrived, complete) => {
    await bench.ledger.open(DAY, NOW, ALL)
    for (const address of arrived) await bench.accept(MORNING, address)
    if (closed) await bench.ledger.close(DAY)
    if (confirmed) await deliver(DAY)
    expect(read().run).toMatchObject({ closed, confirmed, complete })
  })

  test("counts the missing devices whose files were stale, and those no more that came after all", async () => {
    await run(DAY, { [TOMATOES]: MORNING })
    expect(read().run).toMatchObject({ missing: 2, stale: 0 })
    for (const address of [HERBS, LEMONS])
      await bench.spool.noteAbsence(DAY, address, "stale", "last written on 20 November")
    expect(read().run).toMatchObject({ missing: 2, stale: 2 })
    await bench.accept(MORNING, HERBS, DAY, true)
    expect(read().run).toMatchObject({ missing: 1, stale: 1 })
  })

  test("shows the last seven days", async () => {
    for (let ago = 9; ago >= 0; ago--) await run(addDays(DAY, -ago), { [TOMATOES]: MORNING })
    expect(read().days.map(({ day }) => day)).toEqual(Array.from({ length: 7 }, (_, n) => addDays(DAY, n - 6)))
    const { owed, lost } = read()
    // herbs' file holds one day only
    expect(owed).toMatchObject({
      since: addDays(DAY, -9),
      surveys: 11,
      devices: [{ days: [DAY] }, { days: { length: 10 } }],
    })
    expect(lost).toMatchObject({ surveys: 9, devices: [{ name: "herbs", days: { length: 9 } }] })
  })

  test("owes by today's topology: neither who is paused nor who is gone", async () => {
    await run(BEFORE, { [TOMATOES]: MORNING })
    await run(DAY, { [HERBS]: MORNING })
    expect(read().owed.devices).toEqual([
      { ip: "192.168.1.2", name: "tomatoes", days: [DAY] },
      { ip: "192.168.1.4", name: "lemons", days: [BEFORE, DAY] },
    ])
    expect(read().lost.devices).toEqual([{ ip: "192.168.1.3", name: "herbs", days: [BEFORE] }])
    const fewer = DEVICES.replace("one.txt }", "one.txt, paused: true }").replace(/ {2}- .*lemons }\n/, "")
    expect(read(fewer).owed).toMatchObject({ surveys: 0, devices: [] })
    expect(read(fewer).lost).toMatchObject({ surveys: 1, devices: [{ ip: "192.168.1.3", days: [BEFORE] }] })
  })

  test("counts a large network, and names no more than it must", async () => {
    const fleet = "devices:\n  - { ip: 192.168.1.2-192.168.1.250 }\n"
    await bench.ledger.open(DAY, NOW, [{ first: TOMATOES, last: TOMATOES + 248 }])
    await bench.accept(MORNING, TOMATOES + 5)
    const status = read(fleet)
    expect(status.devices).toBeNull()
    expect(status.run).toMatchObject({ expected: 249, missing: 248 })
    expect(status.run?.missingDevices).toEqual(["192.168.1.2-192.168.1.6", "192.168.1.8-192.168.1.250"])
    expect(status.owed.surveys).toBe(248)
  })

  test("counts what is in quarantine by kind", async () => {
    await bench.accept("08:00 - 20 - 130%\nnonsense")
    await bench.accept(MORNING)
    await bench.accept("08:00 - 22 - 30%\n")
    expect(read().quarantine).toEqual({ line: 2, reading: 1, message: 0, stranger: 0, delivery: 0 })
  })

  test("names strangers until they are declared", async () => {
    const { database, commits, clock } = bench
    const strangers = new Strangers({ database, commits, clock, emit() {} })
    const reason = "as it was told"
    strangers.note({ sender: "127.168.1.77", address: "127.168.1.77", reason })
    strangers.note({ sender: "127.168.1.2", address: "192.168.1.3", reason })
    await clock.advance(1000)
    const at = new Date(NOW).toISOString()
    const times = { tries: 1, firstAt: at, lastAt: at }
    const impostor = {
      sender: "127.168.1.2",
      address: "192.168.1.3",
      reason: "127.168.1.2 may not speak for 192.168.1.3",
      line: null,
      ...times,
    }
    expect(read().strangers).toEqual([
      impostor,
      {
        sender: "127.168.1.77",
        address: "127.168.1.77",
        reason: "127.168.1.77 is not a declared device",
        line: "- { ip: 192.168.1.77 }",
        ...times,
      },
    ])
    expect(read(`${DEVICES}  - { ip: 192.168.1.77 }\n`).strangers).toEqual([impostor])
  })

  test("gives a line to add once, however many devices its sender spoke for", async () => {
    const { database, commits, clock } = bench
    const strangers = new Strangers({ database, commits, clock, emit() {} })
    for (const address of ["127.168.1.77", "192.168.1.2", "192.168.1.3"]) {
      strangers.note({ sender: "127.168.1.77", address, reason: "as it was told" })
    }
    await clock.advance(1000)
    expect(read().strangers.map(({ line }) => line)).toEqual(["- { ip: 192.168.1.77 }", null, null])
  })

  test("tells the room that is left, while the spool is written to", async () => {
    await run(DAY, { [TOMATOES]: MORNING })
    bench.database.sqlite.run("BEGIN IMMEDIATE")
    const { spool } = read()
    bench.database.sqlite.run("ROLLBACK")
    expect(spool.bytes).toBeGreaterThan(4096)
    expect(spool.bytesADay).toBeGreaterThan(MORNING.length)
    expect(spool.outageDays).toBe(Math.floor(spool.freeBytes / (spool.bytesADay ?? 1)))
  })
})

test("readRunUnderWay() counts what has come of the collection that is open, and of none when it is closed", async () => {
  const topology = parseTopology(SAMPLE.replace(/devices:\n( {2}- .*\n)+$/, DEVICES), "topology.yaml")
  const spool = join(bench.folder, "spool.db")
  const read = () => readRunUnderWay({ ...topology, gateway: { ...topology.gateway, spool } })
  await bench.ledger.open(DAY, Date.parse(`${addDays(DAY, 1)}T05:00:00Z`), ALL)
  expect(read()).toEqual({ day: DAY, expected: 3, arrived: 0 })
  await bench.accept(MORNING, TOMATOES, DAY)
  expect(read()).toEqual({ day: DAY, expected: 3, arrived: 1 })
  await bench.ledger.close(DAY)
  expect(read()).toBeUndefined()
})
