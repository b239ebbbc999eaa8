import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { Code, formatCode } from "../../../src/coap/code"
import { OptionNumber, uintOf, uintOption } from "../../../src/coap/option"
import { ContentFormat, type Response, textOf } from "../../../src/coap/resource"
import { Resources } from "../../../src/gateway/intake/resources"
import { Senders } from "../../../src/gateway/intake/senders"
import { readQuarantined } from "../../../src/gateway/quarantine/entries"
import { addDays } from "../../../src/survey/calendar"
import { surveyDigest } from "../../../src/survey/digest"
import { formatToldRow } from "../../../src/survey/foreign/refused-row"
import { parseTopology } from "../../../src/topology/yaml/load"
import { changed } from "../../topology/sample"
import { settle } from "../../virtual-clock"
import { Bench, DAY, HERBS, LARGE, MORNING, NOW, type RequestParts, requestFor, TIME_ZONE, TOMATOES } from "../fixtures"

const PATH = `surveys/192.168.1.2/${DAY}`
const PAUSED = changed(["survey: two.txt }", "survey: two.txt, paused: true }"])

let bench: Bench
let resources: Resources
beforeEach(() => {
  bench = new Bench()
  const senders = new Senders(parseTopology(PAUSED, "topology.yaml"), "simulated")
  resources = new Resources(senders, bench.collector, TIME_ZONE)
})
afterEach(() => bench[Symbol.dispose]())

const accept = (format: number) => [uintOption(OptionNumber.Accept, format)]
const shown = (response: Response) => `${formatCode(response.code)} ${textOf(response)}`.trimEnd()
const ask = async (path: string, body?: string | Uint8Array, parts?: RequestParts) =>
  resources.handle(requestFor(path, body, parts))
const answer = async (path: string, body?: string | Uint8Array, parts?: RequestParts) =>
  shown(await ask(path, body, parts))

describe("PUT /missing", () => {
  const MISSING = `missing/192.168.1.2/${DAY}`
  const rows = () => bench.database.sqlite.query("SELECT kind, reason FROM absent").values()

  test("keeps why nothing comes, a line of it, the last that was told", async () => {
    expect(await answer(MISSING, "surveys/device1.txt not found")).toBe("2.04")
    expect(rows()).toEqual([["missing", "surveys/device1.txt not found"]])
    expect(
      await answer(MISSING, `was last written on 22 November\n${"x".repeat(500)}`, { query: ["kind=stale"] }),
    ).toBe("2.04")
    expect(rows()).toEqual([["stale", "was last written on 22 November"]])
    await ask(MISSING, "x".repeat(500))
    expect(rows()).toEqual([["missing", `${"x".repeat(199)}…`]])
  })

  test("keeps nothing of a day that is there, or that is not taken", async () => {
    await ask(PATH, MORNING)
    expect(await answer(MISSING, "not found")).toBe("2.04 It is there")
    expect(await answer("missing/192.168.1.2/2020-01-01", "not found")).toBe("2.04")
    expect(rows()).toEqual([])
  })

  test("asks no more for a survey that was a part, where its source has passed the day", async () => {
    await bench.collector.open(DAY, NOW, [{ first: TOMATOES, last: TOMATOES }])
    await ask(PATH, MORNING, { query: ["part"] })
    await ask(MISSING, "export/bed3.csv not found")
    expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
    expect(await answer(MISSING, "has no reading", { query: ["kind=passed"] })).toBe("2.04 It is there")
    expect(bench.collector.owed(TOMATOES)).toEqual([])
    expect(rows()).toEqual([])
  })

  test("keeps of a source that has passed a day which is not there why it is missing", async () => {
    expect(await answer(MISSING, "has no reading", { query: ["kind=passed"] })).toBe("2.04")
    expect(rows()).toEqual([["missing", "has no reading"]])
  })

  test.each([
    [MISSING, { code: Code.Get }, "4.05 What is missing is PUT"],
    [MISSING, { query: ["kind=lost"] }, "4.00 A survey is missing, stale or passed"],
    [MISSING, { query: ["kind=stale", "kind=missing"] }, "4.00 kind is given twice"],
    [MISSING, { options: accept(ContentFormat.Json) }, "4.06 Accept must be 0: it is 50"],
    [MISSING, { address: "127.168.1.3" }, "4.03 127.168.1.3 may not speak for 192.168.1.2"],
    ["missing/192.168.1.2/today", {}, "4.04 Why nothing comes is told at /missing/<ip>/<day>"],
    [MISSING, { format: ContentFormat.Json }, "4.15 Content-Format must be 0: it is 50"],
  ] as const)("refuses %s %j with %s", async (path, parts, expected) => {
    expect(await answer(path, "why", parts)).toBe(expected)
    expect(rows()).toEqual([])
  })

  test("answers 5.03 when the disk is full", async () => {
    bench.fillDisk()
    for (let n = 0; n < 200; n++) await ask(`missing/192.168.1.2/${addDays(DAY, -n % 80)}`, `${n}${"x".repeat(180)}`)
    expect(bench.refused.length).toBeGreaterThan(0)
  })
})

