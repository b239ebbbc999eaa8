import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Code } from "../../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { EXCHANGE_LIFETIME_MS, type Request, type Response, say, textOf } from "../../../src/coap/resource"
import { RecentAnswers } from "../../../src/coap/udp/answers"
import { Endpoint, type EndpointOptions, ExchangeReset, ExchangeTimeout } from "../../../src/coap/udp/exchange"
import { decodeMessage, encodeEmpty, encodeMessage, type Message, Type } from "../../../src/coap/udp/message"
import type { Peer } from "../../../src/net/udp"
import { settle, VirtualClock } from "../../virtual-clock"

const NONE = new Uint8Array(0)
const PEER: Peer = { address: "192.168.1.2", port: 40_000 }
const ascii = (text: string) => new TextEncoder().encode(text)
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""))
const get = { code: Code.Get, options: [textOption(OptionNumber.UriPath, "temperature")], payload: NONE }
const message = (fields: Partial<Message>): Uint8Array =>
  encodeMessage({
    type: Type.Confirmable,
    code: Code.Put,
    id: 0x1234,
    token: hex("71"),
    options: [textOption(OptionNumber.UriPath, "surveys")],
    payload: ascii("08:00 - 20 - 30%"),
    ...fields,
  })
const silent = (type: Type, fields: Partial<Message> = {}) => message({ type, options: [], payload: NONE, ...fields })

/** One endpoint whose network is the test: what it sent, decoded. */
function lone(options: Partial<EndpointOptions> = {}) {
  const clock = new VirtualClock()
  const sent: Message[] = []
  const bytes: Uint8Array[] = []
  const times: number[] = []
  const errors: unknown[] = []
  const endpoint = new Endpoint({
    send(datagram) {
      bytes.push(datagram)
      sent.push(decodeMessage(datagram))
      times.push(clock.now())
    },
    clock,
    random: () => 0,
    transmission: { ackTimeoutMs: 2000, maxRetransmit: 4 },
    onError: (error) => errors.push(error),
    ...options,
  })
  return { endpoint, clock, sent, bytes, times, errors }
}

/** A server whose handler answers when the test says so. */
function server(
  respond: (request: Request) => Response | Promise<Response> = () => say(Code.Changed, "Surveys arrived"),
) {
  const requests: Request[] = []
  const handler = (request: Request) => {
    requests.push(request)
    return respond(request)
  }
  return { ...lone({ handler }), requests }
}

/** A client with one request under way, and what became of it. */
function asking(options: Partial<EndpointOptions> = {}, signal?: AbortSignal) {
  const end = lone(options)
  const outcome: { reply?: string; error?: unknown } = {}
  end.endpoint.request(PEER, get, signal).then(
    (reply) => {
      outcome.reply = textOf(reply)
    },
    (error) => {
      outcome.error = error
    },
  )
  const [request] = end.sent
  if (!request) throw new Error("nothing was sent")
  const answer = (fields: Partial<Message>) =>
    end.endpoint.receive(
      message({ code: Code.Content, id: request.id, token: request.token, options: [], ...fields }),
      PEER,
    )
  return { ...end, request, outcome, answer }
}

