import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test"
import { Code } from "../../../src/coap/code"
import { encodeBody, findOption, OptionNumber, textsOf, uintOption } from "../../../src/coap/option"
import { say } from "../../../src/coap/resource"
import type { Outgoing, Reply } from "../../../src/coap/udp/exchange"
import { accountOf } from "../../../src/gateway/delivery/account"
import type { CloudConnection } from "../../../src/gateway/delivery/connection"
import { Forwarder } from "../../../src/gateway/delivery/forwarder"
import type { Forwarded } from "../../../src/gateway/events"

import { readCollections } from "../../../src/gateway/ledger/ledger"
import { StorageRefused } from "../../../src/storage/errors"
import { addDays, type Day } from "../../../src/survey/calendar"
import { settle } from "../../virtual-clock"
import { Bench, DAY, HERBS, LARGE, LEMONS, MORNING, NOW, SITE, TOMATOES } from "../fixtures"

const ALL = [{ first: TOMATOES, last: LEMONS }]
const reply = (code: number, text = ""): Reply => {
  const { options = [], payload = new Uint8Array(0) } = say(code, text)
  return { code, options, payload }
}

/** The other end of the connections: what was asked of it, in order, and what it holds. */
class FakeCloud {
  readonly asked: string[] = []
  readonly stored = new Map<string, string>()
  readonly reports: Record<string, unknown>[] = []
  readonly connections: FakeConnection[] = []
  inFlight = 0
  mostInFlight = 0
  maxMessageSizeBytes = 4096
  largestBytes = 0
  connects = 0
  /** Instead of connecting. */
  refuse: Error | undefined
  /** Answers instead of the usual. */
  answer: (path: string, request: Outgoing) => Reply | Promise<Reply> | undefined = () => undefined

  readonly connect = async (signal: AbortSignal): Promise<CloudConnection> => {
    this.connects++
    if (this.refuse) throw this.refuse
    const connection = new FakeConnection(this)
    this.connections.push(connection)
    signal.addEventListener("abort", () => connection.destroy(), { once: true })
    if (signal.aborted) connection.destroy()
    return connection
  }

  async serve(request: Outgoing): Promise<Reply> {
    const path = textsOf(request.options, OptionNumber.UriPath).slice(2).join("/")
    this.asked.push(path)
    this.largestBytes = Math.max(this.largestBytes, 13 + encodeBody(request.options, request.payload, 0).length)
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight)
    await settle()
    this.inFlight--
    const answer = await (this.answer(path, request) ?? this.#usual(path, request))
    return answer
  }

  #usual(path: string, request: Outgoing): Reply {
    const text = new TextDecoder().decode(request.payload)
    const [kind, ip = ""] = path.split("/")
    if (kind === "collections") this.reports.push(JSON.parse(text))
    if (kind !== "surveys") return reply(Code.Changed)
    const block = findOption(request.options, OptionNumber.Block1)
    this.stored.set(ip, block ? `${this.stored.get(ip) ?? ""}${text}` : text)
    return reply(block && ((block.value.at(-1) ?? 0) & 8) !== 0 ? Code.Continue : Code.Created)
  }
}

class FakeConnection implements CloudConnection {
  readonly #gone = Promise.withResolvers<never>()
  destroyed = false
  released = false

  constructor(readonly cloud: FakeCloud) {
    this.#gone.promise.catch(() => {})
  }

  get peerMaxMessageSizeBytes(): number {
    return this.cloud.maxMessageSizeBytes
  }