describe("GET /.well-known/core", () => {
  const CORE = ".well-known/core"
  const get = { code: Code.Get }

  test("tells in link format (RFC 6690) what there is, of which type and what it takes", async () => {
    const response = await ask(CORE, "", get)
    const { code, options = [], mayBeLonger } = response
    expect([code, uintOf(options, OptionNumber.ContentFormat), mayBeLonger]).toEqual([Code.Content, 40, true])
    const links = textOf(response).split(",")
    expect(links.map((link) => link.split(";", 3).join(";"))).toEqual([
      '</surveys>;rt="surveys";ct="0 110"',
      '</missing>;rt="missing";ct=0',
      '</owed>;rt="owed";ct=0',
    ])
    for (const link of links)
      expect(link).toMatch(/^<\/[a-z]+>;rt="[a-z]+";ct=(?:0|"0 110");title="[A-Z]{3} [^"<>;,\\]+"$/)
  })

  test("is the same whatever it is filtered by (RFC 6690 §4.1)", async () => {
    expect(await answer(CORE, "", { ...get, query: ["rt=nothing"] })).toBe(await answer(CORE, "", get))
  })

  test.each([
    [CORE, { ...get, options: accept(ContentFormat.Links) }, "2.05"],
    [CORE, { ...get, options: accept(ContentFormat.Text) }, "4.06 Accept must be 40: it is 0"],
    [CORE, {}, "4.05 What there is here is read with GET"],
    [".well-known", get, "4.04 What there is here is told at /.well-known/core"],
    [".well-known/edhoc", get, "4.04 What there is here is told at /.well-known/core"],
  ] as const)("GET %s %j is answered %s", async (path, parts, expected) => {
    expect(await answer(path, "", parts)).toStartWith(expected)
  })
})

describe("a survey of which every line is refused", () => {
  const RUBBISH = "x\ny\n"

  test("stays owed, its lines in quarantine once, with the reason", async () => {
    await bench.ledger.open(DAY, NOW, [{ first: TOMATOES, last: HERBS }])
    for (let n = 0; n < 3; n++) expect(await answer(PATH, RUBBISH)).toStartWith("2.04")
    expect(bench.quarantined()).toHaveLength(2)
    expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
    expect(bench.spool.missing(DAY, [{ first: TOMATOES, last: TOMATOES }])).toEqual([TOMATOES])
    expect(bench.due()).toEqual([])
    const rows = bench.database.sqlite.query("SELECT kind, reason FROM absent").values()
    expect(rows).toEqual([["lines", "2 of 2 lines refused"]])
    bench.reopen()
    expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
  })

  test("is one beside what is there: nothing is taken back", async () => {
    await ask(PATH, MORNING)
    expect(await answer(PATH, RUBBISH)).toStartWith("2.04")
    expect(bench.due()).toMatchObject([{ body: MORNING, readings: 1 }])
  })
})

