import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { BlockReceiver } from "../../src/coap/block"
import { Code } from "../../src/coap/code"
import { type Content, findOption, NO_BYTES, OptionNumber, textsOf, uintOf, uintOption } from "../../src/coap/option"
import { OscoreClient } from "../../src/coap/oscore/client"
import { GATEWAY_ID, idOf } from "../../src/coap/oscore/identity"
import { busy, type Handler, type Request, type Response, say, textOf } from "../../src/coap/resource"
import { Endpoint } from "../../src/coap/udp/exchange"
import { Uploader, UploadRefused } from "../../src/device/uploader"
import type { Peer } from "../../src/net/udp"
import type { Day } from "../../src/survey/calendar"
import { surveyDigest } from "../../src/survey/digest"
import { Asked, arriving, MASTER_SECRET, seeded, serverOf } from "../coap/oscore/ends"
import { type Faults, SeededLink } from "../coap/udp/seeded-link"
import { TOMATOES } from "../fixtures"
import { seededRandom, settle, VirtualClock } from "../virtual-clock"

const DEVICE: Peer = { address: "192.168.1.2", port: 40_000 }
const GATEWAY: Peer = { address: "192.168.1.1", port: 10_005 }
const DAY = "2026-11-21"
const SURVEY = new TextEncoder().encode("08:00 - 20 - 30%\n12:00 - 25 - 33%\n")
const LARGE = new TextEncoder().encode("08:00 - 20 - 30%\n".repeat(200))
const PERFECT: Faults = { loss: 0, doubled: 0, delayMs: 1, stray: 0 }
const DELETED = (2 << 5) | 2 // 2.02: an answer that no upload has
const never = new AbortController().signal
const arrived: Handler = () => say(Code.Created, "Surveys arrived")

/** A device and a gateway on one link; the gateway gets whole requests, and answers as told. */
function network(
  respond: Handler | undefined,
  { seed = 1, faults = PERFECT }: { seed?: number; faults?: Faults } = {},
) {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const link = new SeededLink(clock, random, faults)
  const transmission = { ackTimeoutMs: 2000, maxRetransmit: 4 }
  const requests: Request[] = []
  const messages: Request[] = []
  const join = (own: Peer, options: { handler?: Handler }): Endpoint => {
    const send = link.join(own, (datagram, from) => endpoint.receive(datagram, from))
    const endpoint = new Endpoint({ send, clock, random, transmission, ...options })
    return endpoint
  }
  if (respond) {
    const limits = { bodyBytes: 1 << 20, perAddress: 16, transfers: 64, totalBytes: 1 << 24 }
    const noted: Handler = (request) => {
      requests.push(request)
      return respond(request)
    }
    const blocks = new BlockReceiver(limits, clock, () => undefined, noted)
    const handler: Handler = (request) => {
      messages.push(request)
      return blocks.handle(request)
    }
    join(GATEWAY, { handler })
  } else join(GATEWAY, {})
  const endpoint = join(DEVICE, {})
  const uploader = new Uploader({ endpoint, gateway: GATEWAY, ip: "192.168.1.2", clock, random })
  return { clock, link, requests, messages, uploader, run: <T>(work: Promise<T>) => clock.run(work) }
}

/** The answers one after the other; the last one for ever. */
const inTurn = (...answers: Response[]): Handler => {
  let at = 0
  return () => answers[Math.min(at++, answers.length - 1)] ?? say(Code.InternalServerError)
}

