import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { Clock } from "../../../src/clock"
import { Code } from "../../../src/coap/code"
import { type Option, textOption, uintOption } from "../../../src/coap/option"
import { type Request, type Response, say, textOf } from "../../../src/coap/resource"
import { encodeFrame, type Frame, FrameReader } from "../../../src/coap/tcp/frame"
import { Session, SessionClosed, type SessionOptions } from "../../../src/coap/tcp/session"

const NONE = new Uint8Array(0)
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""))
const ascii = (text: string) => new TextEncoder().encode(text)
const frame = (fields: Partial<Frame>): Uint8Array =>
  encodeFrame({ code: Code.Put, token: NONE, options: [], payload: NONE, ...fields })
const put = (text: string) => ({ code: Code.Put, options: [textOption(11, "x")], payload: ascii(text) })
const CSM = frame({ code: Code.Csm })
/** A handler that notes what it was asked. */
const recorder = (seen: Request[]) => (request: Request) => {
  seen.push(request)
  return say(Code.Changed)
}
/** Lets promises settle. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

class ManualClock implements Clock {
  #timers = new Set<{ at: number; callback: () => void }>()
  #now = 0
  now = () => this.#now
  monotonic = () => this.#now
  after(delayMs: number, callback: () => void) {
    const timer = { at: this.#now + delayMs, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }
  advance(ms: number) {
    this.#now += ms
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue
      this.#timers.delete(timer)
      timer.callback()
    }
  }
  get timers() {
    return this.#timers.size
  }
}

/** One session whose other end is the test: what it sent, as frames. */
function lone(options: Partial<SessionOptions> = {}) {
  const reader = new FrameReader(1 << 20)
  const sent: Frame[] = []
  const problems: string[] = []
  const events: string[] = []
  const clock = new ManualClock()
  const session = new Session({
    send: (bytes) => sent.push(...reader.push(bytes)),
    close: () => events.push("close"),
    pause: () => events.push("pause"),
    resume: () => events.push("resume"),
    random: () => 0.5,
    clock,
    maxMessageSizeBytes: 4096,
    address: "10.10.10.1",
    endpoint: "tcp:1",
    onProblem: (error) => problems.push(error.message),
    ...options,
  })
  return { session, sent, problems, events, clock, codes: () => sent.map(({ code }) => code) }
}

/** The same, with both CSMs exchanged and forgotten. */
function ready(options: Partial<SessionOptions> = {}) {
  const end = lone(options)
  end.session.receive(CSM)
  end.sent.length = 0
  return end
}

/** Two sessions back to back; every chunk is delivered in a later turn, in pieces of `pieceBytes`. */
function pair(server: Partial<SessionOptions>, client: Partial<SessionOptions> = {}, pieceBytes = 1 << 20) {
  const ends: Session[] = []
  const options = (other: number, more: Partial<SessionOptions>): SessionOptions => ({
    send(bytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        queueMicrotask(() => ends[other]?.receive(bytes.subarray(at, at + pieceBytes)))
      }
    },
    close: () => queueMicrotask(() => ends[other]?.closed()),
    random: () => 0.999999,
    clock: new ManualClock(),
    maxMessageSizeBytes: 4096,
    address: "10.10.10.1",
    endpoint: `tcp:${other}`,
    ...more,
  })
  ends.push(new Session(options(1, server)), new Session(options(0, client)))
  const [serverEnd, clientEnd] = ends
  if (!serverEnd || !clientEnd) throw new Error("two sessions were made")
  clientEnd.start()
  return { server: serverEnd, client: clientEnd }
}