describe("Endpoint.request() retransmits as RFC 7252 §4.2 says", () => {
  test.each([
    ["ACK_TIMEOUT", 0, [0, 2000, 6000, 14_000, 30_000], 62_000],
    ["ACK_TIMEOUT × 1.25", 0.5, [0, 2500, 7500, 17_500, 37_500], 77_500],
  ])("first after %s, then doubled", async (_, random, expected, timeoutMs) => {
    const { clock, times, bytes, outcome, endpoint } = asking({ random: () => random })
    await clock.advance(timeoutMs - 1)
    expect(times).toEqual(expected)
    for (const datagram of bytes) expect(datagram).toEqual(bytes[0] ?? NONE)
    expect(outcome).toEqual({})
    await clock.advance(1)
    expect(outcome.error).toBeInstanceOf(ExchangeTimeout)
    expect([times.length, endpoint.counts.resent, clock.pending]).toEqual([5, 4, 0])
  })

  test("the first wait lies in ACK_TIMEOUT × [1, 1.5) and the last within MAX_TRANSMIT_WAIT, whatever the randomness", async () => {
    const fractions = fc.double({ min: 0, max: 0.999, noNaN: true })
    await fc.assert(
      fc.asyncProperty(fractions, fc.nat({ max: 6 }), async (fraction, maxRetransmit) => {
        const transmission = { ackTimeoutMs: 100, maxRetransmit }
        const { clock, times, outcome } = asking({ random: () => fraction, transmission })
        await clock.advance(100 * (2 ** (maxRetransmit + 1) - 1) * 1.5)
        expect(times.length).toBe(maxRetransmit + 1)
        const [first = 0, second = 100] = times
        expect(second - first).toBeWithin(100, 150)
        expect(outcome.error).toBeInstanceOf(ExchangeTimeout)
      }),
      { numRuns: 30 },
    )
  })

  test("not at all with MAX_RETRANSMIT 0", async () => {
    const { clock, times, outcome } = asking({ transmission: { ackTimeoutMs: 100, maxRetransmit: 0 } })
    await clock.advance(100)
    expect([times, outcome.error]).toEqual([[0], expect.any(ExchangeTimeout)])
  })
})