describe("Uploader.upload() sends", () => {
  test("PUT /surveys/<ip>/<day> as text with its digest, in one message where it fits", async () => {
    const { uploader, requests, messages, run } = network(arrived)
    expect(await run(uploader.upload(DAY, SURVEY, never))).toBe("Surveys arrived")
    const [request] = requests
    if (!request) throw new Error("nothing came")
    const { options, code, payload } = request
    expect([code, payload]).toEqual([Code.Put, SURVEY])
    expect(textsOf(options, OptionNumber.UriPath)).toEqual(["surveys", "192.168.1.2", DAY])
    expect(textsOf(options, OptionNumber.UriQuery)).toEqual([`digest=${surveyDigest("192.168.1.2", DAY, SURVEY)}`])
    expect(uintOf(options, OptionNumber.ContentFormat)).toBe(0)
    expect(findOption(options, OptionNumber.RequestTag)).toBeUndefined()
    expect(messages.length).toBe(1)
  })

  test("an empty survey: the device did report", async () => {
    const { uploader, requests, run } = network(arrived)
    await run(uploader.upload(DAY, new Uint8Array(0), never))
    expect(requests.map(({ payload }) => payload.length)).toEqual([0])
  })

  test("more than 1,024 bytes in blocks, all under one Request-Tag", async () => {
    const { uploader, requests, messages, run } = network(arrived)
    await run(uploader.upload(DAY, LARGE, never))
    expect(requests.map(({ payload }) => payload)).toEqual([Buffer.from(LARGE)])
    const tags = messages.map(({ options }) => uintOf(options, OptionNumber.RequestTag))
    expect([tags.length, new Set(tags).size]).toEqual([4, 1])
    expect(tags[0]).toBeDefined()
  })
})

describe("Uploader.upload() goes on until", () => {
  test("the gateway comes back, hours later", async () => {
    const { uploader, clock, link, run } = network(arrived)
    link.faults = { ...PERFECT, loss: 1 }
    const upload = uploader.upload(DAY, LARGE, never)
    await clock.advance(4 * 3_600_000)
    link.faults = PERFECT
    expect(await run(upload)).toBe("Surveys arrived")
  })

  test("somebody on the gateway's port understands it", async () => {
    const { uploader, clock, link } = network(undefined)
    const stop = new AbortController()
    const upload = uploader.upload(DAY, SURVEY, stop.signal).catch((error) => error)
    await clock.advance(10_000)
    expect(link.counts.sent).toBeWithin(16, 22) // a try a second, each answered RST
    stop.abort(new Error("enough"))
    expect(await upload).toEqual(new Error("enough"))
  })

  test("4.08 ends, each time under a new Request-Tag", async () => {
    const { uploader, messages, run } = network(inTurn(say(Code.RequestEntityIncomplete), say(Code.Changed, "ok")))
    expect(await run(uploader.upload(DAY, LARGE, never))).toBe("ok")
    expect(new Set(messages.map(({ options }) => uintOf(options, OptionNumber.RequestTag))).size).toBe(2)
  })

  test.each<[string, Response, number]>([
    ["5.03 with Max-Age 10", busy("The disk refuses", 10), 10],
    ["5.03 without", say(Code.ServiceUnavailable), 60],
    ["5.00", say(Code.InternalServerError), 60],
    ["5.03 with a Max-Age of 136 years", busy("", 0xffff_ffff), 3600],
    ["4.29 with Max-Age 10", { ...busy("Too many", 10), code: Code.TooManyRequests }, 10],
    ["4.29 without", say(Code.TooManyRequests), 60],
    ["2.05, which acknowledges nothing,", say(Code.Content, "because"), 60],
    ["2.05 with a Max-Age, which is that of its content,", { ...busy("", 1), code: Code.Content }, 60],
    ["2.02", say(DELETED), 60],
    ["2.31, which promises nothing,", say(Code.Continue), 60],
  ])("%s is over", async (_, refusal, seconds) => {
    const { uploader, clock, run } = network(inTurn(refusal, refusal, say(Code.Changed, "ok")))
    expect(await run(uploader.upload(DAY, SURVEY, never))).toBe("ok")
    expect(clock.now()).toBeWithin(2000 * seconds, 3000 * seconds + 100)
  })

  test.each<[string, Response]>([
    ["5.03 with Max-Age 0", say(Code.ServiceUnavailable, "Later", [uintOption(OptionNumber.MaxAge, 0)])],
    ["5.03 with Max-Age 1", busy("Later", 1)],
    ["4.29 with Max-Age 0", say(Code.TooManyRequests, "Later", [uintOption(OptionNumber.MaxAge, 0)])],
    ["4.08", say(Code.RequestEntityIncomplete)],
  ])("%s is over, with pauses of its own that grow up to a minute, and no two devices' the same", async (_, later) => {
    const triesOf = async (seed: number) => {
      const triedAt: number[] = []
      const { uploader, clock } = network(
        () => {
          triedAt.push(clock.now())
          return later
        },
        { seed },
      )
      const stop = new AbortController()
      const upload = uploader.upload(DAY, SURVEY, stop.signal).catch(() => {})
      await clock.advance(600_000)
      stop.abort(new Error("the next run is due"))
      await upload
      return triedAt.slice(1).map((at, index) => at - (triedAt[index] ?? 0))
    }
    const pauses = await triesOf(1)
    for (const [index, pauseMs] of pauses.entries()) {
      const longestMs = Math.min(60_000, 1000 * 2 ** index)
      expect(pauseMs).toBeWithin(longestMs / 2, Math.max(longestMs, 1500) + 100)
    }
    expect(pauses.length).toBeWithin(10, 26)
    expect(await triesOf(2)).not.toEqual(pauses)
  })

  test("the digest is right: 4.00 is believed the third time", async () => {
    const bad = say(Code.BadRequest, "The digest differs")
    const twice = network(inTurn(bad, bad, say(Code.Changed, "ok")))
    expect(await twice.run(twice.uploader.upload(DAY, SURVEY, never))).toBe("ok")
    const always = network(inTurn(bad))
    const refused = always.run(always.uploader.upload(DAY, SURVEY, never))
    await expect(refused).rejects.toThrow("the gateway does not take it: The digest differs")
    expect(always.requests.length).toBe(3)
  })
})

