// The lines that people read of what happens, to the letter, and how many of them one sender can cause.
import { expect, test } from "bun:test"
import { eventLog } from "../../src/network/event-log"
import type { Event } from "../../src/network/events"
import { StorageFull } from "../../src/storage/errors"
import { parseAddress } from "../../src/topology/address"
import { parseTopology } from "../../src/topology/yaml/load"
import { NOW } from "../fixtures"
import { SAMPLE } from "../topology/sample"
import { VirtualClock } from "../virtual-clock"

const DAY = "2026-11-22"
const SURVEY = { site: "greenhouse", ip: "192.168.1.2", day: DAY, sender: "127.10.10.1" } as const
const NOTHING = { surveys: 0, readings: 0, bytes: 0, elapsedMs: 0, refused: 0, differing: [] }
const device = { ip: "192.168.1.2", address: parseAddress("192.168.1.2") ?? 0, paused: false, line: 1 }
const address = parseAddress("192.168.1.3") ?? 0

function listen() {
  const clock = new VirtualClock(NOW)
  const topology = parseTopology(SAMPLE, "topology.yaml")
  const said: string[] = []
  const say = (level: string) => (text: string) => void said.push(`${level} ${text}`)
  const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") }
  const hear = eventLog({ log, clock, topology: () => topology, addressing: "declared" })
  return { clock, said, hear }
}

test.each<[Event, string[]]>([
  [{ kind: "not-sent", device, day: DAY, reason: "one.txt not found" }, ["debug 192.168.1.2: one.txt not found"]],
  [
    { kind: "postponed", device, reason: "The disk is full", waitMs: 60_400 },
    ["info 192.168.1.2: The disk is full. It comes again in 61 s"],
  ],
  [{ kind: "postponed", device, reason: "The disk is full", waitMs: 4999 }, []],
  [{ kind: "line-refused", device, text: "one.txt:3 no reading" }, ["warn Refused: one.txt:3 no reading"]],
  [
    { kind: "stranger", sender: "192.168.1.77", address: "192.168.1.77", reason: "192.168.1.77 is not declared" },
    ["warn Refused: 192.168.1.77 is not declared. To take it in, add to topology.yaml:  - { ip: 192.168.1.77 }"],
  ],
  [
    { kind: "stranger", sender: "10.0.0.1", address: "192.168.1.2", reason: "10.0.0.1 may not" },
    ["warn Refused: 10.0.0.1 may not"],
  ],
  [
    { kind: "stranger-of-many", sender: "10.0.0.1" },
    ["warn Refused: 10.0.0.1 speaks for many addresses, and what else it names is not told: see status"],
  ],
  [{ kind: "strangers-flooded" }, ["warn Refused: more strangers come than are told here: see status"]],
  [{ kind: "quarantine-flooded", notKept: 9 }, ["warn Refused messages come faster than they are kept in quarantine"]],
  [
    { kind: "uploads-refused", error: new StorageFull("the disk is full") },
    ["error the disk is full: uploads are refused until there is room"],
  ],
  [
    { kind: "deliveries-refused", error: new StorageFull("the disk is full") },
    ["error the disk is full: deliveries are refused until there is room"],
  ],
  [
    { kind: "not-delivered", error: new Error("10.10.10.2 does not answer"), againInMs: 1500 },
    ["warn Not delivered: 10.10.10.2 does not answer. Again in 2 s; the surveys are safe here"],
  ],
  [{ kind: "delivered-between-runs", ...NOTHING }, []],
  [
    { kind: "delivered-between-runs", ...NOTHING, surveys: 1, readings: 4, refused: 2 },
    ["info Delivered later, readings: 4", "warn Surveys that the cloud refuses: 2. They are safe here: see status"],
  ],
  [
    { kind: "refused", text: "plain text from 10.0.0.1", sender: "10.0.0.1", isStranger: true },
    ["warn Refused: plain text from 10.0.0.1"],
  ],
  [
    { kind: "superseded", ...SURVEY, values: 1 },
    ["info greenhouse 192.168.1.2 2026-11-22: 1 value gave way to newer ones, kept as superseded"],
  ],
  [
    { kind: "superseded", ...SURVEY, values: 2 },
    ["info greenhouse 192.168.1.2 2026-11-22: 2 values gave way to newer ones, kept as superseded"],
  ],
  [
    { kind: "dropped", site: "greenhouse", day: DAY, devices: { first: address, last: address + 2 } },
    ["info greenhouse has dropped 2026-11-22 of 192.168.1.3-192.168.1.5"],
  ],
  [
    { kind: "spools-alternate", site: "greenhouse" },
    [
      "warn Two gateways deliver for greenhouse in turn, each from a spool of its own: only one should. Nothing is lost",
    ],
  ],
  [{ kind: "run-started", day: DAY, owedOnly: false }, []],
])("eventLog() of %j", (event, lines) => {
  const { said, hear } = listen()
  hear(event)
  expect(said).toEqual(lines)
})

test.each<Event>([
  { kind: "uploads-refused", error: new StorageFull("the disk is full") },
  { kind: "deliveries-refused", error: new StorageFull("the disk is full") },
  { kind: "quarantine-flooded", notKept: 1 },
])("eventLog() says %j once a minute", async (event) => {
  const { clock, said, hear } = listen()
  for (let n = 0; n < 1000; n++) hear(event)
  expect(said).toHaveLength(1)
  await clock.advance(60_000)
  hear(event)
  expect(said).toHaveLength(2)
})

test.each<(sender: string) => Event>([
  (sender) => ({ kind: "refused", text: "no reading", sender, isStranger: true }),
  (sender) => ({ kind: "refused", text: "no reading", sender, isStranger: false }),
  (site) => ({ kind: "dropped", site, day: DAY, devices: { first: address, last: address } }),
  (sender) => ({ kind: "superseded", ...SURVEY, values: 1, sender }),
])("eventLog() lets no sender's lines hide another's: %#", (eventOf) => {
  const { said, hear } = listen()
  for (let n = 0; n < 1000; n++) hear(eventOf("10.0.0.1"))
  expect(said).toHaveLength(10)
  hear(eventOf("10.0.0.2"))
  expect(said).toHaveLength(11)
})

test("eventLog() lets no crowd of strangers hide what is refused of a gateway", () => {
  const { said, hear } = listen()
  const refused = (sender: string, isStranger: boolean) => hear({ kind: "refused", text: sender, sender, isStranger })
  for (let n = 0; n < 1000; n++) refused(`10.0.${n >> 8}.${n & 255}`, true)
  refused("127.10.10.1", false)
  expect(said.at(-1)).toBe("warn Refused: 127.10.10.1")
})

test("eventLog() tells of two sites whose spools alternate by turns once a minute each", () => {
  const { said, hear } = listen()
  for (let n = 0; n < 100; n++) for (const site of ["greenhouse", "orchard"]) hear({ kind: "spools-alternate", site })
  expect(said).toHaveLength(2)
})

test("eventLog() tells a few times a minute of what a device sends again and again", () => {
  const { said, hear } = listen()
  for (let n = 0; n < 100; n++) hear({ kind: "delivered-between-runs", ...NOTHING, surveys: 1, readings: n })
  expect(said).toHaveLength(10)
})