describe("Session, settings (RFC 8323 §5.3)", () => {
  test("start() sends Max-Message-Size and Block-Wise-Transfer, once", () => {
    const { session, sent } = lone()
    session.start()
    session.start()
    expect(sent.map((message) => encodeFrame(message).toHex())).toEqual([hex("40 e1 221000 20").toHex()])
  })

  test("receive() starts a session that nobody has started", () => {
    const { session, codes } = lone()
    session.receive(hex("00"))
    expect(codes()).toEqual([Code.Csm])
  })

  test("the peer's values are the base values until its CSM, then its own; a later CSM adds", async () => {
    const { session } = lone()
    expect(session.peerMaxMessageSizeBytes).toBe(1152)
    session.receive(CSM)
    await session.ready
    expect(session.peerMaxMessageSizeBytes).toBe(1152)
    session.receive(frame({ code: Code.Csm, options: [uintOption(2, 8000), { number: 4, value: NONE }] }))
    expect(session.peerMaxMessageSizeBytes).toBe(8000)
    session.receive(frame({ code: Code.Csm, options: [uintOption(2, 600), uintOption(1000, 1)] }))
    expect(session.peerMaxMessageSizeBytes).toBe(600)
  })

  test("a request waits for the peer's CSM", async () => {
    const { session, codes, sent } = lone()
    session.start()
    const first = session.request(put("a"))
    const second = session.request(put("b"))
    expect(codes()).toEqual([Code.Csm])
    session.receive(CSM)
    expect(sent.map(({ payload }) => payload.toHex())).toEqual(["", "61", "62"])
    session.receive(frame({ code: Code.Created, token: sent[2]?.token ?? NONE }))
    session.receive(frame({ code: Code.Changed, token: sent[1]?.token ?? NONE }))
    expect([(await first).code, (await second).code]).toEqual([Code.Changed, Code.Created])
  })

  test("a first message that is no CSM is answered with Abort; an empty one is ignored", () => {
    for (const code of [Code.Get, Code.Content, Code.Ping, Code.Release]) {
      const { session, sent, events, problems } = lone()
      session.receive(frame({ code: Code.Empty, token: hex("01") }))
      expect(events).toEqual([])
      session.receive(frame({ code }))
      expect(sent.map((message) => message.code)).toEqual([Code.Csm, Code.Abort])
      expect(textOf(sent[1] as Response)).toStartWith("the first message must be a CSM, not ")
      expect(events).toEqual(["close"])
      expect(problems).toHaveLength(1)
    }
  })

  test.each<[string, Option, string]>([
    ["an unknown critical option", uintOption(9, 1), "09"],
    ["a Max-Message-Size of five bytes", { number: 2, value: hex("0000000001") }, "02"],
  ])("a CSM with %s is answered with Abort and Bad-CSM-Option", async (_name, option, badOption) => {
    const { session, sent, events } = lone()
    session.receive(frame({ code: Code.Csm, options: [option] }))
    expect(sent[1]?.code).toBe(Code.Abort)
    expect(sent[1]?.options.map(({ number, value }) => [number, value.toHex()])).toEqual([[2, badOption]])
    expect(events).toEqual(["close"])
    await expect(session.ready).rejects.toBeInstanceOf(SessionClosed)
  })

  test.each([
    ["Ping", Code.Ping],
    ["Pong", Code.Pong],
    ["Release", Code.Release],
    ["an unknown signal", 0xff],
  ])("an unknown critical option of %s is answered with Abort, an elective one is ignored", (_name, code) => {
    const { session, sent, events } = ready()
    session.receive(frame({ code, options: [uintOption(100, 1)] }))
    expect(sent.some((message) => message.code === Code.Abort)).toBe(false)
    if (events.length > 0) return
    session.receive(frame({ code, options: [uintOption(9, 1)] }))
    expect(sent.at(-1)?.code).toBe(Code.Abort)
    expect(sent.at(-1)?.options).toEqual([])
    expect(events).toEqual(["close"])
  })
})

