import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { type CollectionReport, Receiver } from "../../src/cloud/receiver"
import { Code } from "../../src/coap/code"
import { OptionNumber, uintOf } from "../../src/coap/option"
import { ContentFormat } from "../../src/coap/resource"
import { commonDigest, deliveryDigest, surveyDigest } from "../../src/survey/digest"
import { Bench, DAY, LARGE, MORNING, type RequestParts, requestFor, SITE, shown, TOMATOES } from "./fixtures"

const SURVEY = `sites/${SITE}/surveys/192.168.1.2/${DAY}`
const COLLECTION = `sites/${SITE}/collections/${DAY}`
const INFO = { timeZone: "Europe/Rome", devices: [{ ip: "192.168.1.2", name: "tomatoes" }] }
const DIGEST = surveyDigest(`${SITE}/192.168.1.2`, DAY, MORNING)
const REPORT = {
  scheduledAt: "2026-11-22T05:00:00.000Z",
  run: true,
  arrived: ["192.168.1.2"],
  late: [],
  missing: [],
  changed: [],
  surveys: 1,
  digest: commonDigest([DIGEST]),
}

let bench: Bench
let receiver: Receiver
let collections: [string, string, CollectionReport][]
let refusedLines: string[]
let refused: number

beforeEach(async () => {
  bench = new Bench()
  collections = []
  refusedLines = []
  refused = 0
  receiver = new Receiver({
    store: bench.store,
    sites: [SITE, "orchard"],
    onCollection: (...collection) => collections.push(collection),
    onRefusedLine: (text) => refusedLines.push(text),
    onRefused: () => refused++,
  })
  await bench.describeSite()
})
afterEach(() => bench[Symbol.dispose]())

const ask = async (path: string, body?: string | Uint8Array | object, parts?: RequestParts) =>
  receiver.handle(requestFor(path, body, parts))
const answer = async (path: string, body?: string | Uint8Array | object, parts?: RequestParts) =>
  shown(await ask(path, body, parts))

describe("PUT /sites/<site>", () => {
  test("keeps what the site says of itself", async () => {
    expect(await answer("sites/orchard", INFO, { format: ContentFormat.Json })).toBe("2.04")
    expect(bench.store.siteInfo("orchard")).toEqual(INFO)
  })

  test.each([
    ["not JSON", "4.00 The body must be JSON"],
    [new Uint8Array([0xff]), "4.00 The body must be JSON"],
    [{ ...INFO, timeZone: "Mars/Olympus" }, "4.00 timeZone: an unknown time zone"],
    [{ timeZone: "Europe/Rome" }, "4.00 devices: "],
  ])("refuses %p with %s", async (body, expected) => {
    expect(await answer("sites/orchard", body)).toStartWith(expected)
    expect(bench.store.siteInfo("orchard")).toBeUndefined()
  })
})

