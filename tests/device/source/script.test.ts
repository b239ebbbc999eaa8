import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../src/clock"
import { surveyReader } from "../../../src/device/source"
import type { Day } from "../../../src/survey/calendar"

const TOO_LONG_MS = 250 // for scripts that never end
const PATIENT_MS = 20_000

const readSurvey = surveyReader()

let folder: string
let scripts = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-script-"))
  await mkdir(join(folder, "sensors"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const write = (survey: string, text: string) => writeFile(join(folder, survey), text)

/** A script of its own for each test. */
async function script(text: string): Promise<string> {
  const survey = `sensors/tank${scripts++}.ts`
  await write(survey, text)
  return survey
}

interface Asking {
  readonly ip?: string
  readonly timeLimitMs?: number
  readonly signal?: AbortSignal
}

async function ask(survey: string, { ip = "192.168.1.2", timeLimitMs = PATIENT_MS, signal }: Asking = {}) {
  const question = { folder, survey, device: { ip }, day: "2026-11-22" as Day, limitBytes: 1024, clock: systemClock }
  const { bytes } = await readSurvey({ ...question, timeLimitMs }, signal ?? new AbortController().signal)
  return Buffer.from(bytes).toString()
}

/** Its reason without the script's path. */
const problemOf = (survey: string, asked: Promise<unknown>): Promise<string> =>
  asked.then(
    (text) => `it answered ${text}`,
    (error) => (error.name === "SurveyMissing" ? error.message.replace(survey, "") : String(error)),
  )

test("a script is asked for its device and day", async () => {
  const survey = await script("export default async (device, day) => JSON.stringify({ device, day })")
  expect(JSON.parse(await ask(survey))).toEqual({ device: { ip: "192.168.1.2" }, day: "2026-11-22" })
})

test.each([
  ["loops", "export default () => { for (;;); }"],
  ["never answers", "export default () => new Promise(() => {})"],
  ["loops while it loads", "for (;;); export default () => ''"],
  ["waits for ever while it loads", "await new Promise(() => {}); export default () => ''"],
])("a script that %s is ended by its time limit", async (_what, text) => {
  const survey = await script(text)
  expect(await problemOf(survey, ask(survey, { timeLimitMs: TOO_LONG_MS }))).toBe(": no lines after 0.25 s")
})

test.each([
  ["throws", 'export default () => { throw new Error("the tank is offline") }', ": the tank is offline"],
  ["throws several lines", 'export default () => { throw new Error("one\\ntwo") }', ": one"],
  ["throws an escape", 'export default () => { throw new Error("\\x1b[31mred") }', ": \u001b[31mred"],
  ["throws a string", 'export default () => { throw "offline" }', ": offline"],
  ["throws nothing", "export default () => { throw undefined }", ": undefined"],
  ["throws an error without words", "export default () => { throw new RangeError() }", ": RangeError"],
  ["throws later", 'export default () => new Promise(() => setTimeout(() => { throw new Error("late") }))', ": late"],
  [
    "forgets a rejection",
    'export default () => { Promise.reject(new Error("forgotten")); return new Promise(() => {}) }',
    ": forgotten",
  ],
  ["ends its process", "export default () => process.exit(3)", ": it ended without an answer (exit code 3)"],
  ["ends its process while it loads", "process.exit(4)", ": it ended without an answer (exit code 4)"],
  [
    "stops listening",
    "self.onmessage = null; export default () => new Promise(() => {})",
    ": it ended without an answer",
  ],
  ["returns a number", "export default () => 7", ": it returned number instead of text"],
  ["returns what cannot be sent", "export default () => () => 1", ": it returned function instead of text"],
  [
    "returns too much",
    'export default () => "°".repeat(513)',
    " returned 1026 bytes, more than limits.survey allows (1024)",
  ],
  ["has no default export", "export const a = 1", " has no default export (device, day) => text"],
  ["has a syntax error", "\nexport default (", " cannot be loaded: Unexpected end of file (sensors/tank"],
  [
    "imports what is not there",
    'import "./nowhere"',
    " cannot be loaded: Cannot find module './nowhere' imported from sensors/",
  ],
  ["throws while it loads", 'throw new Error("no bus")', " cannot be loaded: no bus"],
])("a script that %s is a missing survey that says so", async (_what, text, problem) => {
  const survey = await script(text)
  expect(await problemOf(survey, ask(survey))).toStartWith(problem)
})

test("a script's lines count although it forgets a rejection", async () => {
  const survey = await script(
    'export default () => { Promise.reject(new Error("forgotten")); return "08:00 - 20 - 30%" }',
  )
  expect(await ask(survey)).toBe("08:00 - 20 - 30%")
})

test("a script's own messages to whom it may concern harm nobody", async () => {
  const survey = await script('postMessage("hello"); postMessage(null); export default () => "08:00 - 20 - 30%"')
  expect(await ask(survey)).toBe("08:00 - 20 - 30%")
})

test("devices in a row share a script's worker", async () => {
  const survey = await script("let asked = 0; export default () => String(++asked)")
  expect([await ask(survey), await ask(survey), await ask(survey)]).toEqual(["1", "2", "3"])
})

test("a crash that an earlier device's answer left behind costs the next one nothing", async () => {
  const survey = await script(`
    export default async ({ ip }) => {
      if (ip.endsWith(".2")) setTimeout(() => { throw new Error("late") }, 20)
      else await Bun.sleep(60)
      return ip
    }`)
  expect(await ask(survey)).toBe("192.168.1.2")
  expect(await ask(survey, { ip: "192.168.1.3" })).toBe("192.168.1.3")
})

test("a fleet's devices are asked side by side", async () => {
  const survey = await script("export default async ({ ip }) => { await Bun.sleep(100); return ip }")
  const ips = Array.from({ length: 16 }, (_, index) => `192.168.1.${index + 2}`)
  expect(await Promise.all(ips.map((ip) => ask(survey, { ip })))).toEqual(ips)
})

test("an edited script is read again at once", async () => {
  const survey = await script('export default () => "before"')
  expect(await ask(survey)).toBe("before")
  await write(survey, 'export default () => "afterwards"')
  expect(await ask(survey)).toBe("afterwards")
})

test("a script that comes later, beside others, is found", async () => {
  await ask(await script('export default () => ""'))
  expect(await problemOf("sensors/new.ts", ask("sensors/new.ts"))).toBe(" not found")
  await write("sensors/new.ts", 'import { lines } from "./lines"\nexport default () => lines')
  await write("sensors/lines.ts", 'export const lines = "08:00 - 20 - 30%"')
  expect(await ask("sensors/new.ts")).toBe("08:00 - 20 - 30%")
})

test("a run that is stopped ends its script, with the reason of the stop", async () => {
  const survey = await script("export default () => { for (;;); }")
  const run = new AbortController()
  const asked = problemOf(survey, ask(survey, { signal: run.signal }))
  setTimeout(() => run.abort(new Error("the next run begins")), 50)
  expect(await asked).toBe("Error: the next run begins")
  expect(await problemOf(survey, ask(survey, { signal: run.signal }))).toBe("Error: the next run begins")
})