describe("Session, requests", () => {
  test("are pipelined, and each gets its own answer, in whatever order they come and however the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60 }), async (count, pieceBytes) => {
        const waiting: (() => void)[] = []
        const handler = (request: Request) =>
          new Promise<Response>((resolve) => waiting.push(() => resolve(say(Code.Changed, textOf(request)))))
        const { client } = pair({ handler }, {}, pieceBytes)
        const texts = Array.from({ length: count }, (_, i) => `survey ${i}`)
        const answers = texts.map((text) => client.request(put(text)))
        await turn()
        for (const answer of waiting.reverse()) answer()
        expect((await Promise.all(answers)).map(textOf)).toEqual(texts)
      }),
      { numRuns: 20 },
    )
  })

  test("show the handler who asks, how large the message was and when it came", () => {
    const seen: Request[] = []
    const { session, clock } = ready({ handler: recorder(seen) })
    clock.advance(7)
    const bytes = frame({ token: hex("01"), payload: ascii("hello") })
    session.receive(bytes)
    expect(seen[0]).toMatchObject({ address: "10.10.10.1", endpoint: "tcp:1", sizeBytes: bytes.length, arrivedAt: 7 })
  })

  test("go both ways on one connection", async () => {
    const handler = () => say(Code.Content, "here")
    const { client, server } = pair({ handler }, { handler })
    await client.ready
    expect((await Promise.all([client.request(put("a")), server.request(put("b"))])).map(textOf)).toEqual([
      "here",
      "here",
    ])
  })

  test("get tokens that start at random, wrap, and are not used twice at once", () => {
    const { session, sent } = ready({ random: () => 0xffffffff / 0x1_0000_0000 })
    void session.request(put("a"))
    for (let i = 0; i < 3; i++) void session.request(put("b"))
    expect(sent.map(({ token }) => token.toHex())).toEqual(["ffffffff", "00000000", "00000001", "00000002"])
  })

  test("an answer with an unknown token and an unknown Pong are ignored", async () => {
    const { session, sent, events } = ready()
    const answer = session.request(put("a"))
    const token = sent[0]?.token ?? NONE
    for (const wrong of ["", "00", "80000001", `00${token.toHex()}`]) {
      session.receive(frame({ code: Code.BadRequest, token: hex(wrong) }))
    }
    session.receive(frame({ code: Code.Pong, token }))
    session.receive(frame({ code: Code.Created, token }))
    expect((await answer).code).toBe(Code.Created)
    session.receive(frame({ code: Code.Created, token }))
    expect(events).toEqual([])
  })

  test("a signal gives a request up; its late answer is ignored", async () => {
    const { session, sent, events } = ready()
    const controller = new AbortController()
    const answer = session.request(put("a"), controller.signal)
    controller.abort(new Error("no patience"))
    await expect(answer).rejects.toThrow("no patience")
    await expect(session.request(put("b"), controller.signal)).rejects.toThrow("no patience")
    expect(sent).toHaveLength(1)
    session.receive(frame({ code: Code.Created, token: sent[0]?.token ?? NONE }))
    expect(events).toEqual([])
  })

  test("a request over the peer's Max-Message-Size is refused here, the next one goes", async () => {
    const { session, sent } = ready()
    await expect(session.request(put("x".repeat(1152)))).rejects.toThrow("more than the 1152 that the peer accepts")
    void session.request(put("small"))
    expect(sent).toHaveLength(1)
  })

  test("that no resource can answer do not reach the handler: 4.02, 4.05, 5.05", () => {
    const seen: Request[] = []
    const { session, sent } = ready({ handler: recorder(seen) })
    session.receive(frame({ options: [uintOption(65, 1)] }))
    session.receive(frame({ options: [uintOption(17, 1), uintOption(17, 1)] }))
    session.receive(frame({ code: 5 })) // FETCH, RFC 8132
    session.receive(frame({ options: [textOption(35, "coap://elsewhere/")] }))
    expect(sent.map((answer) => [answer.code, textOf(answer)])).toEqual([
      [Code.BadOption, "Option 65 is not supported"],
      [Code.BadOption, "Option 17 is given twice"],
      [Code.MethodNotAllowed, "Method 0.05 is not supported"],
      [Code.ProxyingNotSupported, "This is no proxy"],
    ])
    expect(seen).toEqual([])
  })

  test("an answer with a critical option that is not understood is none, and says so", async () => {
    const { session, sent } = ready()
    const answer = session.request(put("a"))
    session.receive(frame({ code: Code.Created, token: sent[0]?.token ?? NONE, options: [uintOption(65, 1)] }))
    const why = "the answer 2.01 of 10.10.10.1 cannot be understood: Option 65 is not supported"
    await expect(answer).rejects.toThrow(why)
  })

  test("without a handler are answered 4.04", () => {
    const { session, sent } = ready()
    session.receive(frame({ token: hex("0102") }))
    expect(sent.map(({ code, token }) => [code, token.toHex()])).toEqual([[Code.NotFound, "0102"]])
  })

  test.each([
    [
      "throws",
      () => {
        throw new Error("disk on fire")
      },
    ],
    ["rejects", () => Promise.reject(new Error("disk on fire"))],
  ] as const)("a handler that %s is a 5.00 and a problem, and the session goes on", async (_name, handler) => {
    const { session, sent, problems, events } = ready({ handler })
    session.receive(frame({ token: hex("01") }))
    await turn()
    session.receive(frame({ token: hex("02") }))
    await turn()
    expect(sent.map(({ code, token }) => [code, token.toHex()])).toEqual([
      [Code.InternalServerError, "01"],
      [Code.InternalServerError, "02"],
    ])
    expect(sent.map(textOf).join()).not.toContain("fire")
    expect(problems[0]).toContain("disk on fire")
    expect(events).toEqual([])
  })

  test("an answer over the peer's Max-Message-Size has its text cut; content is a 5.00 instead", () => {
    let answer = say(Code.Changed, "x".repeat(2000))
    const { session, sent, problems } = ready({ handler: () => answer })
    session.receive(frame({ token: hex("01") }))
    expect(encodeFrame(sent[0] as Frame).length).toBe(1152)
    answer = say(Code.Content, "x".repeat(2000))
    session.receive(frame({ token: hex("02") }))
    expect(sent[1]?.code).toBe(Code.InternalServerError)
    expect(problems).toHaveLength(1)
  })
})