describe("Uploader.upload() rejects", () => {
  test.each<[string, number]>([
    ["4.03", Code.Forbidden],
    ["4.04", Code.NotFound],
    ["4.13", Code.RequestEntityTooLarge],
    ["4.15", Code.UnsupportedContentFormat],
  ])("at once, on %s", async (_name, code) => {
    const { uploader, requests, run } = network(() => say(code, "because"))
    const refused = run(uploader.upload(DAY, SURVEY, never))
    await expect(refused).rejects.toThrow(UploadRefused)
    await expect(refused).rejects.toThrow("the gateway does not take it: because")
    expect(requests.length).toBe(1)
  })

  test.each<[string, Handler, number, number]>([
    ["while it waits for an answer", () => new Promise(() => {}), 500, 0],
    ["while it pauses", () => busy("", 60), 10_000, 0],
  ])("with the signal's reason, at once, %s", async (_, respond, afterMs, timers) => {
    const { uploader, clock } = network(respond)
    const stop = new AbortController()
    const upload = uploader.upload(DAY, SURVEY, stop.signal).catch((error) => error)
    await clock.advance(afterMs)
    const reason = new Error("the next run is due")
    stop.abort(reason)
    await settle()
    expect([await upload, clock.pending]).toEqual([reason, timers])
  })
})

