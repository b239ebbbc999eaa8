import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import type { CloudEvent } from "../../src/cloud/events"
import { Receiver } from "../../src/cloud/receiver"
import { Code } from "../../src/coap/code"
import { OptionNumber, uintOf, uintOption } from "../../src/coap/option"
import { ContentFormat } from "../../src/coap/resource"
import { deliveryDigest, surveyDigest } from "../../src/survey/digest"
import { ofKind } from "../fixtures"
import { agreementOver } from "../survey/agreements"
import {
  Bench,
  DAY,
  DESCRIPTION,
  DEVICES,
  GATEWAY,
  gateways,
  LARGE,
  MORNING,
  type RequestParts,
  receiverOptions,
  requestFor,
  SITE,
  shown,
  TIME_ZONE,
  TOMATOES,
} from "./fixtures"

const surveyOn = (day: string, ip = "192.168.1.2") => `sites/${SITE}/surveys/${ip}/${day}`
const SURVEY = surveyOn(DAY)
const COLLECTION = `sites/${SITE}/collections/${DAY}`
const DIGEST = surveyDigest("192.168.1.2", DAY, MORNING)
const REPORT = {
  scheduledAt: "2026-11-22T05:00:00.000Z",
  run: true,
  arrived: ["192.168.1.2"],
  late: [],
  missing: ["192.168.1.3"],
  stale: ["192.168.1.3"],
  refused: [],
  changed: [],
  reasons: [["192.168.1.3", "one.txt was last written on 20 November"]],
  ...agreementOver([DIGEST]),
}
const A_DAY_SECONDS = 86_400
const MIB = 1024 * 1024

let bench: Bench
let receiver: Receiver
let events: CloudEvent[]

beforeEach(async () => {
  bench = new Bench()
  events = []
  receiver = new Receiver(receiverOptions(bench, { emit: (event) => events.push(event) }))
  await bench.describeSite()
})
afterEach(() => bench[Symbol.dispose]())

const ask = async (path: string, body?: string | Uint8Array | object, parts?: RequestParts) =>
  receiver.handle(requestFor(path, body, parts))
const answer = async (path: string, body?: string | Uint8Array | object, parts?: RequestParts) =>
  shown(await ask(path, body, parts))
/** Code and Max-Age. */
const refusalOf = async (path: string, body?: string | Uint8Array | object, parts?: RequestParts) => {
  const { code, options = [] } = await ask(path, body, parts)
  return [code, uintOf(options, OptionNumber.MaxAge)]
}
const surveysOf = async (site = SITE) => (await Array.fromAsync(bench.store.surveys(site, DAY))).flat()

test("a survey of a site whose stored zone this runtime does not know is refused, unless it names one", async () => {
  bench.write("UPDATE sites SET time_zone = ?", "Europe/Atlantis")
  expect(await answer(SURVEY, MORNING)).toBe("4.00 The time zone is unknown")
  expect(await answer(SURVEY, MORNING, { query: ["revision=1", `zone=${TIME_ZONE}`] })).toBe("2.01 Surveys received")
})

