// Scripts that are told: what they are called with, and what becomes of one that throws, hangs, ends or is not there.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventOf, trialEvent } from "../../src/alerts/event"
import { tryOnce } from "../../src/alerts/patience"
import { callOf, lookAt } from "../../src/alerts/script"
import { systemClock } from "../../src/clock"
import type { AlertScript } from "../../src/network"
import { settle, VirtualClock } from "../virtual-clock"

const NEWS = {
  site: "farm",
  day: "2026-11-21",
  began: [
    { address: 3232235778, name: "tomatoes", rule: "dry", since: "2026-11-21", value: 12, reason: null },
    { address: undefined, name: undefined, rule: "overdue", since: "2026-11-21", value: null, reason: "one was due" },
  ],
  ended: [{ address: 3232235779, name: undefined, rule: "frost", since: "2026-11-19", value: 3, reason: null }],
  lasting: [],
} as const

const EVENT = { id: "5b0b", ...eventOf(NEWS) }

let folder: string
let scripts = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-told-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function script(text: string): Promise<string> {
  const path = `told${scripts++}.ts`
  await writeFile(join(folder, path), text)
  return path
}

const call = (path: string) => tryOnce(callOf(path, folder, EVENT), systemClock, new AbortController().signal)

test("a script is called with the event: whole words, a line each, the worst first", async () => {
  const path = await script(
    `export default async (event) => { await Bun.write("${folder}/heard.json", JSON.stringify(event)) }`,
  )
  expect(await call(path)).toEqual({ kind: "taken" })
  const dry = {
    device: "192.168.1.2",
    name: "tomatoes",
    rule: "dry",
    since: "2026-11-21",
    value: 12,
    unit: "%",
    reason: null,
  }
  const overdue = {
    device: null,
    name: null,
    rule: "overdue",
    since: "2026-11-21",
    value: null,
    unit: null,
    reason: "one was due",
  }
  const frost = {
    device: "192.168.1.3",
    name: null,
    rule: "frost",
    since: "2026-11-19",
    value: 3,
    unit: "°C",
    reason: null,
  }
  expect(await Bun.file(join(folder, "heard.json")).json()).toEqual({
    id: "5b0b",
    kind: "news",
    site: "farm",
    day: "2026-11-21",
    title: "farm: 2 new (overdue, dry), 1 over",
    text: "Saturday 21 November 2026\n✖ no run (one was due)\n✖ 192.168.1.2 tomatoes: dry, 12 %\n✔ 192.168.1.3: no frost any more, 3 °C",
    began: [overdue, dry],
    ended: [frost],
    lasting: [],
    counts: { began: 2, ended: 1, lasting: 0 },
  })
})

test("an event names a thousand of a fleet, and counts all", () => {
  const began = Array.from({ length: 5000 }, (_, address) => ({ ...NEWS.began[0], address, value: address % 100 }))
  const event = eventOf({ ...NEWS, began })
  expect(event.began).toHaveLength(1000)
  expect(event.began.every(({ value }) => value !== null && value < 20)).toBe(true)
  expect(event.counts).toEqual({ began: 5000, ended: 1, lasting: 0 })
})

test("a trial is told from news", () => {
  expect(trialEvent("farm")).toMatchObject({
    kind: "trial",
    site: "farm",
    day: null,
    title: "farm: a trial",
    began: [],
  })
})

test.each([
  ["throws", 'export default () => { throw new Error("no network\\nat all") }', ": no network"],
  ["throws an escape", 'export default () => { throw new Error("\\x1b[31mred") }', ": \\u001b[31mred"],
  ["rejects", 'export default async () => { await Bun.sleep(1); throw "busy" }', ": busy"],
  ["ends its process", "export default () => process.exit(3)", ": it ended without an answer (exit code 3)"],
  ["has no default export", "export const a = 1", " has no default export (event) => …"],
  ["cannot be loaded", "export default (", " cannot be loaded: "],
])("a script that %s has failed, and is to be tried again", async (_what, text, reason) => {
  const path = await script(text)
  expect(await call(path)).toMatchObject({
    kind: "failed",
    passing: true,
    reason: expect.stringContaining(path + reason),
  })
})

test("what a script returns does not matter", async () => {
  expect(await call(await script("export default () => () => 7"))).toEqual({ kind: "taken" })
})

test("a script that is not there, or is a folder, says so", async () => {
  expect(await call("nowhere.ts")).toMatchObject({ reason: "nowhere.ts is not there: check alerts.to", passing: false })
  expect(await call(`${"long".repeat(100)}.ts`)).toMatchObject({
    reason: expect.stringContaining(".ts cannot be read (ENAMETOOLONG): check alerts.to"),
  })
  expect(await call(".")).toMatchObject({ reason: ". is not a file: check alerts.to", passing: false })
})

test.each([
  "export default () => { for (;;); }",
  "for (;;); export default () => {}",
  "export default () => new Promise(() => {})",
])("a script that hangs is cut off after 30 s: %s", async (text) => {
  const clock = new VirtualClock()
  const path = await script(text)
  const told = tryOnce(callOf(path, folder, EVENT), clock, new AbortController().signal)
  await settle()
  await clock.advance(30_000)
  expect(await told).toEqual({ kind: "failed", reason: `${path} does not answer within 30 s`, passing: true })
  expect(clock.pending).toBe(0)
})

test("a script that was edited is called as it is now", async () => {
  const path = await script('export default () => { throw "before" }')
  expect(await call(path)).toMatchObject({ reason: `${path}: before` })
  await writeFile(join(folder, path), "export default () => {}")
  expect(await call(path)).toEqual({ kind: "taken" })
})

test("lookAt() loads a script and calls nothing", async () => {
  const look = async (path: string) => tryOnce(lookAt(path, folder), systemClock, new AbortController().signal)
  const path = await script(`export default () => Bun.write("${folder}/called", "")`)
  expect(await look(path)).toEqual({ kind: "taken" })
  expect(await Bun.file(join(folder, "called")).exists()).toBe(false)
  const none = await script("export const notify = () => {}")
  expect(await look(none)).toMatchObject({ reason: `${none} has no default export (event) => …` })
})

test("what a script is called with has a type", async () => {
  const heard: string[] = []
  const script = (async ({ id, title, began }) => {
    for (const { device, rule, value, unit } of began) heard.push(`${id} ${title} ${device} ${rule} ${value} ${unit}`)
  }) satisfies AlertScript
  await script(EVENT)
  expect(heard[1]).toBe("5b0b farm: 2 new (overdue, dry), 1 over 192.168.1.2 dry 12 %")
})