  request(request: Outgoing): Promise<Reply> {
    return Promise.race([this.#gone.promise, this.cloud.serve(request)])
  }

  async release(): Promise<void> {
    this.released = true
  }

  destroy(): void {
    this.destroyed = true
    this.#gone.reject(new Error("The connection ended"))
  }
}

let bench: Bench
let cloud: FakeCloud
let forwarder: Forwarder
let retries: { message: string; delayMs: number }[]
let delivered: Forwarded[]
const never = new AbortController().signal

function makeForwarder(random = () => 1): Forwarder {
  return new Forwarder({
    site: SITE,
    siteInfo: () => ({ timeZone: "Europe/Rome", devices: [] }),
    account: (collection) => accountOf(bench.database.sqlite, bench.spool, collection),
    connect: cloud.connect,
    spool: bench.spool,
    ledger: bench.ledger,
    clock: bench.clock,
    random,
    emit: (event) => {
      if (event.kind === "delivered") delivered.push(event)
      if (event.kind === "not-delivered") retries.push({ message: event.error.message, delayMs: event.againInMs })
    },
  })
}

beforeEach(async () => {
  bench = new Bench()
  cloud = new FakeCloud()
  retries = []
  delivered = []
  forwarder = makeForwarder()
  await closeDay(DAY)
})
afterEach(() => bench[Symbol.dispose]())

async function closeDay(day: Day, scheduledAt = NOW) {
  await bench.ledger.open(day, scheduledAt, ALL)
  await bench.ledger.close(day)
}

/** Lets everything happen that needs no time to pass. */
async function idle() {
  for (let turn = 0; turn < 100; turn++) await settle()
}

/** Lets time pass only when nothing else happens: a commit takes turns of the event loop, but no time. */
async function finish<T>(work: Promise<T>): Promise<T> {
  let done = false
  const finished = () => {
    done = true
  }
  work.then(finished, finished)
  for (;;) {
    await idle()
    if (done) return work
    await bench.clock.advance((bench.clock.next ?? 0) - bench.clock.now())
  }
}

const forward = (run: Day | undefined = DAY, signal = never) => finish(forwarder.forward(run, signal))
const follow = () => finish(forwarder.forward(undefined, never))
const surveysAsked = () => cloud.asked.filter((path) => path.startsWith("surveys/"))

const timeOf = (seconds: number) => new Date(seconds * 1000).toISOString().slice(11, 19)

describe("forward()", () => {
  test("forgets every forwarding that is over: late surveys make one a second", async () => {
    const results: WeakRef<Forwarded>[] = []
    for (let nth = 0; nth < 20; nth++) results.push(new WeakRef(await follow()))
    await idle()
    Bun.gc(true)
    expect(results.filter((result) => result.deref()).length).toBeLessThan(5) // a stack may still hold the last ones
  })

  test("tells a day anew of which somebody was excused while the cloud was told", async () => {
    for (const address of [TOMATOES, HERBS]) await bench.accept(MORNING, address)
    cloud.answer = (path) => {
      if (path.startsWith("collections") && cloud.reports.length === 0) {
        void bench.ledger.excuse(DAY, { first: LEMONS, last: LEMONS })
      }
      return undefined
    }
    expect(await forward()).toMatchObject({ differing: [] })
    expect(cloud.reports).toMatchObject([
      { run: true, missing: ["192.168.1.4"] },
      { run: false, missing: [], changed: [] },
    ])
    expect(bench.ledger.get(DAY)?.confirmed).toBe(true)
  })

  test("describes the site, delivers in address order, closes the collection and releases the connection", async () => {
    for (const address of [LEMONS, TOMATOES]) await bench.accept(MORNING, address)
    await bench.accept(MORNING, HERBS, DAY, true)
    expect(await forward()).toMatchObject({ surveys: 3, readings: 3, bytes: 51, refused: 0, differing: [] })
    expect(cloud.asked).toEqual([
      "",
      `surveys/192.168.1.2/${DAY}`,
      `surveys/192.168.1.3/${DAY}`,
      `surveys/192.168.1.4/${DAY}`,
      `collections/${DAY}`,
    ])
    expect(cloud.reports).toEqual([
      {
        scheduledAt: "2026-11-22T05:00:00.000Z",
        run: true,
        arrived: ["192.168.1.2", "192.168.1.4"],
        late: ["192.168.1.3"],
        missing: [],
        stale: [],
        refused: [],
        reasons: [],
        changed: ["192.168.1.2-192.168.1.4"],
        ...bench.spool.agreement(DAY),
      },
    ])
    expect(cloud.connections).toMatchObject([{ released: true, destroyed: true }])
    expect(bench.due()).toEqual([])
    expect(bench.ledger.get(DAY)?.confirmed).toBe(true)
    expect(delivered).toHaveLength(1)
  })

  test("says the zone in which each day was measured", async () => {
    await bench.accept(MORNING)
    bench.reopen("UTC")
    await bench.accept(MORNING, TOMATOES, "2026-11-20")
    forwarder = makeForwarder()
    const queries: string[] = []
    cloud.answer = (path, { options }) => {
      if (path.startsWith("surveys")) queries.push(textsOf(options, OptionNumber.UriQuery)[1] ?? "")
      return undefined
    }
    await forward()
    expect(queries.sort()).toEqual(["zone=Europe/Rome", "zone=UTC"])
  })

  test("names the missing, and closes a collection of nobody", async () => {
    await forward()
    expect(cloud.reports).toMatchObject([{ surveys: 0, missing: ["192.168.1.2-192.168.1.4"] }])
  })

  test("keeps many requests in flight, within a bound", async () => {
    for (let address = 1; address <= 9000; address++) bench.accept(MORNING, address)
    await bench.accept(MORNING, 9001)
    expect(await forward()).toMatchObject({ surveys: 9001 })
    expect(cloud.mostInFlight).toBe(4096)
  })

  test("marks what the cloud has acknowledged while others are on their way", async () => {
    for (let address = 1; address <= 9000; address++) bench.accept(MORNING, address)
    await bench.accept(MORNING, 9001)
    let firstDue = 0
    cloud.answer = (path) => {
      if (path === `surveys/0.0.35.41/${DAY}`) firstDue = bench.due()[0]?.address ?? 0
      return undefined
    }
    await forward()
    expect(firstDue).toBeGreaterThan(2048)
  })

  test("delivers once more, and counts once, what could not be marked", async () => {
    for (const address of [TOMATOES, HERBS]) await bench.accept(MORNING, address)
    spyOn(bench.spool, "markDelivered").mockRejectedValueOnce(new StorageRefused("the disk is full"))
    expect(await forward()).toMatchObject({ surveys: 2, readings: 2 })
    expect(retries).toMatchObject([{ message: "the disk is full" }])
    expect(surveysAsked()).toHaveLength(4)
    expect(bench.due()).toEqual([])
  })

  test("keeps no more than some megabytes of surveys in flight", async () => {
    const large = Array.from({ length: 86_400 / 4 }, (_, n) => `${timeOf(n * 4)} - 20.25 - 30.75%\n`).join("") // 550 KB
    cloud.maxMessageSizeBytes = 1024 * 1024
    for (let address = 1; address <= 12; address++) await bench.accept(large, address)
    expect(await forward()).toMatchObject({ surveys: 12 })
    expect(cloud.mostInFlight).toBeLessThanOrEqual(8)
    expect(cloud.mostInFlight).toBeGreaterThan(1)
  })

  test("sends a revision, a zone and a digest with each survey", async () => {
    await bench.accept(MORNING)
    const queries: string[][] = []
    cloud.answer = (path, { options }) => {
      if (path.startsWith("surveys")) queries.push(textsOf(options, OptionNumber.UriQuery))
      return undefined
    }
    await forward()
    expect(queries).toEqual([[`revision=${NOW}`, "zone=Europe/Rome", expect.stringMatching(/^digest=[0-9a-f]{16}$/)]])
  })

  test("quarantines what the cloud refuses with 4.xx on three runs, and delivers and closes the rest", async () => {
    for (const address of [TOMATOES, HERBS, LEMONS]) await bench.accept(MORNING, address)
    cloud.answer = (path) => (path.includes("192.168.1.3") ? reply(Code.BadRequest, "no") : undefined)
    expect(await forward()).toMatchObject({ surveys: 2, refused: 1 })
    expect(retries).toHaveLength(2)
    const refused = { surveys: 2, refused: ["192.168.1.3"], reasons: [["192.168.1.3", "no"]] }
    expect(cloud.reports).toMatchObject([refused])
    expect(await follow()).toMatchObject({ surveys: 0, refused: 0 }) // not before the next run
    for (const run of [1, 2]) {
      expect(bench.quarantined()).toEqual([])
      await closeDay(DAY, NOW + run)
      expect(await forward()).toMatchObject({ surveys: 0, refused: 1 })
      expect(cloud.reports.at(-1)).toMatchObject(refused)
    }
    expect(bench.quarantined()).toMatchObject([{ kind: "delivery", reason: "The cloud refused it: no" }])
    await closeDay(DAY, NOW + 3)
    cloud.asked.length = 0
    expect(await forward()).toMatchObject({ surveys: 0, refused: 0 })
    expect(surveysAsked()).toEqual([])
  })

  test("delivers on the next run what the cloud refused on two, and takes it into the count again", async () => {
    await bench.accept(MORNING)
    cloud.answer = (path) => (path.startsWith("surveys") ? reply(Code.NotFound, "comes first") : undefined)
    for (const run of [0, 1]) {
      await closeDay(DAY, NOW + run)
      await forward()
    }
    cloud.answer = () => undefined
    await closeDay(DAY, NOW + 2)
    expect(await forward()).toMatchObject({ surveys: 1, refused: 0 })
    expect(cloud.reports.at(-1)).toMatchObject({ surveys: 1, refused: [], arrived: ["192.168.1.2"] })
    expect(bench.due()).toEqual([])
  })

  const later = (code: number, maxAge: number) => ({
    ...reply(code),
    options: [uintOption(OptionNumber.MaxAge, maxAge)],
  })

  test.each([
    ["5.03 without Max-Age", reply(Code.ServiceUnavailable)],
    ["5.03 with Max-Age 0", later(Code.ServiceUnavailable, 0)],
    ["4.29 with Max-Age 0", later(Code.TooManyRequests, 0)],
    ["5.03 with Max-Age 60", later(Code.ServiceUnavailable, 60)],
  ])("tries again what is answered %s with pauses of its own, and refuses nothing", async (_, answer) => {
    await bench.accept(MORNING)
    let refusals = 5
    cloud.answer = (path) => (path.startsWith("surveys") && refusals-- > 0 ? answer : undefined)
    expect(await forward()).toMatchObject({ surveys: 1, refused: 0 })
    expect(retries.map(({ delayMs }) => delayMs)).toEqual([1000, 2000, 4000, 8000, 16_000])
  })

  test.each([
    ["5.03", Code.ServiceUnavailable],
    ["4.29", Code.TooManyRequests],
  ])("passes over a survey that has to wait for its day (%s), and closes all else", async (_, code) => {
    await bench.accept(MORNING)
    await bench.accept(MORNING, HERBS, "2026-11-20")
    await bench.ledger.open("2026-11-20", NOW - 1, ALL)
    cloud.answer = (path) => (path.endsWith("2026-11-20") ? later(code, 86_400) : undefined)
    expect(await forward()).toMatchObject({ surveys: 1, refused: 0, differing: [] })
    expect(retries).toEqual([])
    expect(bench.ledger.get(DAY)?.confirmed).toBe(true)
    expect(bench.due()).toMatchObject([{ day: "2026-11-20", address: HERBS }])
    cloud.answer = () => undefined
    await closeDay(DAY, NOW + 1)
    expect(await forward()).toMatchObject({ surveys: 1 })
  })

  test.each([
    Code.Continue,
    Code.Content,
    Code.Deleted,
  ])("believes no %p: it marks nothing and closes nothing", async (code) => {
    await bench.accept(MORNING)
    const abort = new AbortController()
    for (const kind of ["surveys", "collections", ""]) {
      cloud.answer = (path) => (path.startsWith(kind) ? reply(code) : undefined)
      const outcome = forwarder.forward(DAY, abort.signal)
      await idle()
      await bench.clock.advance(10_000)
      expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
      if (kind !== "collections") expect(bench.due()).toHaveLength(1)
      cloud.answer = () => undefined
      await finish(outcome)
      await bench.spool.redeliver(DAY)
      await closeDay(DAY)
    }
  })

  test("tells the cloud what a person dropped, before it delivers, until it is acknowledged", async () => {
    await bench.accept(MORNING)
    await bench.accept(MORNING, HERBS)
    expect(await bench.spool.drop(DAY, { first: HERBS, last: HERBS })).toBe(1)
    let answer = Code.Changed as number
    const dropped: string[] = []
    cloud.answer = (path, { code, options }) => {
      if (code !== Code.Delete) return undefined
      dropped.push(`${path} ${textsOf(options, OptionNumber.UriQuery).join(" ")}`)
      return reply(answer, String(NOW + 50_000))
    }
    const outcome = forwarder.forward(DAY, never)
    await idle()
    expect(retries).toMatchObject([{ message: expect.stringContaining(`the cloud refuses to drop ${DAY}`) }])
    answer = Code.Deleted
    expect(await finish(outcome)).toMatchObject({ surveys: 1 })
    expect(dropped).toEqual(Array(2).fill(`surveys/192.168.1.3/${DAY} revision=${NOW}`))
    expect(bench.spool.untold()).toEqual([])
    // above what the cloud had: it would not take it otherwise
    await bench.accept(LARGE, HERBS)
    expect(bench.due()).toMatchObject([{ address: HERBS, revision: NOW + 50_001 }])
  })

  test.each([
    ["5.03", Code.ServiceUnavailable],
    ["5.00", Code.InternalServerError],
    ["4.08", Code.RequestEntityIncomplete],
    ["4.00 twice, as when it came to harm on its way", Code.BadRequest],
  ])("retries what is answered with %s, after the rest", async (_name, code) => {
    for (const address of [TOMATOES, HERBS]) await bench.accept(MORNING, address)
    let refusals = 2
    cloud.answer = (path) => (path.includes("192.168.1.2") && refusals-- > 0 ? reply(code) : undefined)
    expect(await forward()).toMatchObject({ surveys: 2, refused: 0 })
    expect(surveysAsked().filter((path) => path.includes("192.168.1.3"))).toHaveLength(1)
    expect(retries).toHaveLength(2)
  })

  test("resumes after a lost connection without sending again what was acknowledged", async () => {
    for (let address = 1; address <= 600; address++) bench.accept(MORNING, address)
    await bench.accept(MORNING, 601)
    let answered = 0
    cloud.answer = () => {
      if (++answered === 400) cloud.connections.at(-1)?.destroy()
      return undefined
    }
    expect(await forward()).toMatchObject({ surveys: 601, readings: 601 })
    expect(retries).toHaveLength(1)
    const times = new Map<string, number>()
    for (const path of surveysAsked()) times.set(path, (times.get(path) ?? 0) + 1)
    for (let address = 1; address <= 256; address++) {
      expect(times.get(`surveys/0.0.${address >> 8}.${address & 255}/${DAY}`)).toBe(1)
    }
  })

  test("waits longer and longer, up to a minute, and never less than half of that", async () => {
    cloud.refuse = new Error("TCP port 8001 is closed")
    const outcome = forwarder.forward(DAY, never)
    await bench.clock.advance(300_000)
    expect(retries.slice(0, 8).map(({ delayMs }) => delayMs)).toEqual([
      1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
    ])
    cloud.refuse = undefined
    await finish(outcome)

    retries = []
    forwarder = makeForwarder(() => 0)
    cloud.refuse = new Error("TCP port 8001 is closed")
    const again = forwarder.forward(DAY, never)
    await bench.clock.advance(3000)
    expect(retries.slice(0, 3).map(({ delayMs }) => delayMs)).toEqual([500, 1000, 2000])
    cloud.refuse = undefined
    await finish(again)
  })

  test("retries when the cloud refuses the site, and delivers nothing meanwhile", async () => {
    await bench.accept(MORNING)
    let refusals = 1
    cloud.answer = (path) => (path === "" && refusals-- > 0 ? reply(Code.Forbidden, "not a site") : undefined)
    expect(await forward()).toMatchObject({ surveys: 1, refused: 0 })
    expect(retries).toMatchObject([{ message: "the cloud refuses the site: not a site" }])
  })

  test("delivers a day again when the cloud's store differs, and then agrees", async () => {
    await bench.accept(MORNING)
    await forward()
    await closeDay(DAY)
    cloud.asked.length = 0
    let conflicts = 1
    cloud.answer = (path) => (path.startsWith("collections") && conflicts-- > 0 ? reply(Code.Conflict) : undefined)
    expect(await forward()).toMatchObject({ surveys: 1, differing: [] })
    const [survey, collection] = [`surveys/192.168.1.2/${DAY}`, `collections/${DAY}`]
    expect(cloud.asked).toEqual(["", collection, survey, collection])
  })

  test("names a day on which the cloud differs to the end, and asks no third time", async () => {
    await bench.accept(MORNING)
    cloud.answer = (path) => (path.startsWith("collections") ? reply(Code.Conflict) : undefined)
    expect(await forward()).toMatchObject({ differing: [DAY] })
    expect(cloud.asked.filter((path) => path.startsWith("collections"))).toHaveLength(2)
    expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
  })

  test("compares every closed day on a run, and only what changed otherwise", async () => {
    await closeDay("2026-11-20")
    await forward()
    await bench.accept(MORNING, TOMATOES, "2026-11-20", true)
    cloud.asked.length = 0
    cloud.reports.length = 0
    await follow()
    expect(cloud.asked.slice(1)).toEqual(["surveys/192.168.1.2/2026-11-20", "collections/2026-11-20"])
    expect(cloud.reports).toMatchObject([{ run: false, changed: ["192.168.1.2"] }])
    cloud.asked.length = 0
    await forward()
    expect(cloud.asked.slice(1)).toEqual(["collections/2026-11-20", `collections/${DAY}`])
  })

  test("compares no day that made room for newer ones", async () => {
    await closeDay("2026-11-18")
    await closeDay("2026-11-19")
    await forward()
    await bench.ledger.release("2026-11-18")
    cloud.asked.length = 0
    await forward()
    expect(cloud.asked.slice(1)).toEqual(["collections/2026-11-19", `collections/${DAY}`])
  })

  test("closes what was never confirmed, as after a crash behind the last delivery", async () => {
    await bench.accept(MORNING)
    await bench.spool.markDelivered(bench.due())
    bench.reopen()
    forwarder = makeForwarder()
    await follow()
    expect(cloud.reports).toMatchObject([{ run: true, surveys: 1 }])
  })

  test("closes, after a crash behind its delivery, a day that changed when it had been confirmed", async () => {
    await forward()
    await bench.accept(MORNING, TOMATOES, DAY, true)
    cloud.answer = (path) => (path.startsWith("collections") ? new Promise<Reply>(() => {}) : undefined)
    const killed = new AbortController()
    const outcome = forwarder.forward(undefined, killed.signal)
    await idle()
    expect(bench.due()).toEqual([])
    killed.abort(new Error("killed"))
    await expect(outcome).rejects.toThrow("killed")

    bench.reopen()
    forwarder = makeForwarder()
    cloud.answer = () => undefined
    cloud.reports.length = 0
    await follow()
    expect(cloud.reports).toMatchObject([{ run: true, surveys: 1 }])
  })

  test("makes sure that a day that never had a collection will be closed, before anything of it is delivered", async () => {
    const day = "2026-11-01"
    await bench.accept(MORNING, TOMATOES, day, true)
    const known: unknown[] = []
    cloud.answer = (path) => {
      if (path.startsWith("surveys")) known.push(...readCollections(bench.database.sqlite))
      return undefined
    }
    await follow()
    expect(known).toContainEqual({ day, scheduledAt: 0, expected: [], closed: true, confirmed: false, doubtful: false })
  })

  test("closes a day older than the last closed one, whose own collection was cut short", async () => {
    const older = addDays(DAY, -1)
    await bench.ledger.open(older, NOW, ALL)
    await bench.accept(MORNING, TOMATOES, older)
    await forward()
    expect(cloud.asked).toContain(`collections/${older}`)
  })

  test("adopts a day that never had a collection", async () => {
    await bench.accept(MORNING, TOMATOES, "2026-11-01", true)
    await follow()
    expect(cloud.asked).toContain("collections/2026-11-01")
    expect(bench.ledger.get("2026-11-01")).toMatchObject({ closed: true, confirmed: true })
  })

  test("delivers what comes while it closes, before it names a digest that includes it", async () => {
    await closeDay("2026-11-20")
    await bench.accept(MORNING)
    const arrivals: Promise<unknown>[] = []
    cloud.answer = (path) => {
      if (path.startsWith("collections") && arrivals.length === 0) {
        arrivals.push(bench.accept(MORNING, HERBS, DAY, true))
      }
      return undefined
    }
    await forward()
    const last = cloud.asked.lastIndexOf(`collections/${DAY}`)
    expect(cloud.asked.indexOf(`surveys/192.168.1.3/${DAY}`)).toBeLessThan(last)
    expect(cloud.reports.at(-1)).toMatchObject({ surveys: 2, late: ["192.168.1.3"] })
    expect(bench.due()).toEqual([])
  })

  test("sends blocks past the peer's Max-Message-Size, and no message above it", async () => {
    cloud.maxMessageSizeBytes = 1152
    await bench.accept(LARGE)
    await forward()
    expect(cloud.stored.get("192.168.1.2")).toBe(LARGE)
    expect(surveysAsked().length).toBe(Math.ceil(LARGE.length / 512))
    expect(cloud.largestBytes).toBeLessThanOrEqual(1152)
  })

  test("ends with the signal's reason, and keeps the rest in the spool", async () => {
    await bench.accept(MORNING)
    const abort = new AbortController()
    cloud.answer = (path) => (path.startsWith("surveys") ? new Promise<Reply>(() => {}) : undefined)
    const outcome = forwarder.forward(DAY, abort.signal)
    await idle()
    abort.abort(new Error("stopping"))
    await expect(outcome).rejects.toThrow("stopping")
    expect(cloud.connections).toMatchObject([{ destroyed: true }])
    expect(bench.due()).toHaveLength(1)
    expect(bench.clock.pending).toBe(0)
  })

  test("ends when the signal comes while it connects", async () => {
    await bench.accept(MORNING)
    const abort = new AbortController()
    const connect = cloud.connect
    Object.assign(cloud, {
      connect: (signal: AbortSignal) => {
        abort.abort(new Error("stopping"))
        return connect(signal)
      },
    })
    forwarder = makeForwarder()
    await expect(forward(DAY, abort.signal)).rejects.toThrow("stopping")
    expect(bench.due()).toHaveLength(1)
  })

  test("ends while it waits for an earlier forwarding that cannot reach the cloud", async () => {
    cloud.refuse = new Error("TCP port 8001 is closed")
    const stop = new AbortController()
    const earlier = forwarder.forward(undefined, stop.signal)
    const grace = new AbortController()
    const later = forwarder.forward(DAY, grace.signal)
    await bench.clock.advance(100_000)
    grace.abort(new Error("the grace is over"))
    await expect(later).rejects.toThrow("the grace is over")
    stop.abort(new Error("stopping"))
    await expect(earlier).rejects.toThrow("stopping")
    cloud.refuse = undefined
    expect(await forward()).toMatchObject({ differing: [] })
  })

  test("makes one forwarding after the other", async () => {
    await bench.accept(MORNING)
    const outcomes = await finish(Promise.all([forwarder.forward(DAY, never), forwarder.forward(DAY, never)]))
    expect(outcomes.map(({ surveys }) => surveys)).toEqual([1, 0])
    expect(surveysAsked()).toHaveLength(1)
  })
})
