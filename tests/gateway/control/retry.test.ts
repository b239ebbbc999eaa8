import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { carryOut } from "../../../src/gateway/control/carry-out"
import { Retry } from "../../../src/gateway/control/retry"
import { Senders } from "../../../src/gateway/intake/senders"
import type { Filter } from "../../../src/gateway/quarantine/entries"
import type { Refusal } from "../../../src/gateway/quarantine/quarantine"
import { StorageRefused } from "../../../src/storage/errors"
import { surveyDigest } from "../../../src/survey/digest"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"
import { Bench, DAY, HERBS, LARGE, LEMONS, MORNING, NOW, RUN, TOMATOES } from "../fixtures"

const LINE = {
  kind: "line",
  reason: "line 3: an older rule",
  address: TOMATOES,
  day: DAY,
  peer: "127.168.1.2:5",
} as const
const STRANGER = {
  kind: "stranger",
  reason: "192.168.1.4 is not a declared device",
  address: LEMONS,
  day: DAY,
  peer: "127.168.1.4:5",
  bytes: MORNING,
} as const
const DECLARED = parseTopology(`${SAMPLE}  - { ip: 192.168.1.4 }\n`, "topology.yaml").devices

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const keep = (...refusals: readonly Refusal[]) =>
  bench.commits.add(() => {
    for (const refusal of refusals) bench.quarantine.add(NOW, refusal)
  })
const again = (filter: Filter = {}) => new Retry(bench.parts).again(filter)
const due = () => bench.due().map(({ address, day, body }) => [address, day, body])

describe("a line", () => {
  test("that today's rules take is merged as an upload, and leaves the quarantine", async () => {
    await bench.accept("09:00 - 21 - 30%\n")
    await keep({ ...LINE, bytes: "08:00 - 20 - 30%" })
    expect(await again()).toEqual({ taken: 1, refused: 0, left: 0, due: 0 })
    expect(due()).toEqual([[TOMATOES, DAY, "08:00 - 20 - 30%\n09:00 - 21 - 30%\n"]])
    expect(bench.quarantined()).toEqual([])
  })

  test("goes to the cloud at once where its day is closed", async () => {
    await bench.ledger.open(DAY, NOW, [])
    await bench.ledger.close(DAY)
    await keep({ ...LINE, bytes: "08:00 - 20 - 30%" })
    await again()
    expect(bench.late.map(({ address, day }) => [address, day])).toEqual([[TOMATOES, DAY]])
  })

  test("that fails still stays with its reason", async () => {
    await bench.accept("09:00 - 21 - 30%\n08:00 - 20 - 130%\n")
    const before = bench.quarantined()
    expect(before).toHaveLength(1)
    expect(await again()).toEqual({ taken: 0, refused: 1, left: 0, due: 0 })
    expect(bench.quarantined()).toEqual(before)
    expect(due()).toEqual([[TOMATOES, DAY, "09:00 - 21 - 30%\n"]])
  })

  test("among others goes alone: the others stay", async () => {
    await keep({ ...LINE, bytes: "rubbish\n08:00 - 20 - 30%\nmore rubbish\n09:00 - 21 - 30%\n" })
    expect(await again()).toMatchObject({ taken: 1 })
    expect(due()).toEqual([[TOMATOES, DAY, "08:00 - 20 - 30%\n09:00 - 21 - 30%\n"]])
    expect(bench.quarantined()).toEqual([{ kind: "line", reason: LINE.reason, text: "rubbish\nmore rubbish" }])
  })

  test("gives way to a value that is there, and is kept as superseded", async () => {
    await bench.accept("08:00 - 20 - 30%\n")
    const before = bench.due()
    await keep({ ...LINE, bytes: "08:00 - 21 - 30%" })
    expect(await again()).toMatchObject({ taken: 1 })
    expect(bench.due()).toEqual(before)
    const reason = "Other values came before these"
    expect(bench.quarantined()).toEqual([{ kind: "reading", reason, text: "08:00 - 21 - 30%\n" }])
    expect(await again()).toEqual({ taken: 0, refused: 0, left: 1, due: 0 })
    expect(await bench.accept("08:00 - 20 - 30%\n")).toMatchObject({ changed: false })
  })

  test("of an hour that comes twice stays: alone it does not tell which pass it is of", async () => {
    bench.clock.advance(0)
    const night = { ...LINE, day: "2026-10-25" } as const
    await keep({ ...night, bytes: "02:30 - 20 - 30%" }, { ...night, bytes: "03:30 - 20 - 30%" })
    expect(await again()).toMatchObject({ taken: 1, refused: 1 })
    expect(due()).toEqual([[TOMATOES, "2026-10-25", "03:30 - 20 - 30%\n"]])
  })

  test.each([
    ["a device that is declared no more", { address: LEMONS }],
    ["a day that is too long ago", { day: "1970-01-01" }],
    ["a day that is to come", { day: "2026-12-24" }],
  ] as const)("of %s stays", async (_, change) => {
    await keep({ ...LINE, bytes: "08:00 - 20 - 30%", ...change })
    expect(await again()).toMatchObject({ taken: 0, refused: 1 })
    expect(bench.quarantined()).toHaveLength(1)
    expect(due()).toEqual([])
  })
})