describe("Endpoint.request() ends", () => {
  test("by an abort, with its reason, whatever that is, and leaves no timer", async () => {
    const abort = new AbortController()
    const { clock, times, outcome } = asking({}, abort.signal)
    await clock.advance(3000)
    abort.abort("enough")
    await clock.advance(100_000)
    expect([outcome, times, clock.pending]).toEqual([{ error: "enough" }, [0, 2000], 0])
  })

  test("before it began when the signal is aborted already", async () => {
    const { endpoint, sent } = lone()
    const reason = new Error("too late")
    await expect(endpoint.request(PEER, get, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(sent).toEqual([])
  })

  test("by stop()", async () => {
    const { endpoint, clock, outcome } = asking()
    endpoint.stop()
    await settle()
    expect([String(outcome.error), clock.pending]).toEqual(["Error: the endpoint was stopped", 0])
  })

  test("by RST, with ExchangeReset", async () => {
    const { endpoint, clock, outcome, request } = asking()
    endpoint.receive(encodeEmpty(Type.Reset, request.id), PEER)
    await settle()
    expect([outcome.error, clock.pending]).toEqual([expect.any(ExchangeReset), 0])
  })

  test("and what comes afterwards does no harm", async () => {
    const { endpoint, clock, answer, outcome, sent } = asking()
    await clock.advance(62_000)
    expect(outcome.error).toBeInstanceOf(ExchangeTimeout)
    const before = sent.length
    answer({ type: Type.Acknowledgement })
    answer({ type: Type.NonConfirmable, id: 9 })
    endpoint.receive(encodeEmpty(Type.Acknowledgement, 0), PEER)
    expect(sent.length).toBe(before)
    answer({ type: Type.Confirmable, id: 10 })
    expect(sent.at(-1)).toMatchObject({ type: Type.Reset, id: 10 })
  })
})

describe("Endpoint matches a piggy-backed answer", () => {
  test("by message id and token", async () => {
    const { answer, outcome, clock } = asking()
    answer({ type: Type.Acknowledgement, payload: ascii("22.3 C") })
    await settle()
    expect([outcome, clock.pending]).toEqual([{ reply: "22.3 C" }, 0])
  })

  test.each<[string, Partial<Message>, Peer]>([
    ["another message id", { id: 1 }, PEER],
    ["another token", { token: hex("aabbccdd") }, PEER],
    ["no token", { token: NONE }, PEER],
    ["another port", {}, { ...PEER, port: 40_001 }],
    ["another address", {}, { ...PEER, address: "192.168.1.3" }],
  ])("not with %s", async (_, fields, peer) => {
    const { endpoint, request, outcome, sent } = asking()
    const answer = { type: Type.Acknowledgement, code: Code.Content, id: request.id, token: request.token, ...fields }
    endpoint.receive(message({ options: [], ...answer }), peer)
    await settle()
    expect([outcome, sent.length]).toEqual([{}, 1])
  })

  test("and reads RFC 7252 figure 16", async () => {
    const { endpoint, bytes } = lone({ random: () => 0x7d34 / 0x1_0000 })
    const reply = endpoint.request(PEER, get)
    // our token has four bytes, the figure's none: the rest is the figure's
    expect(bytes[0]).toEqual(hex("44 01 7d34 7d340000 bb 74656d7065726174757265"))
    endpoint.receive(hex("64 45 7d34 7d340000 ff 32322e332043"), PEER)
    expect(textOf(await reply)).toBe("22.3 C")
  })
})

describe("Endpoint takes a separate response", () => {
  test("after an empty acknowledgement, which ends the retransmission; a lost ACK of ours is sent again", async () => {
    const { endpoint, clock, request, answer, outcome, sent } = asking()
    endpoint.receive(encodeEmpty(Type.Acknowledgement, request.id), PEER)
    await clock.advance(90_000)
    expect([sent.length, outcome]).toEqual([1, {}])
    answer({ type: Type.Confirmable, id: 0xbeef, payload: ascii("late") })
    await settle()
    expect([outcome, clock.pending]).toEqual([{ reply: "late" }, 0])
    answer({ type: Type.Confirmable, id: 0xbeef, payload: ascii("late") })
    const acknowledgement = { type: Type.Acknowledgement, code: Code.Empty, id: 0xbeef }
    expect(sent.slice(1)).toMatchObject([acknowledgement, acknowledgement])
    expect(endpoint.counts.duplicates).toBe(1)
  })

  test("without the acknowledgement, which was lost", async () => {
    const { clock, answer, outcome, sent } = asking()
    await clock.advance(2500)
    answer({ type: Type.Confirmable, id: 0xbeef, payload: ascii("late") })
    await settle()
    expect([outcome, clock.pending]).toEqual([{ reply: "late" }, 0])
    expect(sent.at(-1)).toMatchObject({ type: Type.Acknowledgement, id: 0xbeef })
  })

  test("as NON, which is not acknowledged", async () => {
    const { endpoint, request, answer, outcome, sent } = asking()
    endpoint.receive(encodeEmpty(Type.Acknowledgement, request.id), PEER)
    answer({ type: Type.NonConfirmable, id: 0xbeef, payload: ascii("late") })
    await settle()
    expect([outcome, sent.length]).toEqual([{ reply: "late" }, 1])
  })

  test("but waits no longer than MAX_LATENCY for it", async () => {
    const { endpoint, clock, request, outcome } = asking()
    endpoint.receive(encodeEmpty(Type.Acknowledgement, request.id), PEER)
    await clock.advance(99_999)
    expect(outcome).toEqual({})
    await clock.advance(1)
    expect([outcome.error, clock.pending]).toEqual([expect.any(ExchangeTimeout), 0])
  })

  test.each<[string, Partial<Message>, Partial<Message>[]]>([
    ["CON with RST", { type: Type.Confirmable, id: 0xbeef }, [{ type: Type.Reset, code: Code.Empty, id: 0xbeef }]],
    ["ACK silently", { type: Type.Acknowledgement }, []],
    ["NON silently", { type: Type.NonConfirmable, id: 0xbeef }, []],
  ])("and rejects a %s that has a critical option which it does not understand", async (_, fields, rejections) => {
    const { answer, outcome, sent } = asking()
    answer({ ...fields, options: [uintOption(9, 1)], payload: ascii("yes") })
    await settle()
    expect([outcome, sent.slice(1)]).toMatchObject([{}, rejections])
    answer({ ...fields, options: [uintOption(6, 1)], payload: ascii("yes") })
    await settle()
    expect(outcome).toEqual({ reply: "yes" })
  })

  test("only when somebody asked: a response out of the blue is rejected", () => {
    const { endpoint, sent } = lone()
    endpoint.receive(message({ code: Code.Content }), PEER)
    endpoint.receive(message({ code: Code.Content, type: Type.NonConfirmable }), PEER)
    endpoint.receive(message({ code: Code.Content, type: Type.Acknowledgement }), PEER)
    expect(sent).toMatchObject([{ type: Type.Reset, code: Code.Empty, id: 0x1234 }])
  })
})

describe("Endpoint answers requests", () => {
  test("piggy-backed on the acknowledgement, with the request's id and token", () => {
    const { endpoint, sent, requests, clock } = server()
    endpoint.receive(message({}), PEER)
    expect(sent).toMatchObject([{ type: Type.Acknowledgement, code: Code.Changed, id: 0x1234, token: hex("71") }])
    expect(requests).toMatchObject([
      { code: Code.Put, address: "192.168.1.2", endpoint: "192.168.1.2:40000", arrivedAt: clock.now() },
    ])
    expect(requests[0]?.sizeBytes).toBe(message({}).length)
  })

  test("NON with NON, once, under an id of its own", () => {
    const { endpoint, sent, requests } = server()
    const request = message({ type: Type.NonConfirmable })
    for (let i = 0; i < 3; i++) endpoint.receive(request, PEER)
    expect(sent).toMatchObject([{ type: Type.NonConfirmable, code: Code.Changed, id: 0, token: hex("71") }])
    expect([requests.length, endpoint.counts.duplicates]).toEqual([1, 2])
  })

  test.each<[string, () => Response | Promise<Response>]>([
    ["throws", () => raise()],
    ["rejects", () => Promise.reject(new Error("the disk is on fire"))],
  ])("with 5.00 where the handler %s, and tells", async (_, respond) => {
    const { endpoint, sent, errors } = server(respond)
    endpoint.receive(message({}), PEER)
    await settle()
    expect(sent).toMatchObject([{ type: Type.Acknowledgement, code: Code.InternalServerError, payload: NONE }])
    expect(String(errors)).toBe("Error: the disk is on fire")
  })

  test("not where a critical option is not understood: a CON with 4.02 and why, a NON with RST", () => {
    const { endpoint, sent, requests } = server()
    const options = [textOption(OptionNumber.UriPath, "surveys"), uintOption(65, 1)]
    endpoint.receive(message({ options, payload: ascii("x".repeat(40)) }), PEER)
    endpoint.receive(message({ options, type: Type.NonConfirmable, id: 0x1235 }), PEER)
    expect(sent).toMatchObject([
      { type: Type.Acknowledgement, code: Code.BadOption, id: 0x1234, payload: ascii("Option 65 is not supported") },
      { type: Type.Reset, code: Code.Empty, id: 0x1235 },
    ])
    expect(requests).toEqual([])
  })

  test("not as a proxy: 5.05, to a NON as well", () => {
    const { endpoint, sent, requests } = server()
    const options = [textOption(OptionNumber.ProxyUri, "coap://elsewhere/surveys")]
    for (const type of [Type.Confirmable, Type.NonConfirmable])
      endpoint.receive(message({ options, type, id: type }), PEER)
    expect(sent.map(({ type, code }) => [type, code])).toEqual([
      [Type.Acknowledgement, Code.ProxyingNotSupported],
      [Type.NonConfirmable, Code.ProxyingNotSupported],
    ])
    expect(requests).toEqual([])
  })

  test("with RST where it is nobody's server, and a NON not at all", () => {
    const { endpoint, sent } = lone()
    endpoint.receive(message({}), PEER)
    endpoint.receive(message({ type: Type.NonConfirmable }), PEER)
    expect(sent).toMatchObject([{ type: Type.Reset, id: 0x1234 }])
  })

  test("not when they come as ACK or RST", () => {
    const { endpoint, sent, requests } = server()
    endpoint.receive(message({ type: Type.Acknowledgement }), PEER)
    endpoint.receive(message({ type: Type.Reset }), PEER)
    expect([sent, requests]).toEqual([[], []])
  })

  test("a ping with RST (RFC 7252 §4.3)", () => {
    const { endpoint, bytes } = server()
    endpoint.receive(hex("4000 1234"), PEER)
    expect(bytes).toEqual([hex("7000 1234")])
  })
})

function raise(): never {
  throw new Error("the disk is on fire")
}

describe("Endpoint knows duplicates (RFC 7252 §4.5)", () => {
  test("and remembers nothing of what may be carried out twice", () => {
    const requests: Request[] = []
    const handler = (request: Request) => {
      requests.push(request)
      return say(Code.Changed)
    }
    const { endpoint, sent } = lone({ handler, isIdempotent: ({ code }) => code === Code.Put })
    for (const code of [Code.Put, Code.Put, Code.Get, Code.Get]) {
      endpoint.receive(message({ code, id: code }), PEER)
    }
    expect(requests.map(({ code }) => code)).toEqual([Code.Put, Code.Put, Code.Get])
    expect(sent).toHaveLength(4)
    expect(endpoint.counts.duplicates).toBe(1)
  })

  test("while the answer waits for the commit: dropped; afterwards: the same bytes", async () => {
    const commit = Promise.withResolvers<Response>()
    const { endpoint, bytes, requests } = server(() => commit.promise)
    for (let i = 0; i < 3; i++) endpoint.receive(message({}), PEER)
    await settle()
    expect(bytes).toEqual([])
    commit.resolve(say(Code.Created, "Surveys arrived"))
    await settle()
    expect(bytes.length).toBe(1)
    endpoint.receive(message({}), PEER)
    expect(bytes[1]).toEqual(bytes[0] ?? NONE)
    expect([bytes.length, requests.length, endpoint.counts.duplicates]).toEqual([2, 1, 3])
  })

  test("by address, port and message id, not by token", () => {
    const { endpoint, requests } = server()
    endpoint.receive(message({}), PEER)
    endpoint.receive(message({ id: 0x1235 }), PEER)
    endpoint.receive(message({}), { ...PEER, port: 40_001 })
    endpoint.receive(message({}), { ...PEER, address: "192.168.1.3" })
    expect(requests.length).toBe(4)
  })

  test("for EXCHANGE_LIFETIME at least, and forgets before twice as long", async () => {
    const { endpoint, clock, requests } = server()
    await clock.advance(EXCHANGE_LIFETIME_MS - 1)
    endpoint.receive(message({}), PEER)
    await clock.advance(EXCHANGE_LIFETIME_MS)
    endpoint.receive(message({}), PEER)
    expect(requests.length).toBe(1)
    await clock.advance(EXCHANGE_LIFETIME_MS)
    endpoint.receive(message({}), PEER)
    expect(requests.length).toBe(2)
  })

  test("and fetches no long answer with a short one", () => {
    const { endpoint, bytes } = server(() => say(Code.Content, "x".repeat(60)))
    endpoint.receive(message({ payload: ascii("y".repeat(100)) }), PEER)
    endpoint.receive(message({ payload: NONE, options: [] }), PEER)
    expect([bytes.length, endpoint.counts.duplicates]).toEqual([1, 1])
  })

  test("but not of whom it refuses at once: that leaves nothing behind", () => {
    const { endpoint, requests, bytes } = server(() => say(Code.Forbidden, "You are not declared"))
    for (let times = 0; times < 3; times++) endpoint.receive(message({}), PEER)
    expect([requests.length, bytes.length, endpoint.counts.duplicates]).toEqual([3, 3, 0])
  })

  test("also of whom it refuses late", async () => {
    const { endpoint, requests, bytes } = server(async () => say(Code.ServiceUnavailable))
    for (let times = 0; times < 3; times++) {
      endpoint.receive(message({}), PEER)
      await settle()
    }
    expect([requests.length, bytes.length, endpoint.counts.duplicates]).toEqual([1, 3, 2])
  })

  test("an acknowledged response that shares its id with a request under way is not answered with nothing", () => {
    const { endpoint, bytes } = server(() => new Promise(() => {}))
    endpoint.receive(message({}), PEER)
    endpoint.receive(message({ code: Code.Content }), PEER)
    expect(bytes).toEqual([])
  })
})

describe("RecentAnswers is bounded", () => {
  test("in number", () => {
    const answers = new RecentAnswers(new VirtualClock())
    for (let i = 0; i < 200_000; i++) answers.set(`${i}`, NONE)
    expect(answers.size).toBeLessThanOrEqual(2 * 16_384)
    expect([answers.get("0"), answers.get("199999")]).toEqual([undefined, NONE])
  })

  test("in bytes", () => {
    const answers = new RecentAnswers(new VirtualClock())
    const answer = new Uint8Array(65_000)
    for (let i = 0; i < 2000; i++) answers.set(`${i}`, answer)
    expect(answers.size * answer.length).toBeLessThan(9 * 1024 * 1024)
    expect(answers.get("1999")).toBe(answer)
  })

  test("in time: all of them are forgotten after a long silence", () => {
    let elapsedMs = 0
    const answers = new RecentAnswers({ monotonic: () => elapsedMs })
    answers.set("a", NONE)
    elapsedMs += 10 * EXCHANGE_LIFETIME_MS
    expect(answers.get("a")).toBeUndefined()
    for (let i = 0; i < 3; i++) {
      elapsedMs += EXCHANGE_LIFETIME_MS
      answers.get("b")
    }
    expect(answers.size).toBe(0)
  })

  test.each([
    ["set back", -86_400_000],
    ["set ahead", 86_400_000],
  ])("in time that passes: a clock that is %s forgets none and keeps none", async (_, leapMs) => {
    const clock = new VirtualClock(1_000_000_000)
    const answers = new RecentAnswers(clock)
    answers.set("a", NONE)
    clock.set(clock.now() + leapMs)
    expect(answers.get("a")).toBe(NONE)
    await clock.advance(2 * EXCHANGE_LIFETIME_MS)
    expect(answers.get("a")).toBeUndefined()
  })
})

describe("Endpoint rejects what is malformed", () => {
  test.each([
    ["a reserved token length", "49 03 1234 010203040506070809"],
    ["a token that is cut short", "44 03 1234 01"],
    ["an option past the end", "40 03 1234 b7 78"],
    ["a marker without a payload", "40 03 1234 ff"],
    ["an empty message with a tail", "40 00 1234 00"],
    ["an empty message with a token", "41 00 1234 71"],
    ["a reserved class", "40 20 1234"],
    ["a signal of TCP's", "40 e1 1234"],
  ])("%s: a CON with RST, a NON, an ACK and an RST silently", (_, bytes) => {
    const { endpoint, bytes: sent, requests } = server()
    const datagram = hex(bytes)
    endpoint.receive(datagram, PEER)
    expect(sent).toEqual([hex("7000 1234")])
    for (const type of [Type.NonConfirmable, Type.Acknowledgement, Type.Reset]) {
      datagram[0] = ((datagram[0] ?? 0) & 0xcf) | (type << 4)
      endpoint.receive(datagram, PEER)
    }
    expect([sent.length, requests.length, endpoint.counts.malformed]).toEqual([1, 0, 4])
  })

  test.each([
    ["version 0", "00 03 1234"],
    ["version 2", "80 03 1234"],
    ["version 3", "c0 03 1234"],
    ["less than a header", "40 03 12"],
    ["nothing", ""],
  ])("%s: silently", (_, bytes) => {
    const { endpoint, bytes: sent } = server()
    endpoint.receive(hex(bytes), PEER)
    expect([sent, endpoint.counts.malformed]).toEqual([[], 1])
  })

  test("an empty NON silently", () => {
    const { endpoint, sent } = asking()
    endpoint.receive(hex("5000 0000"), PEER)
    expect(sent.length).toBe(1)
  })

  test("and never throws, nor sends more than it got, whatever comes", async () => {
    const anything = fc.uint8Array({ maxLength: 64 })
    const header = fc.tuple(fc.constantFrom(0x40, 0x44, 0x50, 0x60), fc.constantFrom(0, 1, 3, 0x44, 0x5f, 0x84))
    const plausible = fc.tuple(header, anything).map(([head, rest]) => Uint8Array.of(...head, ...rest))
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, plausible), async (datagram) => {
        const { endpoint, bytes } = server(() => say(Code.BadRequest, "ä".repeat(40), [uintOption(60, 1 << 20)]))
        endpoint.receive(datagram, PEER)
        await settle()
        for (const reply of bytes) expect(reply.length).toBeLessThanOrEqual(datagram.length)
      }),
      { numRuns: 300 },
    )
  })
})