describe("Uploader.owed()", () => {
  const content = (text: string) => say(Code.Content, text)

  test("asks GET /owed/<ip>, and goes on after the last day until nothing more comes", async () => {
    const pages = inTurn(content("2026-11-18"), content("2026-11-19\n2026-11-20"), content(""))
    const { uploader, requests, run } = network(pages)
    expect(await run(uploader.owed(never))).toEqual(["2026-11-18", "2026-11-19", "2026-11-20"])
    expect(requests.map(({ code }) => code)).toEqual(Array(3).fill(Code.Get))
    expect(requests.map(({ options }) => textsOf(options, OptionNumber.UriPath).join("/"))).toEqual(
      Array(3).fill("owed/192.168.1.2"),
    )
    expect(requests.map(({ options }) => textsOf(options, OptionNumber.UriQuery).join())).toEqual([
      "",
      "after=2026-11-18",
      "after=2026-11-20",
    ])
  })

  test.each<[string, Response, Day[]]>([
    ["4.04", say(Code.NotFound), []],
    ["5.03", busy("", 1), []],
    ["nothing", content(""), []],
    ["what is no day", content("yesterday"), []],
    ["a day that is cut short", content("2026-11-20\n2026-11-2"), ["2026-11-20"]],
    ["the same day for ever", content("2026-11-20"), ["2026-11-20"]],
  ])("is told %s", async (_, response, days) => {
    const { uploader, run } = network(() => response)
    expect(await run(uploader.owed(never))).toEqual(days)
  })
})

describe("Uploader.missing()", () => {
  const REASON = "surveys/device1.txt not found"

  test("tells PUT /missing/<ip>/<day> why, as text", async () => {
    const { uploader, requests, run } = network(() => say(Code.Changed))
    expect(await run(uploader.missing(DAY, REASON, "missing", never))).toBe(true)
    const [request] = requests
    if (!request) throw new Error("nothing came")
    const { options, code, payload } = request
    expect([code, new TextDecoder().decode(payload)]).toEqual([Code.Put, REASON])
    expect(textsOf(options, OptionNumber.UriPath)).toEqual(["missing", "192.168.1.2", DAY])
    expect(uintOf(options, OptionNumber.ContentFormat)).toBe(0)
    expect(textsOf(options, OptionNumber.UriQuery)).toEqual([])
  })

  test("says of a stale file that it is one", async () => {
    const { uploader, requests, run } = network(() => say(Code.Changed))
    await run(uploader.missing(DAY, REASON, "stale", never))
    expect(requests.map(({ options }) => textsOf(options, OptionNumber.UriQuery))).toEqual([["kind=stale"]])
  })

  test("tells one line of at most 200 characters", async () => {
    const { uploader, requests, run } = network(() => say(Code.Changed))
    await run(uploader.missing(DAY, `one\ntwo \u2028${"°".repeat(300)}`, "missing", never))
    const text = new TextDecoder().decode(requests[0]?.payload)
    expect(text).toStartWith("one\\u000atwo \\u2028°°")
    expect(text).toHaveLength(200)
  })

  test.each<[string, Response, boolean]>([
    ["2.04", say(Code.Changed), true],
    ["2.05", say(Code.Content), true],
    ["4.04", say(Code.NotFound), true],
    ["4.00", say(Code.BadRequest), true],
    ["5.03", busy("The disk refuses", 10), false],
    ["5.00", say(Code.InternalServerError), false],
    ["4.29", say(Code.TooManyRequests), false],
  ])("is over with the first answer, %s", async (_, response, heard) => {
    const { uploader, requests, clock, run } = network(() => response)
    expect(await run(uploader.missing(DAY, REASON, "missing", never))).toBe(heard)
    expect([requests.length, clock.pending]).toEqual([1, 0])
    expect(clock.now()).toBeLessThan(100)
  })

  test("waits for a silent gateway as long as one exchange takes", async () => {
    const { uploader, clock, link, run } = network(arrived)
    link.faults = { ...PERFECT, loss: 1 }
    expect(await run(uploader.missing(DAY, REASON, "missing", never))).toBe(false)
    expect(link.counts.sent).toBe(5)
    expect(clock.now()).toBeWithin(62_000, 93_001) // RFC 7252 §4.8.2, MAX_TRANSMIT_WAIT
  })

  test("gives up on somebody who does not understand it", async () => {
    const { uploader, link, run } = network(undefined)
    expect(await run(uploader.missing(DAY, REASON, "missing", never))).toBe(false)
    expect(link.counts.sent).toBe(2)
  })

  test("rejects with the signal's reason, at once", async () => {
    const { uploader, clock } = network(() => new Promise(() => {}))
    const stop = new AbortController()
    const told = uploader.missing(DAY, REASON, "missing", stop.signal).catch((error) => error)
    await clock.advance(500)
    const reason = new Error("the next run is due")
    stop.abort(reason)
    await settle()
    expect([await told, clock.pending]).toEqual([reason, 0])
  })
})