describe("a stranger's survey", () => {
  test("is taken once it is declared, for its own day, and the same upload then changes nothing", async () => {
    await keep(STRANGER)
    expect(await again()).toMatchObject({ taken: 0, refused: 1 })
    bench.declared.devices = DECLARED
    expect(await again()).toMatchObject({ taken: 1, refused: 0 })
    expect(due()).toEqual([[LEMONS, DAY, MORNING]])
    expect(bench.quarantined()).toEqual([])
    const digest = surveyDigest("192.168.1.4", DAY, MORNING)
    const upload = { address: LEMONS, day: DAY, text: MORNING, digest, peer: "" }
    expect(await bench.collector.take(upload)).toMatchObject({ first: false })
    expect(due()).toHaveLength(1)
  })

  test("that named no device is its sender's own", async () => {
    await keep({ ...STRANGER, address: (127 << 24) + (168 << 16) + (1 << 8) + 4 })
    bench.declared.devices = DECLARED
    expect(await again()).toMatchObject({ taken: 1 })
    expect(due()).toEqual([[LEMONS, DAY, MORNING]])
  })

  test("is not taken from somebody who may not speak for the device", async () => {
    await keep({ ...STRANGER, peer: "127.168.1.66:5" })
    bench.declared.devices = DECLARED
    expect(await again()).toMatchObject({ taken: 0, refused: 1 })
  })

  test("keeps its bad lines in quarantine, one by one", async () => {
    await keep({ ...STRANGER, bytes: `${MORNING}rubbish\n` })
    bench.declared.devices = DECLARED
    expect(await again()).toEqual({ taken: 1, refused: 0, left: 0, due: 0 })
    expect(bench.quarantined()).toMatchObject([{ kind: "line", text: "rubbish" }])
  })

  test("of the same day and time as a later one of its own gives way to that", async () => {
    await keep({ ...STRANGER, bytes: "08:00 - 1 - 1%" }, { ...STRANGER, bytes: "08:00 - 2 - 1%" })
    bench.declared.devices = DECLARED
    expect(await again()).toMatchObject({ taken: 2 })
    expect(due()).toEqual([[LEMONS, DAY, "08:00 - 2 - 1%\n"]])
    expect(bench.quarantined()).toMatchObject([{ kind: "reading", text: "08:00 - 1 - 1%\n" }])
  })

  test("in plain text names its devices itself, and is taken as a whole", async () => {
    const bytes = "192.168.1.2 08:00 - 20 - 30%\n192.168.1.4 - 09:00 - 20 - 30%\n"
    await keep({ ...STRANGER, address: undefined, bytes, peer: "127.0.0.1:5" })
    expect(await again()).toMatchObject({ taken: 0, refused: 1 })
    expect(due()).toEqual([])
    bench.declared.devices = DECLARED
    expect(await again()).toMatchObject({ taken: 1 })
    expect(due()).toEqual([
      [TOMATOES, DAY, "08:00 - 20 - 30%\n"],
      [LEMONS, DAY, "09:00 - 20 - 30%\n"],
    ])
  })
})

describe("a message", () => {
  const message = { ...LINE, kind: "message", bytes: MORNING } as const

  test("of a day that is taken now is taken", async () => {
    await keep({ ...message, day: "2026-11-25" })
    expect(await again()).toMatchObject({ taken: 0, refused: 1 })
    await bench.clock.advance(3 * 86_400_000)
    expect(await again()).toMatchObject({ taken: 1 })
    expect(due()).toEqual([[TOMATOES, "2026-11-25", MORNING]])
  })

  test.each([
    ["is not UTF-8", { bytes: Uint8Array.of(0x38, 0xff) }, { refused: 1, left: 0 }],
    ["was damaged", { forGood: true }, { refused: 0, left: 1 }],
    ["was cut", { bytes: LARGE }, { refused: 0, left: 1 }],
  ] as const)("that %s stays", async (_, change, expected) => {
    await keep({ ...message, ...change })
    expect(await again()).toEqual({ taken: 0, due: 0, ...expected })
    expect(bench.quarantined()).toHaveLength(1)
    expect(due()).toEqual([])
  })
})