describe("Endpoint's answer is never larger than its request", () => {
  const answerTo = (request: Partial<Message>, response: Response) => {
    const { endpoint, bytes, sent } = server(() => response)
    const datagram = message(request)
    endpoint.receive(datagram, PEER)
    expect(bytes[0]?.length).toBeLessThanOrEqual(datagram.length)
    return sent[0]
  }
  const size1 = uintOption(OptionNumber.Size1, 1 << 20)

  test("its text is cut, between characters", () => {
    const response = say(Code.BadRequest, "ää".repeat(10), [size1])
    const full = answerTo({ payload: ascii("x".repeat(100)) }, response)
    expect(full?.payload.length).toBe(40)
    for (let length = 1; length < 40; length++) {
      const text = textOf({
        code: 0,
        payload: answerTo({ payload: ascii("x".repeat(length)) }, response)?.payload ?? NONE,
      })
      expect(text).toMatch(/^ä*$/)
    }
  })

  test("its text is cut behind a word, where there is one", () => {
    const whole = "Humidity must be 0 to 100 %"
    for (let length = 1; length < whole.length; length++) {
      const answer = answerTo({ payload: ascii("x".repeat(length)) }, say(Code.BadRequest, whole))
      const text = textOf({ code: 0, payload: answer?.payload ?? NONE })
      expect(whole).toStartWith(text)
      if (text.length >= "Humidity".length) expect(whole[text.length] ?? " ").toBe(" ")
    }
  })

  test("then its options go", () => {
    const answer = answerTo({ options: [], payload: ascii("x") }, say(Code.BadRequest, "no", [size1]))
    expect(answer).toMatchObject({ code: Code.BadRequest, options: [], payload: NONE })
  })

  test("and the bare code always fits", () => {
    const answer = answerTo({ options: [], payload: NONE, token: hex("0102030405060708") }, say(Code.BadRequest, "no"))
    expect(answer).toMatchObject({ code: Code.BadRequest, token: hex("0102030405060708") })
  })
})