describe("Session, requests in flight", () => {
  const slow = () => {
    const finish: (() => void)[] = []
    const begun: string[] = []
    const handler = (request: Request) => {
      begun.push(textOf(request))
      return new Promise<Response>((resolve) => finish.push(() => resolve(say(Code.Changed))))
    }
    return { handler, begun, finish }
  }
  const requests = (...texts: string[]) =>
    Buffer.concat(texts.map((text) => frame({ token: ascii(text), payload: ascii(text) })))

  test("are bounded: the rest of the chunk waits in order and reading stops until half are done", async () => {
    const { handler, begun, finish } = slow()
    const { session, events, sent } = ready({ handler, maxInFlight: 2 })
    session.receive(requests("a", "b"))
    expect(events).toEqual([])
    session.receive(requests("c", "d", "e"))
    expect([begun, events]).toEqual([["a", "b"], ["pause"]])
    for (const [i, expected] of [
      ["a", "b", "c"],
      ["a", "b", "c", "d"],
      ["a", "b", "c", "d", "e"],
    ].entries()) {
      finish[i]?.()
      await turn()
      expect(begun).toEqual(expected)
      expect(events).toEqual(["pause"])
    }
    finish[3]?.()
    await turn()
    expect(events).toEqual(["pause", "resume"])
    expect(sent.map(({ token }) => new TextDecoder().decode(token))).toEqual(["a", "b", "c", "d"])
  })

  test("of handlers that answer at once never stop the reading", () => {
    const { session, events, sent } = ready({ handler: () => say(Code.Changed), maxInFlight: 2 })
    session.receive(requests("a", "b", "c", "d"))
    expect([events, sent.length]).toEqual([[], 4])
  })

  test("are not answered after the connection has ended, and those that wait are not begun", async () => {
    const { handler, begun, finish } = slow()
    const { session, sent } = ready({ handler, maxInFlight: 1 })
    session.receive(requests("a", "b"))
    session.closed()
    finish[0]?.()
    await turn()
    expect([begun, sent]).toEqual([["a"], []])
  })

  test("a Ping is answered at once with its token; with Custody when all requests before it are done, and no later", async () => {
    const { handler, finish } = slow()
    const { session, sent } = ready({ handler, maxInFlight: 4 })
    session.receive(requests("a", "b"))
    session.receive(frame({ code: Code.Ping, token: hex("0001") }))
    session.receive(frame({ code: Code.Ping, token: hex("0002"), options: [{ number: 2, value: NONE }] }))
    session.receive(requests("c"))
    expect(sent).toEqual([expect.objectContaining({ code: Code.Pong, token: hex("0001"), options: [] })])
    finish[1]?.()
    await turn()
    expect(sent).toHaveLength(2)
    finish[0]?.()
    await turn()
    expect(sent.map(({ code, options }) => [code, options.length])).toEqual([
      [Code.Pong, 0],
      [Code.Changed, 0],
      [Code.Changed, 0],
      [Code.Pong, 1],
    ])
    expect(sent[3]?.token).toEqual(hex("0002"))
  })

  test("a Ping with Custody waits its turn where requests wait", async () => {
    const { handler, finish, begun } = slow()
    const { session, sent } = ready({ handler, maxInFlight: 1 })
    session.receive(requests("a", "b"))
    session.receive(frame({ code: Code.Ping, token: hex("01"), options: [{ number: 2, value: NONE }] }))
    finish[0]?.()
    await turn()
    expect([begun, sent.map(({ code }) => code)]).toEqual([["a", "b"], [Code.Changed]])
    finish[1]?.()
    await turn()
    expect(sent.map(({ code }) => code)).toEqual([Code.Changed, Code.Changed, Code.Pong])
  })
})

