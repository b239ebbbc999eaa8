import { expect, test } from "bun:test"
import { Heartbeat } from "../../src/alerts/heartbeat"
import type { Day } from "../../src/survey/calendar"
import { settle, VirtualClock } from "../virtual-clock"

const SECRET = "5b0b7b5e-5f0c"
const URL_WITH_SECRET = `https://hc-ping.com/${SECRET}`
const DAY: Day = "2026-11-21"
const NEXT_DAY: Day = "2026-11-22"
const NAME = "Saturday 21 November 2026"
const FAILED = "The heartbeat did not get through:"

type Answer = number | Error | "nothing"

/** A monitor without sockets. It gives its answers one after the other, the last one for ever. */
class Monitor {
  readonly clock = new VirtualClock()
  readonly paths: string[] = []
  readonly times: number[] = []
  readonly bodies: string[] = []
  readonly signals: AbortSignal[] = []
  readonly warnings: string[] = []
  readonly log = { debug() {}, warn: (text: string) => void this.warnings.push(text) }
  readonly heartbeat: Heartbeat
  readonly #answers: Answer[]

  constructor(answers: Answer[] = [200], random = () => 0.5, url = URL_WITH_SECRET) {
    this.#answers = answers
    const { clock, log } = this
    this.heartbeat = new Heartbeat({ url, clock, random, log, fetch: (...request) => this.#fetch(...request) })
  }

  async #fetch(url: URL, { method, body, signal, redirect }: RequestInit): Promise<Response> {
    expect([method, redirect]).toEqual(["POST", "manual"])
    this.paths.push(`${url.pathname}${url.search}`.replace(SECRET, ":secret"))
    this.times.push(this.clock.now())
    this.bodies.push(await new Response(body).text())
    if (signal) this.signals.push(signal)
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0]
    if (answer instanceof Error) throw answer
    if (answer === undefined || answer === "nothing") return new Promise(() => {}) // deaf to its signal, too
    return new Response(null, { status: answer })
  }
}

test("Heartbeat posts /start, then the summary, or the summary to /fail", async () => {
  const monitor = new Monitor()
  monitor.heartbeat.started(DAY)
  await settle()
  monitor.heartbeat.finished(DAY, true, "4 of 4 devices")
  await settle()
  monitor.heartbeat.finished(DAY, false, "3 of 4 devices")
  await settle()
  expect(monitor.paths).toEqual(["/:secret/start", "/:secret", "/:secret/fail"])
  expect(monitor.bodies).toEqual([NAME, `${NAME}\n4 of 4 devices`, `${NAME}\n3 of 4 devices`])
  expect(monitor.warnings).toEqual([])
  expect(monitor.clock.pending).toBe(0)
})

test("update() tells the next event to another monitor, or to nobody", async () => {
  const monitor = new Monitor()
  monitor.heartbeat.update("https://hc-ping.com/another")
  monitor.heartbeat.started(DAY)
  await settle()
  monitor.heartbeat.update(undefined)
  monitor.heartbeat.finished(DAY, true, "4 of 4 devices")
  await settle()
  monitor.heartbeat.update(URL_WITH_SECRET)
  monitor.heartbeat.started(NEXT_DAY)
  await settle()
  expect(monitor.paths).toEqual(["/another/start", "/:secret/start"])
})

test.each([
  ["https://hc-ping.com/key/farm", "/key/farm", "/key/farm/fail"],
  ["https://hc-ping.com/key/farm/", "/key/farm/", "/key/farm/fail"],
  ["https://hc-ping.com/key/farm?create=1&a=%2F", "/key/farm?create=1&a=%2F", "/key/farm/fail?create=1&a=%2F"],
  ["https://hc-ping.com/key/?create=1#top", "/key/?create=1", "/key/fail?create=1"],
  ["https://hc-ping.com", "/", "/fail"],
])("Heartbeat composes what is behind %s", async (url, complete, incomplete) => {
  const monitor = new Monitor([200], () => 0.5, url)
  monitor.heartbeat.finished(DAY, true, "")
  await settle()
  monitor.heartbeat.finished(DAY, false, "")
  await settle()
  expect(monitor.paths).toEqual([complete, incomplete])
})

