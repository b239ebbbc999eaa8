// SenML over CoAP (RFC 8428, Content-Format 110), as the gateway's resources answer it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { formatCode } from "../../../src/coap/code"
import { ContentFormat, textOf } from "../../../src/coap/resource"
import { Resources } from "../../../src/gateway/intake/resources"
import { surveyDigest } from "../../../src/survey/digest"
import { settle } from "../../virtual-clock"
import { Bench, DAY, NOW, type RequestParts, requestFor, TIME_ZONE } from "../fixtures"

const PATH = `surveys/192.168.1.2/${DAY}`
const AT_EIGHT = Date.parse("2026-11-21T07:00:00Z") / 1000
const T = { bt: AT_EIGHT, n: "t", u: "Cel", v: 20 }
const H = { n: "h", u: "%RH", v: 30 }

let bench: Bench
let resources: Resources
beforeEach(() => {
  bench = new Bench()
  resources = new Resources(bench.parts.senders, bench.collector, TIME_ZONE)
})
afterEach(() => bench[Symbol.dispose]())

async function put(path: string, pack: unknown, parts: RequestParts = {}): Promise<string> {
  const body = typeof pack === "string" ? pack : JSON.stringify(pack)
  const response = await resources.handle(requestFor(path, body, { format: ContentFormat.Senml, ...parts }))
  return `${formatCode(response.code)} ${textOf(response)}`
}
const due = () => bench.due().map(({ day, body }) => [day, body])

describe("PUT /surveys of SenML", () => {
  test("is stored as the text of a survey, and merged as any other", async () => {
    expect(await put(PATH, [T, H])).toBe("2.01 Surveys arrived")
    expect(await put(PATH, [T, H, { ...T, t: 60 }, { ...H, t: 60, v: 31 }])).toBe("2.04 Surveys arrived")
    bench.reopen()
    expect(due()).toEqual([[DAY, "08:00 - 20 - 30%\n08:01 - 20 - 31%\n"]])
  })

  test("is placed by the clock of its day, where timeZone was changed since", async () => {
    await put(PATH, [T, H])
    bench.reopen("America/New_York")
    resources = new Resources(bench.parts.senders, bench.collector, "America/New_York")
    const atNine = [
      { ...T, t: 3600 },
      { ...H, t: 3600 },
    ]
    expect(await put(PATH, atNine)).toBe("2.04 Surveys arrived")
    const night = [
      { ...T, t: 15 * 3600 },
      { ...H, t: 15 * 3600 },
    ]
    expect(await put("surveys/192.168.1.2", [...atNine, ...night])).toBe("2.04 Surveys arrived")
    expect(due()).toEqual([[DAY, "08:00 - 20 - 30%\n09:00 - 20 - 30%\n23:00 - 20 - 30%\n"]])
    expect(
      await put("surveys/192.168.1.2", [
        { ...T, t: 17 * 3600 },
        { ...H, t: 17 * 3600 },
      ]),
    ).toBe("4.00 Record 1: it is of an hour that is of no day, as timeZone was changed")
  })

  test("is of the days of its times where the path names none", async () => {
    const pack = [T, H, { ...T, t: -86_400 }, { ...H, t: -86_400 }]
    expect(await put("surveys/192.168.1.2", pack)).toBe("2.01 Surveys arrived")
    expect(due()).toEqual([
      ["2026-11-20", "08:00 - 20 - 30%\n"],
      [DAY, "08:00 - 20 - 30%\n"],
    ])
  })

  test("counts relative times from when its first block came", async () => {
    const pack = [
      { n: "t", u: "Cel", v: 20, t: -60 },
      { ...H, t: -60 },
    ]
    expect(await put("surveys", pack, { arrivedAt: NOW })).toBe("2.01 Surveys arrived")
    const time = Temporal.Instant.fromEpochMilliseconds(NOW - 60_000).toZonedDateTimeISO(TIME_ZONE)
    expect(due()).toEqual([
      [time.toPlainDate().toString(), `${time.toPlainTime().toString({ smallestUnit: "minute" })} - 20 - 30%\n`],
    ])
  })

  test("tells the pass of an hour that comes twice", async () => {
    const at = Date.parse("2026-10-25T01:15:00Z") / 1000
    expect(await put("surveys/192.168.1.2/2026-10-25", [{ ...T, bt: at }, H])).toBe("2.01 Surveys arrived")
    expect(due()).toEqual([["2026-10-25", "02:15+01:00 - 20 - 30%\n"]])
  })

  test.each([
    ["08:00 - 20 - 30%", "A SenML pack is a JSON list of records: this is none"],
    ["[", "A SenML pack is a JSON list of records: this is none"],
    [{ n: "t" }, "A SenML pack is a JSON list of records: this is none"],
    [[], "No record is a temperature (Cel, K) or a humidity (%RH)"],
    [[{ n: "battery", u: "%EL", v: 90 }], "No record is a temperature (Cel, K) or a humidity (%RH)"],
    [[T], "Record 1: there is no humidity of its time"],
    [[T, { ...H, t: 1 }], "Record 1: there is no humidity of its time"],
    [[T, { ...H, v: 130 }], "Record 2: Humidity must be 0 to 100 %: it is 130"],
    [[{ ...T, u: "Far" }, H], "Record 1: Unit must be Cel or K of a temperature: it is Far"],
    [[T, H, { ...T, t: 86_400 }, { ...H, t: 86_400 }], "Record 3: it is of 2026-11-22, and not of 2026-11-21"],
    [[T, H, "x"], "Record 3: A record must be a JSON object: it is x"],
  ])("of %j is refused whole: 4.00 %s", async (pack, reason) => {
    expect(await put(PATH, pack)).toBe(`4.00 ${reason}`)
    expect(bench.due()).toEqual([])
    await settle()
    expect(bench.quarantined()).toMatchObject([{ kind: "message", reason }])
  })

  test("of days that are not taken is refused, or put off", async () => {
    const day = (bt: number) => put("surveys/192.168.1.2", [T, H, { ...T, bt }, H])
    expect(await day(AT_EIGHT - 86_400 * 400)).toBe("4.00 2025-10-17 is too long ago")
    expect(await day(AT_EIGHT + 86_400 * 30)).toBe("5.03 2026-12-21 is after tomorrow")
    expect(bench.due()).toEqual([])
  })

  test("of a stranger waits as what it is", async () => {
    expect(await put("surveys", [T, H], { address: "127.168.1.9" })).toStartWith("4.03")
    await settle()
    expect(bench.quarantined()).toMatchObject([{ kind: "stranger", text: JSON.stringify([T, H]) }])
  })

  test("has a digest of what was sent", async () => {
    const body = JSON.stringify([T, H])
    const query = [`digest=${surveyDigest("192.168.1.2", DAY, body)}`]
    expect(await put(PATH, `${body} `, { query })).toBe("4.00 The digest differs: send it again")
    expect(await put(PATH, body, { query })).toBe("2.01 Surveys arrived")
  })

  test("is asked for again when the disk is full", async () => {
    bench.fillDisk()
    const pack = Array.from({ length: 4000 }, (_, t) => [
      { ...T, t },
      { ...H, t },
    ]).flat()
    expect(await put(PATH, pack)).toStartWith("5.03")
  })
})