describe("PUT /surveys", () => {
  test("answers 2.01 for the first survey and 2.04 from then on, once durable", async () => {
    expect(await answer(PATH, MORNING)).toBe("2.01 Surveys arrived")
    bench.reopen()
    expect(bench.due()).toMatchObject([{ address: TOMATOES, day: DAY, body: MORNING }])
  })

  test("answers 2.04 for the same again, for a correction and with refused lines counted", async () => {
    await ask(PATH, MORNING)
    expect(await answer(PATH, MORNING)).toBe("2.04 Surveys arrived")
    expect(await answer(PATH, "09:00 - 1 - 1%\nx")).toBe("2.04 1 refused, 1 stored")
  })

  test("takes the day before the first block without a day, and the sender without an address", async () => {
    expect(await answer("surveys/192.168.1.2", "01:00 - 1 - 1%")).toBe("2.01 Surveys arrived")
    expect(await answer("surveys", "02:00 - 1 - 1%")).toBe("2.04 Surveys arrived")
    expect(await answer(`surveys/${DAY}`, "03:00 - 1 - 1%")).toBe("2.04 Surveys arrived")
    expect(await answer("surveys", "", { arrivedAt: NOW - 86_400_000 })).toBe("2.01 Empty survey arrived")
    expect(bench.due().map(({ day, readings }) => [day, readings])).toEqual([
      ["2026-11-20", 0],
      [DAY, 3],
    ])
  })

  test("takes a part of a day, which stays owed until it comes once more and is none", async () => {
    await bench.collector.open(DAY, NOW, [{ first: TOMATOES, last: TOMATOES }])
    for (const text of [MORNING, MORNING]) {
      await ask(PATH, text, { query: ["part"] })
      expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
    }
    bench.reopen()
    expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
    // neither a person nor the quarantine is its source
    for (const upload of [{ isByHand: true }, { yields: true }]) {
      await bench.collector.take({ address: TOMATOES, day: DAY, text: MORNING, peer: "", ...upload })
    }
    expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
    const senders = new Senders(bench.declared, "simulated")
    await new Resources(senders, bench.collector, TIME_ZONE).handle(requestFor(PATH, MORNING))
    expect(bench.collector.owed(TOMATOES)).toEqual([])
  })

  test("takes times that were placed in the day's zone, and answers with that zone to any other", async () => {
    expect(await answer(PATH, MORNING, { query: ["zone=America/New_York"] })).toBe(`4.09 ${TIME_ZONE}`)
    expect(await answer(PATH, MORNING, { query: ["part", `zone=${TIME_ZONE}`] })).toBe("2.01 Surveys arrived")
    bench.reopen("America/New_York")
    const senders = new Senders(bench.declared, "simulated")
    resources = new Resources(senders, bench.collector, "America/New_York")
    expect(await answer(PATH, MORNING, { query: ["zone=America/New_York"] })).toBe(`4.09 ${TIME_ZONE}`)
    const another = PATH.replace(DAY, addDays(DAY, -1))
    expect(await answer(another, MORNING, { query: ["zone=America/New_York"] })).toBe("2.01 Surveys arrived")
    await settle()
    expect(bench.quarantined()).toEqual([])
  })

  test("keeps a row of a foreign file that its device refused, with the device's reason, for good", async () => {
    const row = formatToldRow({ reason: "export/bed3.csv:7 Humidity must be 0 to 100 %", text: "09:00;20;130" })
    expect(await answer(PATH, `${MORNING}${row}\n`)).toBe("2.01 1 refused, 1 stored")
    expect(bench.quarantined()).toEqual([
      { kind: "line", reason: "export/bed3.csv:7 Humidity must be 0 to 100 %", text: "09:00;20;130" },
    ])
    const [page = []] = [...readQuarantined(bench.database.sqlite, {}, "oldest first")]
    expect(page.map(({ again }) => again)).toEqual([0])
    expect(bench.due().map(({ body }) => body)).toEqual([MORNING])
  })

  test("takes a body whose digest agrees, and refuses another with 4.00, kept in quarantine", async () => {
    const digest = surveyDigest("192.168.1.2", DAY, MORNING)
    expect(await answer(PATH, MORNING, { query: [`digest=${digest}`] })).toBe("2.01 Surveys arrived")
    const query = [`digest=${digest}`]
    expect(await answer(PATH, "08:00 - 21 - 30%\n", { query })).toBe("4.00 The digest differs: send it again")
    await settle()
    expect(bench.quarantined()).toMatchObject([{ kind: "message", text: "08:00 - 21 - 30%\n" }])
    expect(bench.due()[0]?.body).toBe(MORNING)
  })

  test.each([
    [PATH, new Uint8Array([0x38, 0xff]), {}, "4.00 A survey is UTF-8 text: this one is not"],
    [PATH, MORNING, { query: ["digest=XYZ"] }, "4.00 A digest has 16 hexadecimal digits"],
    ["surveys/192.168.1.2/yesterday", MORNING, {}, "4.00 A day is written 2026-11-21: it is yesterday"],
    ["surveys/192.168.1.2/2026-02-30", MORNING, {}, "4.00 A day is written 2026-11-21: it is 2026-02-30"],
    ["surveys/192.168.1.2/1970-01-01", MORNING, {}, "4.00 1970-01-01 is too long ago"],
    ["surveys/192.168.1.2/2026-11-24", MORNING, {}, "5.03 2026-11-24 is after tomorrow"],
    ["surveys/tomatoes", MORNING, {}, "4.00 tomatoes is not an IPv4 address"],
    [PATH, MORNING, { query: [`digest=${"0".repeat(16)}`, "digest=1"] }, "4.00 digest is given twice"],
    [PATH, MORNING, { query: ["digest", "digest"] }, "4.00 digest is given twice"],
    [PATH, MORNING, { options: accept(ContentFormat.Json) }, "4.06 Accept must be 0: it is 50"],
    [PATH, MORNING, { address: "127.168.1.3" }, "4.03 127.168.1.3 may not speak for 192.168.1.2"],
    ["surveys/192.168.1.9", MORNING, { address: "127.0.0.1" }, "4.03 192.168.1.9 is not a declared device"],
    ["surveys", MORNING, { address: "127.0.0.1" }, "4.03 127.0.0.1 is not a declared device"],
    ["weather", MORNING, {}, "4.04 There are /surveys, /missing and /owed here"],
    [`${PATH}/more`, MORNING, {}, "4.04 A survey is at /surveys/<ip>/<day>"],
    [PATH, MORNING, { code: Code.Post }, "4.05 Surveys are PUT"],
    [PATH, "", { code: Code.Get }, "4.05 Surveys are PUT"],
    [PATH, MORNING, { format: ContentFormat.Json }, "4.15 Content-Format must be 0 or 110: it is 50"],
    [PATH, MORNING, { format: 112 }, "4.15 Content-Format must be 0 or 110: it is 112"],
  ] as const)("refuses %s %j %j with %s", async (path, body, parts, expected) => {
    expect(await answer(path, body, parts)).toBe(expected)
    expect(bench.due()).toEqual([])
  })

  test("keeps what it refuses: of a device as a message, of anybody else as a stranger's", async () => {
    const part = [{ number: OptionNumber.Block1, value: Uint8Array.of(0x0e) }] // number 0, more, 1024 bytes
    await ask(PATH, Uint8Array.of(0x38, 0xff))
    await ask("surveys/192.168.1.2/1970-01-01", MORNING)
    await ask("surveys/192.168.1.2/yesterday", MORNING)
    await ask(PATH, MORNING, { format: ContentFormat.Json })
    await ask(PATH, MORNING, { query: [`digest=${"0".repeat(16)}`] })
    await ask(PATH, MORNING, { options: accept(ContentFormat.Json) })
    resources.admit(requestFor("surveys/192.168.1.2/1970-01-01", "08:", { options: part }))
    await ask("surveys/192.168.1.9", MORNING, { address: "127.0.0.1" })
    await ask(`surveys/${DAY}`, MORNING, { address: "127.168.1.9" })
    await ask("weather", MORNING)
    bench.quarantined() // writes them
    const { sqlite } = bench.database
    const rows = [...readQuarantined(sqlite, {}, "oldest first")].flat()
    expect(rows.map(({ kind, sender, day, reason, again }) => [kind, sender, day, reason, again])).toEqual([
      ["message", "192.168.1.2", DAY, "A survey is UTF-8 text: this one is not", 1],
      ["message", "192.168.1.2", "1970-01-01", "1970-01-01 is too long ago", 1],
      ["message", "192.168.1.2", null, "A day is written 2026-11-21: it is yesterday", 0],
      ["message", "192.168.1.2", DAY, "Content-Format must be 0 or 110: it is 50", 0],
      ["message", "192.168.1.2", DAY, "The digest differs: send it again", 0],
      ["message", "192.168.1.2", DAY, "Accept must be 0: it is 50", 1],
      ["message", "192.168.1.2", "1970-01-01", "1970-01-01 is too long ago", 0],
      ["stranger", "127.0.0.1", DAY, "192.168.1.9 is not a declared device", 1],
      ["stranger", "127.168.1.9", DAY, "127.168.1.9 is not a declared device", 1],
    ])
    expect(bench.due()).toEqual([])
  })

  test("accepts text/plain said out loud, also of the answer", async () => {
    const parts = { format: ContentFormat.Text, options: accept(ContentFormat.Text) }
    expect(await answer(PATH, MORNING, parts)).toBe("2.01 Surveys arrived")
  })

  test("ignores a content format that is too long to be one (RFC 7252 §5.4.3)", async () => {
    const options = [{ number: OptionNumber.ContentFormat, value: Uint8Array.of(0, 0, 50) }]
    expect(await answer(PATH, MORNING, { options })).toBe("2.01 Surveys arrived")
  })

  test("answers 5.03 with Max-Age to a stray, and when the disk is full", async () => {
    await ask(PATH, "08:00 - 20 - 30%")
    await ask(PATH, "08:00 - 21 - 30%")
    const stray = await ask(PATH, "08:00 - 20 - 30%")
    expect([stray.code, uintOf(stray.options ?? [], OptionNumber.MaxAge)]).toEqual([Code.ServiceUnavailable, 247])
    bench.fillDisk()
    const full = await ask(PATH, LARGE)
    expect([full.code, uintOf(full.options ?? [], OptionNumber.MaxAge)]).toEqual([Code.ServiceUnavailable, 60])
    bench.makeRoom()
    expect(await answer(PATH, LARGE)).toBe("2.04 Surveys arrived")
  })

  test("admit() refuses at the first block what would be refused at the end", () => {
    const admit = (path: string, parts?: RequestParts) => resources.admit(requestFor(path, "08:", parts))?.code
    expect(admit(PATH)).toBeUndefined()
    expect(admit(PATH, { address: "127.168.1.3" })).toBe(Code.Forbidden)
    expect(admit("weather")).toBe(Code.NotFound)
    expect(admit(`missing/192.168.1.2/${DAY}`)).toBeUndefined()
    expect(admit(`missing/192.168.1.3/${DAY}`)).toBe(Code.Forbidden)
    expect(admit("missing/192.168.1.2/today")).toBe(Code.NotFound)
    expect(admit(PATH, { options: accept(50) })).toBe(Code.NotAcceptable)
    expect(admit(PATH, { format: 50 })).toBe(Code.UnsupportedContentFormat)
    expect(admit("surveys/192.168.1.2/1970-01-01")).toBe(Code.BadRequest)
  })
})