test("Heartbeat keeps the order: the end of a run waits for its start", async () => {
  const monitor = new Monitor(["nothing", 200])
  monitor.heartbeat.started(DAY)
  monitor.heartbeat.finished(DAY, true, "")
  await monitor.clock.advance(9_999)
  expect(monitor.paths).toEqual(["/:secret/start"])
  await monitor.clock.advance(1)
  expect(monitor.paths).toEqual(["/:secret/start", "/:secret"])
  expect(monitor.warnings).toEqual([`${FAILED} the start of ${NAME}: hc-ping.com does not answer within 10 s`])
})

test.each([
  ["0", 0, [0, 3_000, 12_000, 39_000, 120_000]],
  ["almost 1", 1, [0, 6_000, 24_000, 78_000, 240_000]],
])("Heartbeat tries five times with growing pauses, the jitter being %s", async (_name, random, times) => {
  const monitor = new Monitor([500], () => random)
  monitor.heartbeat.finished(DAY, true, "")
  await monitor.clock.advance(300_000)
  expect(monitor.times).toEqual(times)
  expect(monitor.warnings).toEqual([`${FAILED} the end of ${NAME}: hc-ping.com answers 500`])
  expect(monitor.clock.pending).toBe(0)
})

test("Heartbeat gives a silent monitor up within five minutes, and ends each request after 10 s", async () => {
  const monitor = new Monitor(["nothing"], () => 1)
  monitor.heartbeat.finished(DAY, true, "")
  await monitor.clock.advance(300_000)
  expect(monitor.times).toEqual([0, 16_000, 44_000, 108_000, 280_000])
  expect(monitor.signals.map(({ aborted }) => aborted)).toEqual([true, true, true, true, true])
  expect(monitor.warnings).toEqual([`${FAILED} the end of ${NAME}: hc-ping.com does not answer within 10 s`])
})

test.each([
  [301, "redirections are not followed, alerts.heartbeat needs the final URL"],
  [308, "redirections are not followed, alerts.heartbeat needs the final URL"],
  [400, "check alerts.heartbeat"],
  [404, "check alerts.heartbeat"],
  [410, "check alerts.heartbeat"],
])("Heartbeat tries once where %d is the answer", async (status, advice) => {
  const monitor = new Monitor([status])
  monitor.heartbeat.started(DAY)
  await monitor.clock.advance(300_000)
  expect(monitor.times).toEqual([0])
  expect(monitor.warnings).toEqual([`${FAILED} the start of ${NAME}: hc-ping.com answers ${status}: ${advice}`])
})

test.each([408, 429, 500, 503])("Heartbeat tries again after %d, and says nothing when that works", async (status) => {
  const monitor = new Monitor([status, 204])
  monitor.heartbeat.started(DAY)
  await monitor.clock.advance(300_000)
  expect(monitor.times).toEqual([0, 4_500])
  expect(monitor.warnings).toEqual([])
})

test("Heartbeat drops a start that never got through when the run has finished, and speaks at once", async () => {
  const monitor = new Monitor([503, 503, 200])
  monitor.heartbeat.started(DAY)
  await monitor.clock.advance(10_000)
  monitor.heartbeat.finished(DAY, false, "")
  await monitor.clock.advance(300_000)
  expect(monitor.paths).toEqual(["/:secret/start", "/:secret/start", "/:secret/fail"])
  expect(monitor.times).toEqual([0, 4_500, 10_000])
  expect(monitor.warnings).toEqual([`${FAILED} the start of ${NAME}: hc-ping.com answers 503`])
})

test("Heartbeat lets only the newest wait, and names the one whose place it took", async () => {
  const monitor = new Monitor(["nothing", 200])
  monitor.heartbeat.started(DAY)
  await settle()
  monitor.heartbeat.finished(DAY, true, "")
  monitor.heartbeat.started(NEXT_DAY)
  await monitor.clock.advance(300_000)
  expect(monitor.bodies).toEqual([NAME, "Sunday 22 November 2026"])
  expect(monitor.warnings[0]).toBe(`${FAILED} the end of ${NAME}: a newer one took its place`)
  expect(monitor.warnings).toHaveLength(2)
})