describe("Session, a message that was begun", () => {
  const LONG = frame({ payload: new Uint8Array(4000) })

  /** Sends it in pieces of `bytes`, one every `everyMs`; resolves with the pieces that were taken. */
  function drip(bytes: number, everyMs: number, message = LONG) {
    const end = ready({ handler: () => say(Code.Changed) })
    let pieces = 0
    for (let at = 0; at < message.length && end.events.length === 0; at += bytes) {
      end.session.receive(message.subarray(at, at + bytes))
      pieces++
      end.clock.advance(everyMs)
    }
    return { ...end, seconds: Math.round((pieces * everyMs) / 1000) }
  }

  test("and comes a byte a second ends the connection after a minute", () => {
    const { codes, events, problems, seconds, clock } = drip(1, 1000)
    expect([seconds, codes(), events, clock.timers]).toEqual([61, [Code.Abort], ["close"], 0])
    expect(problems).toEqual(["ended the connection with 10.10.10.1: a message was begun and not finished"])
  })

  test("and is silent then ends it too", () => {
    const { session, events, clock } = ready()
    session.receive(LONG.subarray(0, 1))
    clock.advance(59_999)
    expect(events).toEqual([])
    clock.advance(11)
    expect(events).toEqual(["close"])
  })

  test.each([
    [100, 1000],
    [1000, 19_000],
    [4, 60],
  ])("and comes slowly, %p bytes every %p ms, is taken in the end", (bytes, everyMs) => {
    const { codes, events } = drip(bytes, everyMs)
    expect([codes(), events]).toEqual([[Code.Changed], []])
  })

  test("is measured by its own age, whatever came before it and however long that took", () => {
    const { session, codes, events, clock } = ready({ handler: () => say(Code.Changed) })
    const stream = Buffer.concat(Array.from({ length: 40 }, () => frame({ payload: new Uint8Array(50) })))
    for (let at = 0; at < stream.length; at += 5) {
      session.receive(stream.subarray(at, at + 5))
      clock.advance(4000)
    }
    expect([codes().length, events]).toEqual([40, []])
  })

  test("is not too old because we did not read", async () => {
    const finish: (() => void)[] = []
    const handler = () => new Promise<Response>((resolve) => finish.push(() => resolve(say(Code.Changed))))
    const { session, events, clock } = ready({ handler, maxInFlight: 1 })
    session.receive(Buffer.concat([frame({}), frame({}), LONG.subarray(0, 10)]))
    clock.advance(300_000)
    finish[0]?.()
    await turn()
    finish[1]?.()
    await turn()
    session.receive(LONG.subarray(10))
    expect([finish.length, events]).toEqual([3, ["pause", "resume"]])
  })
})