describe("GET /owed", () => {
  const get = (path: string, sizeBytes: number, query: string[] = []) =>
    answer(path, "", { code: Code.Get, sizeBytes, query })

  beforeEach(async () => {
    for (let n = 0; n < 5; n++)
      await bench.ledger.open(addDays("2026-11-17", n), NOW, [{ first: TOMATOES, last: HERBS }])
    await ask("surveys/192.168.1.2/2026-11-18", MORNING)
  })

  test("gives the owed days, oldest first, as many as the request is long", async () => {
    expect(await get("owed/192.168.1.2", 100)).toBe("2.05 2026-11-17\n2026-11-19\n2026-11-20\n2026-11-21")
    expect(await get("owed/192.168.1.2", 36)).toBe("2.05 2026-11-17\n2026-11-19")
    expect(await get("owed/192.168.1.2", 36, ["after=2026-11-19"])).toBe("2.05 2026-11-20\n2026-11-21")
    expect(await get("owed/192.168.1.2", 36, ["after=2026-11-21"])).toBe("2.05")
  })

  test("never answers more than was asked, whatever the token, and no half day", async () => {
    for (let token = 0; token <= 8; token++) {
      for (const [path, optionBytes] of [
        ["owed", 5],
        ["owed/192.168.1.2", 17],
      ] as const) {
        for (let padding = 0; padding < 60; padding++) {
          const sizeBytes = 4 + token + optionBytes + padding
          const { code, payload = new Uint8Array(0) } = await ask(path, "", { code: Code.Get, sizeBytes })
          if (code !== Code.Content) continue
          expect(4 + token + 1 + 1 + payload.length).toBeLessThanOrEqual(sizeBytes)
          expect(new TextDecoder().decode(payload)).toMatch(/^\d{4}-\d\d-\d\d(\n\d{4}-\d\d-\d\d)*$/)
        }
      }
    }
  })

  test("says so when there is no room for a day, rather than that nothing is owed", async () => {
    expect(await get("owed", 9)).toBe("4.00 Ask /owed/<ip>")
  })

  test("a paused device owes nothing", async () => {
    expect(await answer("owed/192.168.1.3", "", { code: Code.Get, address: "127.168.1.3" })).toBe("2.05")
  })

  test("refuses whom it does not concern", async () => {
    expect(await answer("owed/192.168.1.2", "")).toStartWith("4.05")
    expect(await get("owed/192.168.1.2", 36, ["after=2026-11-18", "after=2026-11-19"])).toBe(
      "4.00 after is given twice",
    )
    const inJson = { code: Code.Get, options: accept(ContentFormat.Json) }
    expect(await answer("owed/192.168.1.2", "", inJson)).toBe("4.06 Accept must be 0: it is 50")
    expect(await answer("owed/x", "", { code: Code.Get })).toStartWith("4.00")
    expect(await answer("owed/192.168.1.2/x", "", { code: Code.Get })).toStartWith("4.04")
    expect(await answer("owed/192.168.1.2", "", { code: Code.Get, address: "127.168.1.3" })).toStartWith("4.03")
  })
})