test("Uploader gets any survey through any link: the gateway sees exactly it, and the device hears so", async () => {
  const scenario = fc.record({
    seed: fc.integer(),
    lines: fc.nat({ max: 1200 }),
    loss: fc.constantFrom(0, 0.1, 0.3, 0.5),
    doubled: fc.constantFrom(0, 0.2),
    delayMs: fc.constantFrom(1, 500),
    stray: fc.constantFrom(0, 0.05),
    answers: fc.array(fc.constantFrom(busy("", 1), say(Code.RequestEntityIncomplete)), { maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ seed, lines, answers, ...faults }) => {
      const body = new TextEncoder().encode("08:00 - 20 - 30%\n".repeat(lines))
      const respond = inTurn(...answers, say(Code.Changed, "Surveys arrived"))
      const { uploader, requests, run } = network(respond, { seed, faults })
      expect(await run(uploader.upload(DAY, body, never))).toBe("Surveys arrived")
      expect(requests.length).toBeGreaterThan(answers.length)
      for (const { payload } of requests) expect(Buffer.compare(payload, body)).toBe(0)
    }),
    { numRuns: 60 },
  )
})

describe("of a device with a key", () => {
  /** A gateway whose answers come in plain, and one that has the key, by turns as the test says. */
  function keyed() {
    const clock = new VirtualClock()
    const asked: Content[] = []
    const postponed: string[] = []
    let answer: (request: Content) => Promise<Content> = () => Promise.reject(new Error("not told yet"))
    const exchange = {
      request: async (_peer: Peer, request: Content) => {
        asked.push(request)
        return await answer(request)
      },
    }
    const [senderId, recipientId] = [idOf(TOMATOES), GATEWAY_ID]
    const endpoint = new OscoreClient({
      exchange,
      masterSecret: MASTER_SECRET,
      senderId,
      recipientId,
      randomBytes: seeded(1),
    })
    const uploader = new Uploader({
      endpoint,
      gateway: GATEWAY,
      ip: "192.168.1.2",
      clock,
      random: () => 0.5,
      onPostponed: (reason) => void postponed.push(reason),
    })
    return { clock, asked, postponed, uploader, tell: (next: typeof answer) => (answer = next) }
  }
  const plainly = (response: Response) => async (): Promise<Content> => ({
    options: [],
    payload: NO_BYTES,
    ...response,
  })

  test("upload() believes nobody who has not its key: neither an acknowledgement nor a refusal", async () => {
    for (const forged of [
      say(Code.Created, "Surveys arrived"),
      say(Code.Forbidden, "never"),
      say(Code.Unauthorized, "Security context not found"),
    ]) {
      const { clock, asked, postponed, uploader, tell } = keyed()
      tell(plainly(forged))
      let ended = false
      const upload = uploader.upload(DAY, SURVEY, never).finally(() => {
        ended = true
      })
      await clock.advance(3_600_000)
      expect(ended).toBe(false)
      expect(asked.length).toBeGreaterThan(20)
      expect(postponed[0]).toEndWith(
        `${textOf(forged)}: bun run pair 192.168.1.2 where the gateway is shows the key that holds`,
      )
      const server = serverOf(new Asked())
      tell(async (request) => ({ options: [], payload: NO_BYTES, ...(await server.handle(arriving(request))) }))
      await clock.advance(120_000)
      expect(await upload).toBe("Survey arrived")
    }
  })

  test("missing() heard by somebody without the key was not heard", async () => {
    const { uploader, tell } = keyed()
    tell(plainly(say(Code.Changed)))
    expect(await uploader.missing(DAY, "not found", "missing", never)).toBe(false)
  })
})