describe("Session, its end", () => {
  test("closed() rejects everything outstanding with SessionClosed and the reason", async () => {
    const { session, clock } = lone()
    session.start()
    const answers = [session.request(put("a")), session.request(put("b"))]
    session.closed("the cable was cut")
    session.closed("again")
    for (const promise of [...answers, session.ready, session.request(put("c"))]) {
      const error = await promise.then(
        () => undefined,
        (reason) => reason,
      )
      expect(error).toBeInstanceOf(SessionClosed)
      expect(error.reason).toBe("the cable was cut")
      expect(error.message).toBe("The connection with 10.10.10.1 ended: the cable was cut")
    }
    expect(clock.timers).toBe(0)
  })

  test("release() with nothing outstanding sends Release and closes", async () => {
    const { session, codes, events, clock } = ready()
    await session.release()
    await session.release()
    expect([codes(), events, clock.timers]).toEqual([[Code.Release], ["close"], 0])
  })

  test("release() finishes the requests of both sides, takes no new one, then closes", async () => {
    let finish = (_: Response) => {}
    const { session, sent, events } = ready({ handler: () => new Promise((resolve) => (finish = resolve)) })
    const answer = session.request(put("a"))
    session.receive(frame({ token: hex("09") }))
    const released = session.release()
    await expect(session.request(put("b"))).rejects.toBeInstanceOf(SessionClosed)
    session.receive(frame({ code: Code.Created, token: sent[0]?.token ?? NONE }))
    expect((await answer).code).toBe(Code.Created)
    expect(events).toEqual([])
    finish(say(Code.Changed))
    await released
    expect(sent.map(({ code }) => code)).toEqual([Code.Put, Code.Release, Code.Changed])
    expect(events).toEqual(["close"])
  })

  test("release() does not wait for ever", async () => {
    const { session, events, clock } = ready()
    const answer = session.request(put("a"))
    const released = session.release()
    clock.advance(999)
    expect(events).toEqual([])
    clock.advance(1)
    await released
    expect(events).toEqual(["close"])
    await expect(answer).rejects.toBeInstanceOf(SessionClosed)
  })

  test("release() between two sessions ends both, with every answer", async () => {
    const handler = (request: Request) => turn().then(() => say(Code.Changed, textOf(request)))
    const { client, server } = pair({ handler })
    const answers = ["a", "b", "c"].map((text) => client.request(put(text)))
    await client.ready
    await turn()
    await client.release()
    expect((await Promise.all(answers)).map(textOf)).toEqual(["a", "b", "c"])
    await turn()
    await expect(server.request(put("d"))).rejects.toBeInstanceOf(SessionClosed)
  })

  test("the peer's Release: no new requests, what is outstanding is finished, then close", async () => {
    let finish = (_: Response) => {}
    const { session, sent, events } = ready({ handler: () => new Promise((resolve) => (finish = resolve)) })
    session.receive(frame({ token: hex("09") }))
    session.receive(frame({ code: Code.Release, options: [uintOption(4, 30)], payload: ascii("maintenance") }))
    await expect(session.request(put("b"))).rejects.toThrow("released by the peer")
    expect(events).toEqual([])
    finish(say(Code.Changed))
    await turn()
    expect(sent.map(({ code }) => code)).toEqual([Code.Changed])
    expect(events).toEqual(["close"])
  })

  test("the peer's Abort closes at once, with its diagnostic", async () => {
    const { session, sent, events, problems } = ready()
    const answer = session.request(put("a"))
    session.receive(frame({ code: Code.Abort, payload: ascii("out of memory") }))
    await expect(answer).rejects.toThrow("aborted by the peer: out of memory")
    expect([events, problems]).toEqual([["close"], ["10.10.10.1 aborted the connection: out of memory"]])
    expect(sent.map(({ code }) => code)).toEqual([Code.Put])
  })

  test("an Abort instead of a CSM is believed", () => {
    const { session, codes, events } = lone()
    session.receive(frame({ code: Code.Abort }))
    expect([codes(), events]).toEqual([[Code.Csm], ["close"]])
  })

  test("abort() sends its line within the peer's Max-Message-Size, and closes", () => {
    const { session, sent, events } = ready()
    session.abort("x".repeat(3000))
    session.abort("again")
    expect(sent.map(({ code }) => code)).toEqual([Code.Abort])
    expect(encodeFrame(sent[0] as Frame).length).toBe(1152)
    expect(events).toEqual(["close"])
  })

  test.each([
    ["a reserved token length", "09", "the token length 9 is reserved"],
    ["a message over our Max-Message-Size", "e0 1000", "the message has 4369 bytes, more than 4096"],
    ["a malformed body", "10 03 ff", "a payload marker has no payload behind it"],
  ])("%s is answered with Abort; good frames before it count, later ones do not", (_name, bytes, text) => {
    const handled: Request[] = []
    const { session, sent, events } = ready({ handler: recorder(handled) })
    session.receive(Buffer.concat([frame({ token: hex("01") }), hex(bytes)]))
    session.receive(frame({ token: hex("02") }))
    expect(sent.map(({ code }) => code)).toEqual([Code.Changed, Code.Abort])
    expect(textOf(sent[1] as Response)).toBe(text)
    expect([events, handled.length]).toEqual([["close"], 1])
  })

  test("nothing that a peer sends throws", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 4 }), (chunks) => {
        const { session } = ready({ handler: () => say(Code.Changed) })
        for (const chunk of chunks) session.receive(chunk)
      }),
      { numRuns: 500 },
    )
  })
})