describe("of a device that has a key", () => {
  const keys = { epochOf: (address: number) => (address === TOMATOES ? 1 : undefined) }
  const keyed = async (path: string, body = "", parts: RequestParts = {}, protectedBy?: number) => {
    const senders = new Senders(parseTopology(PAUSED, "topology.yaml"), "simulated", { keys })
    const request = { ...requestFor(path, body, parts), ...(protectedBy === undefined ? {} : { protectedBy }) }
    return shown(await new Resources(senders, bench.collector, TIME_ZONE).handle(request))
  }
  const TAUGHT = "4.01 192.168.1.2 has a key, and without it nothing is taken: bun run pair 192.168.1.2 shows it"

  test("nothing is taken or told in plain, and nothing of it is kept for a retry", async () => {
    expect(await keyed(PATH, MORNING)).toBe(TAUGHT)
    expect(await keyed(`missing/192.168.1.2/${DAY}`, "why")).toBe(TAUGHT)
    expect(await keyed("owed/192.168.1.2", "", { code: Code.Get })).toBe(TAUGHT)
    expect(bench.due()).toEqual([])
    expect(bench.quarantined()).toEqual([])
  })

  test("what its key protected is taken from wherever it comes", async () => {
    expect(await keyed(PATH, MORNING, { address: "192.168.1.2" }, TOMATOES)).toBe("2.01 Surveys arrived")
    expect(await keyed("surveys", MORNING, { address: "192.168.1.2" }, TOMATOES)).toBe("2.04 Surveys arrived")
    expect(bench.due()).toHaveLength(1)
  })
})