describe("a delivery", () => {
  beforeEach(async () => {
    for (const address of [TOMATOES, HERBS]) await bench.accept(MORNING, address)
    await bench.ledger.open(DAY, NOW, [])
    await bench.ledger.close(DAY)
    for (const delivery of bench.due()) {
      for (const run of [RUN, RUN + 1, RUN + 2]) await bench.spool.markRefused(delivery, run, "no")
    }
    await bench.ledger.confirm(DAY, true)
  })

  test("that the cloud refused is due again, and its day is to be closed again", async () => {
    expect(due()).toEqual([])
    expect(await again()).toEqual({ taken: 0, refused: 0, left: 0, due: 2 })
    expect(due()).toHaveLength(2)
    expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
    expect(bench.quarantined()).toEqual([])
  })

  test("is chosen by day, device and kind", async () => {
    for (const filter of [{ kind: "line" }, { to: "2026-11-20" }, { from: "2026-11-22" }] as const)
      expect(await again(filter)).toMatchObject({ due: 0 })
    expect(await again({ address: HERBS, from: DAY, to: DAY })).toMatchObject({ due: 1 })
    expect(due()).toEqual([[HERBS, DAY, MORNING]])
    expect(bench.quarantined()).toHaveLength(1)
  })

  test("is kept in the spool for as long as it is in quarantine, which has no room for a long one", async () => {
    await bench.spool.prune("2026-12-01")
    expect(await again()).toEqual({ taken: 0, refused: 0, left: 0, due: 2 })
  })

  test("leaves the spool when a person has cleared it", async () => {
    await bench.commits.add(() => bench.quarantine.clear({ kind: "delivery" }))
    await bench.spool.prune("2026-12-01")
    expect(await again()).toEqual({ taken: 0, refused: 0, left: 0, due: 0 })
  })
})

test("again() leaves superseded readings: they would overwrite newer ones", async () => {
  await bench.accept("08:00 - 20 - 30%\n")
  await bench.accept("08:00 - 21 - 30%\n")
  expect(await again()).toEqual({ taken: 0, refused: 0, left: 1, due: 0 })
  expect(due()).toEqual([[TOMATOES, DAY, "08:00 - 21 - 30%\n"]])
})

test("again() changes nothing where a crash makes it do the same twice", async () => {
  await keep({ ...LINE, bytes: "08:00 - 20 - 30%" })
  await again()
  const before = bench.due()
  await keep({ ...LINE, bytes: "08:00 - 20 - 30%" })
  await again()
  expect(bench.due()).toEqual(before)
  expect(bench.quarantined()).toEqual([])
})

test("again() keeps what the disk has no room for", async () => {
  const lines = { ...LINE, bytes: LARGE }
  await keep(lines)
  const before = bench.quarantined()
  bench.fillDisk()
  await expect(again()).rejects.toBeInstanceOf(StorageRefused)
  bench.makeRoom()
  expect(bench.quarantined()).toEqual(before)
  expect(await again()).toMatchObject({ taken: before.length })
  expect(due()).toEqual([[TOMATOES, DAY, LARGE]])
})

describe("carryOut()", () => {
  test("says what became of a retry, reads the topology before, and lets what is due go", async () => {
    await keep(STRANGER, { ...LINE, bytes: "rubbish" }, { ...LINE, kind: "reading", bytes: MORNING })
    let resumed = 0
    const readTopology = async () => {
      bench.declared.devices = DECLARED
      return "+ 192.168.1.4"
    }
    const said = await carryOut({ ask: "quarantine-retry" }, { ...bench.parts, readTopology, onDue: () => resumed++ })
    expect(said).toBe(
      "Quarantine: 1 taken in, 1 refused still; 1 damaged, cut or superseded by newer values: not tried",
    )
    expect(resumed).toBe(1)
  })

  test("drops what was seen, and says how many", async () => {
    await keep({ ...LINE, bytes: "seen" }, { ...LINE, bytes: "not seen" })
    const parts = { ...bench.parts, onDue: () => {} }
    expect(await carryOut({ ask: "quarantine-clear", upTo: 1 }, parts)).toBe("Quarantine: 1 entry dropped")
    expect(bench.quarantined()).toMatchObject([{ text: "not seen" }])
  })
})

test("of a device that has a key a message is given again only where the key protected it", async () => {
  const keys = { epochOf: (address: number) => (address === TOMATOES ? 1 : undefined) }
  const senders = new Senders(bench.declared, "simulated", { keys })
  const message = { kind: "message", reason: "an older rule", address: TOMATOES, day: DAY } as const
  await keep({ ...message, peer: "127.168.1.2:5", bytes: "08:00 - 99 - 9%\n" })
  await keep({ ...message, peer: "192.168.1.2:oscore", bytes: "09:00 - 20 - 30%\n" })
  expect(await new Retry({ ...bench.parts, senders }).again({})).toMatchObject({ taken: 1, refused: 1 })
  expect(due()).toEqual([[TOMATOES, DAY, "09:00 - 20 - 30%\n"]])
})

describe("SenML", () => {
  const pack = (v: number) =>
    JSON.stringify([
      { bt: Date.parse("2026-11-21T07:00:00Z") / 1000, n: "t", u: "Cel", v },
      { n: "h", u: "%RH", v: 30 },
    ])

  test("of a stranger who is declared now is read as what it is", async () => {
    await keep({ ...STRANGER, bytes: pack(20) })
    expect(await again()).toMatchObject({ taken: 0, refused: 1 })
    bench.declared.devices = DECLARED
    expect(await again()).toMatchObject({ taken: 1, refused: 0 })
    expect(due()).toEqual([[LEMONS, DAY, MORNING]])
  })

  test("that no rule takes stays", async () => {
    await keep({ ...STRANGER, kind: "message", address: TOMATOES, peer: "127.168.1.2:5", bytes: pack(200) })
    expect(await again()).toEqual({ taken: 0, refused: 1, left: 0, due: 0 })
    expect(bench.quarantined()).toHaveLength(1)
  })
})