describe("PUT /sites/<site>", () => {
  test("keeps what the site says of itself", async () => {
    expect(await answer("sites/orchard", DESCRIPTION, { format: ContentFormat.Json })).toBe("2.04")
    expect(await bench.store.site("orchard")).toEqual({ timeZone: TIME_ZONE, devices: DEVICES })
  })

  test("keeps no name that is longer than one may be", async () => {
    const devices = [{ ip: "192.168.1.2", name: "x".repeat(1_000_000) }]
    expect(await answer("sites/orchard", { ...DESCRIPTION, devices })).toBe("2.04")
    const [device] = (await bench.store.site("orchard"))?.devices ?? []
    expect(device?.name).toMatch(/^x{1,128}…$/)
  })

  test.each([
    ["not JSON", "4.00 The body must be JSON"],
    [new Uint8Array([0xff]), "4.00 The body must be JSON"],
    ["[[[[[]]]]]", "4.00 The body is nested too deeply, or has too many parts"],
    [{ ...DESCRIPTION, timeZone: "Mars/Olympus" }, "4.00 timeZone: an unknown time zone"],
    [{ ...DESCRIPTION, devices: undefined }, "4.00 devices: "],
    [{ ...DESCRIPTION, devices: [{ ip: "tomatoes" }] }, "4.00 devices.0.ip: not an IPv4 address or a range of them"],
    [{ ...DESCRIPTION, spool: "x".repeat(65) }, "4.00 spool: "],
    [{ ...DESCRIPTION, protocol: "1" }, "4.00 protocol: "],
  ])("refuses %p with %s", async (body, expected) => {
    expect(await answer("sites/orchard", body)).toStartWith(expected)
    expect(await bench.store.site("orchard")).toBeUndefined()
  })

  test.each([
    [{ ...DESCRIPTION, protocol: undefined }, "none", "gateway"],
    [{ ...DESCRIPTION, protocol: 0 }, "0", "gateway"],
    [{ ...DESCRIPTION, protocol: 2 }, "2", "cloud"],
    [{ protocol: 2, devices: "of another form" }, "2", "cloud"],
  ])("names the end that is to be updated: %j", async (body, spoken, end) => {
    expect(await answer("sites/orchard", body)).toBe(
      `4.00 The gateway speaks protocol ${spoken}, this cloud 1: update the ${end}`,
    )
    expect(await bench.store.site("orchard")).toBeUndefined()
  })

  test("is refused where ranges of devices overlap: of two names of one address one would be lost", async () => {
    const describe = (...ips: string[]) =>
      answer("sites/orchard", { ...DESCRIPTION, devices: ips.map((ip) => ({ ip })) }, { format: ContentFormat.Json })
    const [row, one] = ["192.168.1.2-192.168.1.9", "192.168.1.9"]
    expect(await describe(row, "10.0.0.1", one)).toBe(`4.00 devices: ${row} and ${one} overlap`)
    expect(await describe(one, one)).toBe(`4.00 devices: ${one} and ${one} overlap`)
    expect(await describe("192.168.1.10", row, "192.168.1.1")).toBe("2.04")
  })

  test("tells that two spools deliver in turn", async () => {
    const described = async (spool: string) => {
      bench.now += 1000
      expect(await answer(`sites/${SITE}`, { ...DESCRIPTION, spool })).toBe("2.04")
      return ofKind(events, "spools-alternate").length
    }
    expect(await described("other")).toBe(0)
    expect(await described(DESCRIPTION.spool)).toBe(1)
    expect(await described(DESCRIPTION.spool)).toBe(1)
    expect(await described("other")).toBe(2)
    expect(events[0]).toEqual({ kind: "spools-alternate", site: SITE })
  })
})