describe("Endpoint's ids and tokens", () => {
  test.each([0, 0.25, 0.5, 0.999_999])("start where the randomness says (%p) and go up", (random) => {
    const { endpoint, sent } = lone({ random: () => random })
    for (let i = 0; i < 3; i++) endpoint.request(PEER, get).catch(() => {})
    const first = Math.floor(random * 0x1_0000)
    const token = Math.floor(random * 0x1_0000_0000)
    expect(sent.map(({ id }) => id)).toEqual([0, 1, 2].map((i) => (first + i) & 0xffff))
    expect(sent.map((one) => Buffer.from(one.token).readUInt32BE())).toEqual([0, 1, 2].map((i) => (token + i) >>> 0))
    endpoint.stop()
  })

  test("one that comes round again does not end the request that waits under it", async () => {
    const { endpoint, sent } = lone({ random: () => 0 })
    const abort = new AbortController()
    const ask = (signal?: AbortSignal) => endpoint.request(PEER, get, signal)
    const waiting = ask(abort.signal).catch(() => "aborted")
    endpoint.receive(encodeEmpty(Type.Acknowledgement, 0), PEER)
    for (let i = 1; i < 0x1_0000; i++) {
      ask().catch(() => {})
      endpoint.receive(encodeEmpty(Type.Reset, i), PEER)
    }
    const again = ask()
    abort.abort()
    expect(await waiting).toBe("aborted")
    const last = sent.at(-1)
    expect(last?.id).toBe(0)
    endpoint.receive(silent(Type.Acknowledgement, { code: Code.Content, id: 0, token: last?.token ?? NONE }), PEER)
    expect((await again).code).toBe(Code.Content)
  })
})