test("Heartbeat sends 10 KiB at most, cut between two characters", async () => {
  const monitor = new Monitor()
  monitor.heartbeat.finished(DAY, true, "🌱".repeat(10_000))
  await settle()
  const [body = ""] = monitor.bodies
  const bytes = Buffer.byteLength(body)
  expect(bytes).toBeGreaterThan(10 * 1024 - 4)
  expect(bytes).toBeLessThanOrEqual(10 * 1024)
  expect(body).toMatch(/^Saturday 21 November 2026\n(🌱)+$/u)
})

test("Heartbeat shows the host and never the rest of the URL", async () => {
  const coded = Object.assign(new TypeError(`cannot fetch ${URL_WITH_SECRET}`), { code: "ENOTFOUND" })
  for (const answer of [coded, new Error(URL_WITH_SECRET), 500, 404, 302, "nothing"] as const) {
    const said: string[] = []
    const monitor = new Monitor([answer], () => 0.5, `https://user:${SECRET}@hc-ping.com:8000/${SECRET}?key=${SECRET}`)
    monitor.log.debug = (text?: string) => void said.push(text ?? "")
    monitor.heartbeat.finished(DAY, true, "")
    await monitor.clock.advance(300_000)
    said.push(...monitor.warnings)
    expect(said.join("\n")).toContain("hc-ping.com:8000")
    expect(said.join("\n")).not.toContain(SECRET)
    expect(monitor.warnings).toHaveLength(1)
  }
})

test("Heartbeat is not made of what is no URL, and does not repeat it", () => {
  const made = () => new Monitor([], () => 0.5, `hc-ping.com/${SECRET}`)
  expect(made).toThrow(new TypeError("alerts.heartbeat must be a URL"))
})

test("Heartbeat survives a fetch that throws at once", async () => {
  const clock = new VirtualClock()
  const warnings: string[] = []
  const fetch = () => {
    throw "a word"
  }
  const log = { debug() {}, warn: (text: string) => void warnings.push(text) }
  const heartbeat = new Heartbeat({ url: URL_WITH_SECRET, clock, random: () => 0.5, log, fetch })
  expect(heartbeat.started(DAY)).toBeUndefined()
  await clock.advance(300_000)
  expect(warnings).toEqual([`${FAILED} the start of ${NAME}: hc-ping.com cannot be reached (unknown error)`])
})

test("stop() ends at once when nothing is under way, and again; what comes later is not sent", async () => {
  const monitor = new Monitor()
  await monitor.heartbeat.stop()
  await monitor.heartbeat.stop()
  monitor.heartbeat.started(DAY)
  await monitor.clock.advance(300_000)
  expect(monitor.paths).toEqual([])
  expect(monitor.clock.pending).toBe(0)
})

test("stop() lets what is under way finish, and what waits behind it", async () => {
  const monitor = new Monitor()
  monitor.heartbeat.started(DAY)
  monitor.heartbeat.finished(DAY, true, "")
  await monitor.heartbeat.stop()
  expect(monitor.paths).toEqual(["/:secret/start", "/:secret"])
  expect(monitor.warnings).toEqual([])
  expect(monitor.clock.pending).toBe(0)
})

test("stop() gives a silent monitor one second", async () => {
  const monitor = new Monitor(["nothing"])
  monitor.heartbeat.started(DAY)
  monitor.heartbeat.finished(DAY, true, "")
  await monitor.clock.advance(100)
  await monitor.clock.run(Promise.all([monitor.heartbeat.stop(), monitor.heartbeat.stop()]))
  expect(monitor.clock.now()).toBe(1_100)
  expect(monitor.signals[0]?.aborted).toBe(true)
  expect(monitor.paths).toEqual(["/:secret/start"])
  expect(monitor.warnings).toEqual([
    `${FAILED} the start of ${NAME}: the network stops`,
    `${FAILED} the end of ${NAME}: the network stops`,
  ])
  expect(monitor.clock.pending).toBe(0)
})

test("stop() tries what waits for its next try once more", async () => {
  const monitor = new Monitor([500])
  monitor.heartbeat.finished(DAY, true, "")
  await monitor.clock.advance(1_000)
  await monitor.heartbeat.stop()
  expect(monitor.times).toEqual([0, 1_000])
  expect(monitor.warnings).toEqual([`${FAILED} the end of ${NAME}: hc-ping.com answers 500`])
  expect(monitor.clock.pending).toBe(0)
})