describe("PUT a survey", () => {
  test("answers 2.01 for a new one, 2.04 for a changed and a known one, once durable", async () => {
    const digest = deliveryDigest(DIGEST, 1)
    expect(await answer(SURVEY, MORNING, { query: ["revision=1", `digest=${digest}`] })).toBe("2.01 Surveys received")
    expect(await answer(SURVEY, MORNING, { query: ["revision=1"] })).toBe("2.04 Surveys received")
    expect(await answer(SURVEY, "09:00 - 1 - 1%", { query: ["revision=2"] })).toBe("2.04 Surveys received")
    expect(await answer(SURVEY, MORNING, { query: ["revision=1"] })).toBe("2.04 Surveys received")
    bench.reopen()
    expect(bench.readings()).toMatchObject([{ device: "192.168.1.2", time: "09:00" }])
  })

  test("counts refused lines, names them, and stores the good ones", async () => {
    expect(await answer(SURVEY, "x\n08:00 - 20 - 30%\n")).toBe("2.01 Surveys received, 1 line refused")
    expect(refusedLines).toEqual([expect.stringContaining(`${SITE} 192.168.1.2 ${DAY}, line 1: A reading must be`)])
    expect(bench.readings()).toHaveLength(1)
  })

  test("reads a survey in the zone in which it was measured, where that is another one than the site's now", async () => {
    const twice = "02:15 - 20 - 30%\n02:45 - 21 - 30%\n02:15 - 22 - 30%\n"
    const path = `sites/${SITE}/surveys/192.168.1.2/2026-10-25`
    await ask(`sites/${SITE}`, { ...INFO, timeZone: "UTC" }, { format: ContentFormat.Json })
    expect(await answer(path, twice, { query: ["revision=1", "zone=Europe/Rome"] })).toBe("2.01 Surveys received")
    expect(bench.readings().map(({ time }) => time)).toEqual(["02:15", "02:45", "02:15+01:00"])
    expect(await answer(path, twice, { query: ["revision=2", "zone=Mars/Olympus"] })).toBe(
      "4.00 The time zone is unknown",
    )
  })

  test("takes an empty survey", async () => {
    expect(await answer(SURVEY, "")).toBe("2.01 Surveys received")
    expect([...bench.store.surveys(SITE, DAY)]).toEqual([{ address: TOMATOES, readings: [] }])
  })

  test.each([
    [SURVEY, MORNING, { query: [`digest=${"0".repeat(16)}`] }, "4.08 The digest differs: send it again"],
    [SURVEY, MORNING, { query: ["revision=1", `digest=${DIGEST}`] }, "4.08 The digest differs: send it again"],
    [SURVEY, MORNING, { query: ["revisioo=1"] }, "4.00 A survey may have revision, zone, digest, not revisioo"],
    [SURVEY, MORNING, { query: ["revision=-1"] }, "4.00 A revision is a whole number"],
    [SURVEY, MORNING, { query: ["revision="] }, "4.00 A revision is a whole number"],
    [SURVEY, new Uint8Array([0x38, 0xff]), {}, "4.00 The body must be UTF-8"],
    [`sites/${SITE}/surveys/tomatoes/${DAY}`, MORNING, {}, "4.00 tomatoes is not an IPv4 address"],
    [`sites/${SITE}/surveys/192.168.1.2/today`, MORNING, {}, "4.00 A day is written 2026-11-21: it is today"],
    [SURVEY, MORNING, { options: [{ number: 65, value: new Uint8Array(1) }] }, "4.02 Option 65 is not supported"],
    [SURVEY.replace(SITE, "stranger"), MORNING, {}, "4.03 stranger is not a site of this cloud"],
    [SURVEY.replace(SITE, "orchard"), MORNING, {}, "4.04 PUT /sites/orchard comes first"],
    ["weather", MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    ["sites", MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    [`${SURVEY}/more`, MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    [`sites/${SITE}/constructor`, MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    [SURVEY, "", { code: Code.Get }, "4.05 Everything here is PUT"],
    [SURVEY, MORNING, { format: ContentFormat.Json }, "4.15 Content-Format must be 0: it is 50"],
    [COLLECTION, REPORT, { format: ContentFormat.Text }, "4.15 Content-Format must be 50: it is 0"],
  ])("refuses %s %p %j with %s", async (path, body, parts, expected) => {
    expect(await answer(path, body, parts)).toBe(expected)
    expect([...bench.store.surveys(SITE, DAY)]).toEqual([])
  })

  test("answers 5.03 with Max-Age when the disk is full, and takes it when there is room", async () => {
    bench.fillDisk()
    const { code, options = [] } = await ask(SURVEY, LARGE)
    expect([code, uintOf(options, OptionNumber.MaxAge), refused]).toEqual([Code.ServiceUnavailable, 60, 1])
    bench.makeRoom()
    expect(await answer(SURVEY, LARGE)).toBe("2.01 Surveys received")
  })
})

describe("PUT a collection", () => {
  test("answers 2.04 when the store agrees, and hands the day on to be listed", async () => {
    await ask(SURVEY, MORNING)
    expect(await answer(COLLECTION, REPORT, { format: ContentFormat.Json })).toBe("2.04 Surveys received")
    expect(collections).toMatchObject([
      [SITE, DAY, { run: true, arrived: [{ first: TOMATOES, last: TOMATOES }], surveys: 1 }],
    ])
    expect(bench.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
  })

  test("answers 4.09 when the store differs, and lists nothing", async () => {
    expect(await answer(COLLECTION, REPORT)).toStartWith(`4.09 The store has 0 surveys of ${DAY}`)
    await ask(SURVEY, "08:00 - 21 - 30%")
    expect(await answer(COLLECTION, REPORT)).toStartWith(`4.09 The store has 1 surveys of ${DAY}`)
    expect(collections).toEqual([])
  })

  test("lists what changed, and nothing when nothing did", async () => {
    await ask(SURVEY, MORNING)
    await ask(COLLECTION, { ...REPORT, run: false })
    expect(collections).toEqual([])
    await ask(COLLECTION, { ...REPORT, run: false, changed: ["192.168.1.2"] })
    expect(collections).toHaveLength(1)
  })

  test.each([
    ["{", "4.00 The body must be JSON"],
    [{ ...REPORT, surveys: "many" }, "4.00 surveys: "],
    [{ ...REPORT, digest: "x" }, "4.00 digest: not 16 hexadecimal digits"],
    [{ ...REPORT, arrived: ["tomatoes"] }, "4.00 arrived: not ranges of IPv4 addresses"],
    [{ ...REPORT, late: ["192.168.1.9-192.168.1.2"] }, "4.00 late: not ranges of IPv4 addresses"],
  ])("refuses %p with %s", async (body, expected) => {
    await ask(SURVEY, MORNING)
    expect(await answer(COLLECTION, body)).toStartWith(expected)
    expect(collections).toEqual([])
  })

  test("refuses what is no day", async () => {
    expect(await answer(`sites/${SITE}/collections/today`, REPORT)).toStartWith("4.00 A day is written")
  })
})

test("admit() refuses a transfer at its first block", () => {
  const admit = (path: string, parts?: RequestParts) => receiver.admit(requestFor(path, "08:", parts))?.code
  expect(admit(SURVEY)).toBeUndefined()
  expect(admit(SURVEY.replace(SITE, "stranger"))).toBe(Code.Forbidden)
  expect(admit("weather")).toBe(Code.NotFound)
  expect(admit(SURVEY, { code: Code.Post })).toBe(Code.MethodNotAllowed)
})