describe("a sender that may not speak for a site", () => {
  const REQUESTS: readonly (readonly [string, string, object | string, RequestParts])[] = [
    ["a description", `sites/${SITE}`, { ...DESCRIPTION, timeZone: "UTC", spool: "theirs" }, {}],
    ["a survey", SURVEY, "08:00 - 66 - 6%\n", { query: ["revision=99"] }],
    ["a survey of a day without any", surveyOn("2026-11-19"), MORNING, {}],
    ["an empty survey", SURVEY, "", { query: ["revision=99"] }],
    ["a survey that is none", SURVEY, "x\n", {}],
    ["a collection", COLLECTION, REPORT, {}],
    ["an empty collection", COLLECTION, { ...REPORT, arrived: [], ...agreementOver([]) }, {}],
    ["a drop", SURVEY, "", { code: Code.Delete, query: ["revision=99"] }],
    ["a drop of all", surveyOn(DAY, "0.0.0.0-255.255.255.255"), "", { code: Code.Delete, query: ["revision=99"] }],
  ]

  test.each(
    REQUESTS,
  )("is told 4.03 for %s, at its first block too, and changes nothing", async (_, path, body, parts) => {
    await ask(SURVEY, MORNING, { query: ["revision=1"] })
    await ask(COLLECTION, REPORT)
    await bench.store.describeSite("orchard", { timeZone: "UTC", devices: [], spool: "" })
    events.length = 0
    const before = bench.tables()
    for (const address of ["127.0.0.9", "127.168.1.3", "203.0.113.7", ""]) {
      const request = requestFor(path, body, { ...parts, address })
      expect(shown(await receiver.handle(request))).toBe(`4.03 ${address} may not speak for ${SITE}`)
      expect(receiver.admit(request)?.code).toBe(Code.Forbidden)
      const text = `${address} may not speak for ${SITE}: only its gateway may, from where gateway.interfaces.cloud or cloud.sites says`
      expect(events.at(-1)).toEqual({ kind: "refused", text, sender: address, isStranger: true })
    }
    bench.reopen()
    expect(bench.tables()).toEqual(before)
    expect(events.filter(({ kind }) => kind !== "refused")).toEqual([])
  })

  test("is told the same of a site that is not served, whoever it is", async () => {
    for (const [, path, body, parts] of REQUESTS) {
      const strange = path.replace(SITE, "stranger")
      expect(await answer(strange, body, parts)).toBe("4.03 stranger is not a site of this cloud")
    }
    expect(await bench.store.site("stranger")).toBeUndefined()
    const text =
      `${GATEWAY} delivers for stranger, which is not a site of this cloud. ` +
      `If it is one of yours, cloud.sites has to name it too:  { site: stranger, from: ${GATEWAY}/32 }`
    expect(events.at(-1)).toEqual({ kind: "refused", text, sender: GATEWAY, isStranger: true })
  })

  test("is named with what it made up, cut, and without a line to add where no site can be called so", async () => {
    for (const name of ["x".repeat(255), "a b", "\u001b[2J"]) {
      expect(await answer(`sites/${name}`, DESCRIPTION)).toMatch(/^4\.03 .{1,130} is not a site of this cloud$/s)
      const [event] = ofKind(events.splice(0), "refused")
      expect(event?.text).toMatch(/^127\.168\.1\.2 delivers for .{1,130}, which is not a site of this cloud$/s)
    }
  })

  test("may for the site of its own", async () => {
    const maySpeakFor = (sender: string, site: string) => sender === (site === "orchard" ? "203.0.113.7" : GATEWAY)
    receiver = new Receiver(receiverOptions(bench, { gateways: gateways(maySpeakFor) }))
    const codeOf = async (path: string, address: string) => (await ask(path, DESCRIPTION, { address })).code
    expect(await codeOf("sites/orchard", "203.0.113.7")).toBe(Code.Changed)
    expect(await codeOf(`sites/${SITE}`, "203.0.113.7")).toBe(Code.Forbidden)
    expect(await codeOf("sites/orchard", GATEWAY)).toBe(Code.Forbidden)
    expect(await codeOf(`sites/${SITE}`, GATEWAY)).toBe(Code.Changed)
  })
})

