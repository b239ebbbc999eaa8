// The heartbeat against monitors on this machine, over HTTP as it is.
import { expect, test } from "bun:test"
import { Heartbeat } from "../../src/alerts/heartbeat"
import type { Day } from "../../src/survey/calendar"
import { settle, VirtualClock } from "../virtual-clock"
import { speakDirectly } from "./direct"

const DAY: Day = "2026-11-21"
const NAME = "Saturday 21 November 2026"
const FAILED = "The heartbeat did not get through:"

speakDirectly()

class Monitor implements AsyncDisposable {
  readonly clock = new VirtualClock()
  /** Each request: "POST /secret/start text". */
  readonly requests: string[] = []
  readonly warnings: string[] = []
  readonly heartbeat: Heartbeat
  readonly #server: Bun.Server<undefined>

  constructor(answer: (request: Request, count: number) => Response | Promise<Response>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url)
        this.requests.push(`${request.method} ${pathname}${search} ${await request.text()}`)
        return answer(request, this.requests.length)
      },
    })
    this.heartbeat = new Heartbeat({
      url: `http://${this.host}/secret?create=1`,
      clock: this.clock,
      random: () => 0.5,
      log: { debug: () => void this.#skipPause(), warn: (text) => void this.warnings.push(text) },
    })
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`
  }

  /** The heartbeat says that it will wait: once it does, it has waited. */
  async #skipPause(): Promise<void> {
    await settle()
    await this.clock.advance((this.clock.next ?? 0) - this.clock.now())
  }

  close(): Promise<void> {
    return this.#server.stop(true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle()
}

test("Heartbeat reaches a monitor: start, complete, incomplete", async () => {
  await using monitor = new Monitor(() => new Response("OK"))
  const { heartbeat, requests } = monitor
  heartbeat.started(DAY)
  await until(() => requests.length === 1)
  heartbeat.finished(DAY, true, "4 of 4 devices\ntomatoes: no readings")
  await until(() => requests.length === 2)
  heartbeat.started(DAY)
  await until(() => requests.length === 3)
  heartbeat.finished(DAY, false, "3 of 4 devices: °C")
  await heartbeat.stop()
  expect(requests).toEqual([
    `POST /secret/start?create=1 ${NAME}`,
    `POST /secret?create=1 ${NAME}\n4 of 4 devices\ntomatoes: no readings`,
    `POST /secret/start?create=1 ${NAME}`,
    `POST /secret/fail?create=1 ${NAME}\n3 of 4 devices: °C`,
  ])
  expect(monitor.warnings).toEqual([])
  expect(monitor.clock.pending).toBe(0)
})

test("Heartbeat sends plain text in UTF-8", async () => {
  const types: (string | null)[] = []
  await using monitor = new Monitor((request) => {
    types.push(request.headers.get("content-type"))
    return new Response("OK")
  })
  monitor.heartbeat.started(DAY)
  await monitor.heartbeat.stop()
  expect(types).toEqual(["text/plain; charset=utf-8"])
})

test("Heartbeat gets through to a monitor that answers 500 twice, then 200", async () => {
  await using monitor = new Monitor((_request, count) => new Response(null, { status: count <= 2 ? 500 : 200 }))
  const { heartbeat, requests } = monitor
  heartbeat.finished(DAY, false, "3 of 4 devices")
  await until(() => requests.length === 3)
  await heartbeat.stop()
  expect(requests).toEqual(Array(3).fill(`POST /secret/fail?create=1 ${NAME}\n3 of 4 devices`))
  expect(monitor.warnings).toEqual([])
})

test("Heartbeat hangs up on a monitor that hangs, five times", async () => {
  let hungUp = 0
  await using monitor = new Monitor((request) => {
    request.signal.addEventListener("abort", () => hungUp++)
    return new Promise(() => {})
  })
  const { clock, heartbeat, requests, warnings } = monitor
  heartbeat.finished(DAY, true, "")
  for (let tries = 1; tries <= 5; tries++) {
    await until(() => requests.length === tries)
    await clock.advance(10_000)
  }
  await until(() => hungUp === 5)
  expect(warnings).toEqual([`${FAILED} the end of ${NAME}: ${monitor.host} does not answer within 10 s`])
  expect(clock.pending).toBe(0)
})

test("stop() hangs up on a monitor that hangs, after one second", async () => {
  const hungUp = Promise.withResolvers<void>()
  await using monitor = new Monitor((request) => {
    request.signal.addEventListener("abort", () => hungUp.resolve())
    return new Promise(() => {})
  })
  const { clock, heartbeat, requests, warnings } = monitor
  heartbeat.started(DAY)
  await until(() => requests.length === 1)
  await clock.run(heartbeat.stop())
  expect(clock.now()).toBe(1_000)
  await hungUp.promise
  expect(warnings).toEqual([`${FAILED} the start of ${NAME}: the network stops`])
})

test("Heartbeat warns once of a monitor that is not there, and the run goes on", async () => {
  await using monitor = new Monitor(() => new Response("OK"))
  const { host } = monitor
  await monitor.close()
  monitor.heartbeat.started(DAY)
  await until(() => monitor.warnings.length > 0)
  expect(monitor.warnings).toEqual([`${FAILED} the start of ${NAME}: ${host} cannot be reached (ECONNREFUSED)`])
  expect(monitor.clock.pending).toBe(0)
})

test("Heartbeat follows no redirection: the other host hears nothing", async () => {
  await using other = new Monitor(() => new Response("OK"))
  await using monitor = new Monitor(() => Response.redirect(`http://${other.host}/elsewhere`, 307))
  monitor.heartbeat.started(DAY)
  await until(() => monitor.warnings.length > 0)
  expect(monitor.warnings[0]).toContain(`${monitor.host} answers 307: redirections are not followed`)
  expect([monitor.requests.length, other.requests.length]).toEqual([1, 0])
})

test("Heartbeat does not read an answer that never ends", async () => {
  let cancelled = false
  const endless = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024)),
      cancel: () => {
        cancelled = true
      },
    })
  await using monitor = new Monitor(() => new Response(endless()))
  monitor.heartbeat.started(DAY)
  await monitor.heartbeat.stop()
  await until(() => cancelled)
  expect(monitor.warnings).toEqual([])
})