describe("PUT a survey", () => {
  test("answers 2.01 for a new one, 2.04 for a changed and a known one, once durable", async () => {
    const digest = deliveryDigest(DIGEST, { site: SITE, revision: 1, zone: TIME_ZONE })
    const query = ["revision=1", `zone=${TIME_ZONE}`, `digest=${digest}`]
    expect(await answer(SURVEY, MORNING, { query })).toBe("2.01 Surveys received")
    expect(await answer(SURVEY, MORNING, { query })).toBe("2.04 Surveys received")
    expect(await answer(SURVEY, "09:00 - 1 - 1%", { query: ["revision=2"] })).toBe("2.04 Surveys received")
    bench.reopen()
    expect(bench.readings()).toMatchObject([{ time: "08:00" }, { device: "192.168.1.2", time: "09:00" }])
  })

  test("takes any revision of its own gateway's", async () => {
    expect(await answer(SURVEY, MORNING, { query: ["revision=999999999999999"] })).toBe("2.01 Surveys received")
    expect(await answer(SURVEY, "08:00 - 21 - 30%\n", { query: ["revision=0"] })).toBe("2.04 Surveys received")
    expect(bench.readings()).toMatchObject([{ temperature: 20 }])
    expect(await bench.kept()).toMatchObject([{ revision: 999_999_999_999_999 }])
  })

  test("says how many values gave way", async () => {
    await ask(SURVEY, "08:00 - 20 - 30%\n09:00 - 20 - 30%\n", { query: ["revision=1"] })
    await ask(SURVEY, "08:00 - 21 - 30%\n", { query: ["revision=2"] })
    await ask(SURVEY, "08:00 - 22 - 30%\n09:00 - 22 - 30%\n", { query: ["revision=3"] })
    await ask(SURVEY, "08:00 - 22 - 30%\n", { query: ["revision=4"] })
    const survey = { kind: "superseded" as const, site: SITE, ip: "192.168.1.2", day: DAY, sender: GATEWAY }
    expect(events).toEqual([
      { ...survey, values: 1 },
      { ...survey, values: 2 },
    ])
  })

  test.each([
    ["08:00 - 20 - 30%\nx\n", {}, 'line 2: A reading must be written "08:00 - 20 - 30%": it is x'],
    ["08:00 - 20 - 130%\ny\n", {}, "line 1: Humidity must be 0 to 100 %: it is 130"],
    [
      "01:30 - 20 - 30%\n02:30 - 20 - 30%\n",
      { query: ["revision=1", "zone=Australia/Sydney"] },
      "line 2: Time must be on the clock, which skips 02:00 to 03:00 on this day: it is 02:30",
    ],
  ])("refuses %j %j whole, with the line and the rule", async (text, parts, reason) => {
    const path = surveyOn("2026-10-04")
    expect(await answer(path, text, parts)).toBe(`4.00 ${reason}`)
    const told = `${SITE} 192.168.1.2 2026-10-04, ${reason}`
    expect(events).toEqual([{ kind: "refused", text: told, sender: GATEWAY, isStranger: false }])
    expect(await bench.kept()).toEqual([])
  })

  test("reads a survey in the zone in which it was measured, where that is another one than the site's now", async () => {
    const twice = "02:15 - 20 - 30%\n02:45 - 21 - 30%\n02:15 - 22 - 30%\n"
    const path = surveyOn("2026-10-25")
    await ask(`sites/${SITE}`, { ...DESCRIPTION, timeZone: "UTC" }, { format: ContentFormat.Json })
    expect(await answer(path, twice, { query: ["revision=1", "zone=Europe/Rome"] })).toBe("2.01 Surveys received")
    expect(bench.readings().map(({ time }) => time)).toEqual(["02:15", "02:45", "02:15+01:00"])
    expect(await answer(path, twice, { query: ["revision=2"] })).toStartWith("4.00 line 3: ") // in UTC
    expect(await answer(path, twice, { query: ["revision=2", "zone=Mars/Olympus"] })).toBe(
      "4.00 The time zone is unknown",
    )
  })

  test("takes an empty survey", async () => {
    expect(await answer(SURVEY, "")).toBe("2.01 Surveys received")
    expect(await surveysOf()).toEqual([{ address: TOMATOES, readings: [] }])
  })

  test("is of a device that the site has described, whichever description came last", async () => {
    const other = surveyOn(DAY, "192.168.1.4")
    expect(await answer(other, MORNING)).toBe(`4.03 192.168.1.4 is not a device of ${SITE}`)
    expect(await answer(surveyOn(DAY, "192.168.1.1"), MORNING)).toBe(`4.03 192.168.1.1 is not a device of ${SITE}`)
    await ask(`sites/${SITE}`, { ...DESCRIPTION, devices: [{ ip: "192.168.1.3-192.168.1.9" }] })
    expect(await answer(other, MORNING)).toBe("2.01 Surveys received")
    expect(await answer(SURVEY, MORNING)).toBe(`4.03 192.168.1.2 is not a device of ${SITE}`)
    expect((await bench.kept()).map(({ address }) => address)).toEqual([TOMATOES + 2])
  })

  test("is of a day since 2000, and no more than two days ahead of the clock", async () => {
    expect(await answer(surveyOn("2000-01-01"), MORNING)).toBe("2.01 Surveys received")
    expect(await answer(surveyOn("2026-11-24"), MORNING)).toBe("2.01 Surveys received")
    expect(await answer(surveyOn("1999-12-31"), MORNING)).toBe("4.00 A day is 2000-01-01 or later: it is 1999-12-31")
    for (const day of ["2026-11-25", "2099-01-01", "9999-12-31"]) {
      expect(await refusalOf(surveyOn(day), MORNING)).toEqual([Code.ServiceUnavailable, A_DAY_SECONDS])
    }
    expect((await bench.kept()).map(({ day }) => day)).toEqual(["2000-01-01", "2026-11-24"])
    bench.now += A_DAY_SECONDS * 1000
    expect(await answer(surveyOn("2026-11-25"), MORNING)).toBe("2.01 Surveys received")
  })

  const digestFor = (site: string, revision: number, zone: string) =>
    `digest=${deliveryDigest(DIGEST, { site, revision, zone })}`
  test.each([
    [SURVEY, MORNING, { query: [`digest=${"0".repeat(16)}`] }, "4.08 The digest differs: send it again"],
    [SURVEY, MORNING, { query: ["revision=1", `digest=${DIGEST}`] }, "4.08 The digest differs: send it again"],
    [SURVEY, MORNING, { query: ["revision=1", digestFor(SITE, 2, TIME_ZONE)] }, "4.08 The digest differs"],
    [SURVEY, MORNING, { query: ["revision=1", digestFor("orchard", 1, TIME_ZONE)] }, "4.08 The digest differs"],
    [SURVEY, MORNING, { query: ["revision=1", "zone=UTC", digestFor(SITE, 1, TIME_ZONE)] }, "4.08 The digest differs"],
    [SURVEY, MORNING, { query: ["revisioo=1"] }, "4.00 A survey may have revision, zone, digest, not revisioo"],
    [SURVEY, MORNING, { query: ["revision=-1"] }, "4.00 A revision is a whole number"],
    [SURVEY, MORNING, { query: ["revision="] }, "4.00 A revision is a whole number"],
    [SURVEY, MORNING, { query: ["revision=1e3"] }, "4.00 A revision is a whole number"],
    [SURVEY, MORNING, { query: ["revision=1000000000000000"] }, "4.00 A revision is a whole number"],
    [SURVEY, new Uint8Array([0x38, 0xff]), {}, "4.00 The body must be UTF-8"],
    [surveyOn(DAY, "tomatoes"), MORNING, {}, "4.00 tomatoes is not an IPv4 address"],
    [surveyOn(DAY, "192.168.1.2-192.168.1.3"), MORNING, {}, "4.00 192.168.1.2-192.168.1.3 is not an IPv4 address"],
    [surveyOn("today"), MORNING, {}, "4.00 A day is written 2026-11-21: it is today"],
    [SURVEY, MORNING, { query: ["revision=1", "revision=2"] }, "4.00 revision is given twice"],
    [SURVEY, MORNING, { options: [uintOption(OptionNumber.Accept, 50)] }, "4.06 Accept must be 0: it is 50"],
    [SURVEY.replace(SITE, "orchard"), MORNING, {}, "4.04 PUT /sites/orchard comes first"],
    ["weather", MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    ["sites", MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    [`${SURVEY}/more`, MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    [`sites/${SITE}/constructor`, MORNING, {}, "4.04 There are /sites/<site>, its surveys and its collections here"],
    [SURVEY, "", { code: Code.Get }, "4.05 Everything here is PUT, and surveys may be DELETEd"],
    [COLLECTION, "", { code: Code.Delete }, "4.05 Everything here is PUT, and surveys may be DELETEd"],
    [`sites/${SITE}`, "", { code: Code.Delete }, "4.05 Everything here is PUT, and surveys may be DELETEd"],
    [SURVEY, MORNING, { format: ContentFormat.Json }, "4.15 Content-Format must be 0: it is 50"],
    [COLLECTION, REPORT, { format: ContentFormat.Text }, "4.15 Content-Format must be 50: it is 0"],
  ])("refuses %s %p %j with %s", async (path, body, parts, expected) => {
    expect(await answer(path, body, parts)).toStartWith(expected)
    expect(await surveysOf()).toEqual([])
  })

  test("answers 5.03 with Max-Age when the disk is full, and takes it when there is room", async () => {
    bench.fillDisk()
    expect(await refusalOf(SURVEY, LARGE)).toEqual([Code.ServiceUnavailable, 60])
    expect(events).toMatchObject([{ kind: "deliveries-refused" }])
    bench.makeRoom()
    expect(await answer(SURVEY, LARGE)).toBe("2.01 Surveys received")
  })
})

describe("DELETE of surveys", () => {
  const remove = (path: string, revision: string) =>
    answer(path, "", { code: Code.Delete, query: [`revision=${revision}`] })

  test("answers 2.02 with the revision up to which nothing comes back", async () => {
    await ask(SURVEY, MORNING, { query: ["revision=7"] })
    expect(await remove(SURVEY, "3")).toBe("2.02 7")
    expect(await remove(SURVEY, "9")).toBe("2.02 9")
    expect(bench.readings()).toEqual([])
    bench.reopen()
    receiver = new Receiver(receiverOptions(bench))
    expect(await answer(SURVEY, MORNING, { query: ["revision=9"] })).toBe(`4.09 ${DAY} of 192.168.1.2 was dropped here`)
    expect(bench.readings()).toEqual([])
    expect(await answer(SURVEY, MORNING, { query: ["revision=10"] })).toBe("2.01 Surveys received")
  })

  test("takes a range, and a day that the clock does not know yet", async () => {
    for (const ip of ["192.168.1.2", "192.168.1.3"]) await ask(surveyOn(DAY, ip), MORNING, { query: ["revision=1"] })
    expect(await remove(surveyOn(DAY, "192.168.1.0-192.168.1.255"), "1")).toBe("2.02 1")
    expect(await surveysOf()).toEqual([])
    expect(await remove(surveyOn("2099-01-01"), "1")).toBe("2.02 1")
  })

  test.each([
    [surveyOn(DAY, "tomatoes"), "1", "4.00 tomatoes is neither an IPv4 address nor a range of them"],
    [surveyOn("today"), "1", "4.00 A day is written 2026-11-21: it is today"],
    [SURVEY, "", "4.00 A revision is a whole number"],
    [SURVEY, "-1", "4.00 A revision is a whole number"],
    [SURVEY.replace(SITE, "orchard"), "1", "4.04 PUT /sites/orchard comes first"],
  ])("refuses %s %j with %s", async (path, revision, expected) => {
    await ask(SURVEY, MORNING)
    expect(await remove(path, revision)).toBe(expected)
    expect(await surveysOf()).toHaveLength(1)
  })

  test("needs a revision", async () => {
    await ask(SURVEY, MORNING)
    expect(await answer(SURVEY, "", { code: Code.Delete })).toBe("4.00 A revision is a whole number")
    expect(await surveysOf()).toHaveLength(1)
  })
})

describe("PUT a collection", () => {
  test("answers 2.04 when the store agrees, and hands the day on to be listed", async () => {
    await ask(SURVEY, MORNING)
    expect(await answer(COLLECTION, REPORT, { format: ContentFormat.Json })).toBe("2.04 Surveys received")
    const ofHerbs = { first: TOMATOES + 1, last: TOMATOES + 1 }
    const report = {
      run: true,
      arrived: [{ first: TOMATOES, last: TOMATOES }],
      missing: [ofHerbs],
      stale: [ofHerbs],
      refused: [],
      reasons: REPORT.reasons,
      surveys: 1,
    }
    expect(events).toMatchObject([{ kind: "collection-closed", site: SITE, day: DAY, report }])
    expect(await bench.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
  })

  test("holds the day from before the store is asked until it is handed on, or is not", async () => {
    const seen: string[] = []
    const holdDay = (site: string, day: string) => {
      seen.push(`${site} ${day} held`)
      return () => void seen.push("released")
    }
    receiver = new Receiver(receiverOptions(bench, { holdDay, emit: ({ kind }) => void seen.push(kind) }))
    await ask(COLLECTION, REPORT, { format: ContentFormat.Json })
    await ask(SURVEY, MORNING)
    await ask(COLLECTION, REPORT, { format: ContentFormat.Json })
    const held = `${SITE} ${DAY} held`
    expect(seen).toEqual([held, "released", held, "collection-closed", "released"])
  })

  test("keeps what is understood of an account, and its reasons as long as people read", async () => {
    await ask(SURVEY, MORNING)
    const reasons = Array.from({ length: 500 }, (_, n) => [`192.168.${n >> 8}.${n & 255}`, "x".repeat(10_000)])
    expect(await answer(COLLECTION, { ...REPORT, reasons, more: "x".repeat(10_000) })).toBe("2.04 Surveys received")
    const kept = bench.database.sqlite.query<{ report: string }, []>("SELECT report FROM collections").get()
    const { reasons: told, ...account } = JSON.parse(kept?.report ?? "")
    const { reasons: _, ...sent } = REPORT
    expect(account).toEqual({ ...sent, adopted: false })
    expect(told).toHaveLength(100)
    expect(kept?.report.length).toBeLessThan(100 * 250)
  })

  test("answers 4.09 when the store differs, tells nothing of what it has, and lists nothing", async () => {
    expect(await answer(COLLECTION, REPORT)).toBe(`4.09 The store differs on ${DAY}`)
    await ask(SURVEY, "08:00 - 21 - 30%")
    expect(await answer(COLLECTION, REPORT)).toBe(`4.09 The store differs on ${DAY}`)
    expect(events).toEqual([])
  })

  test("lists what changed, and nothing when nothing did, however often it is told", async () => {
    const close = async (report: object, body = MORNING) => {
      const agreement = agreementOver([surveyDigest("192.168.1.2", DAY, body)])
      for (let time = 0; time < 100; time++) {
        expect(await answer(COLLECTION, { ...REPORT, ...report, ...agreement })).toBe("2.04 Surveys received")
      }
    }
    const listings = () => ofKind(events, "collection-closed").filter(({ toList }) => toList).length
    await ask(SURVEY, MORNING)
    await close({ run: false })
    expect(events).toEqual([])
    await close({})
    expect(listings()).toBe(1)
    await close({ run: false, changed: ["192.168.1.2"] })
    expect(listings()).toBe(1)
    const other = "08:00 - 21 - 30%\n"
    await ask(SURVEY, other)
    await close({ run: false, changed: ["192.168.1.2"] }, other)
    expect(listings()).toBe(2)
  })

  test.each([
    ["{", "4.00 The body must be JSON"],
    [{ ...REPORT, surveys: "many" }, "4.00 surveys: "],
    [{ ...REPORT, digest: "x" }, "4.00 digest: not 16 hexadecimal digits"],
    [{ ...REPORT, arrived: ["tomatoes"] }, "4.00 arrived: not ranges of IPv4 addresses"],
    [{ ...REPORT, late: ["192.168.1.9-192.168.1.2"] }, "4.00 late: not ranges of IPv4 addresses"],
    [{ ...REPORT, stale: "all" }, "4.00 stale: "],
    [{ ...REPORT, refused: undefined }, "4.00 refused: "],
    [{ ...REPORT, reasons: [["192.168.1.3"]] }, "4.00 reasons.0.1: "],
    ...["", "x", "2026-11-22", "1999-12-31T23:59:59Z", "2026-11-22T05:00:60Z", "2026-11-22T05:00:00Z[UTC]"].map(
      (scheduledAt) =>
        [{ ...REPORT, scheduledAt }, "4.00 scheduledAt: not an instant as 2026-11-22T05:00:00Z, from 2000 on"] as const,
    ),
    [{ ...REPORT, scheduledAt: "9999-12-31T23:59:59Z" }, "5.03 9999-12-31 is more than 2 days ahead of"],
    [{ ...REPORT, scheduledAt: "2026-11-25T00:00:00Z" }, "5.03 2026-11-25 is more than 2 days ahead of"],
  ])("refuses %p with %s", async (body, expected) => {
    await ask(SURVEY, MORNING)
    expect(await answer(COLLECTION, body)).toStartWith(expected)
    expect(events).toEqual([])
    expect(bench.tables().collections).toEqual([])
  })

  test("is of a day, since 2000, and no more than two days ahead of the clock", async () => {
    const empty = { ...REPORT, arrived: [], ...agreementOver([]) }
    const of = (day: string) => `sites/${SITE}/collections/${day}`
    expect(await answer(of("today"), empty)).toBe("4.00 A day is written 2026-11-21: it is today")
    expect(await answer(of("1999-12-31"), empty)).toStartWith("4.00 A day is 2000-01-01 or later")
    expect(await refusalOf(of("2026-11-25"), empty)).toEqual([Code.ServiceUnavailable, A_DAY_SECONDS])
    expect(bench.tables().collections).toEqual([])
    expect(await answer(of("2026-11-24"), empty)).toBe("2.04 Surveys received")
  })
})

describe("a large body that says nothing", () => {
  const PATHS = [SURVEY, `sites/${SITE}`, COLLECTION]

  test.each([
    "x\n",
    "[",
    "{},",
    '{"a":',
    '"',
    "08:00 - 20 - 30%\n",
  ])("of %j is refused with little memory", async (unit) => {
    for (const bytes of [4 * MIB, 16 * MIB]) {
      const body = Buffer.alloc(bytes, unit)
      const before = bench.tables()
      Bun.gc(true)
      const rssBefore = process.memoryUsage().rss
      for (const path of PATHS) expect((await ask(path, body)).code >> 5).toBe(4)
      expect(process.memoryUsage().rss - rssBefore).toBeLessThan(128 * MIB)
      expect(bench.tables()).toEqual(before)
    }
  })
})

test("admit() refuses a transfer at its first block", () => {
  const admit = (path: string, parts?: RequestParts) => receiver.admit(requestFor(path, "08:", parts))?.code
  expect(admit(SURVEY)).toBeUndefined()
  expect(admit(SURVEY.replace(SITE, "stranger"))).toBe(Code.Forbidden)
  expect(admit("weather")).toBe(Code.NotFound)
  expect(admit(SURVEY, { code: Code.Post })).toBe(Code.MethodNotAllowed)
})
