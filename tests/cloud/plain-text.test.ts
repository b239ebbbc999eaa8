import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { isPlainText, PlainText } from "../../src/cloud/plain-text"
import type { StoredSurvey } from "../../src/cloud/store/contract"
import { StorageRefused } from "../../src/storage/errors"
import { addDays } from "../../src/survey/calendar"
import type { Devices } from "../../src/topology/devices"
import { parseTopology } from "../../src/topology/yaml/load"
import { SAMPLE } from "../topology/sample"
import { settle, VirtualClock } from "../virtual-clock"
import { Bench, DAY, HERBS, LARGE, NOW, SITE, TIME_ZONE, TOMATOES } from "./fixtures"

let bench: Bench
let plainText: PlainText
let listed: StoredSurvey[]
let refused: string[]
let declared: { devices: Devices }

beforeEach(async () => {
  bench = new Bench()
  await bench.describeSite()
  listed = []
  refused = []
  declared = { devices: parseTopology(SAMPLE, "topology.yaml").devices }
  plainText = new PlainText({
    store: bench.store,
    topology: { site: SITE, timeZone: TIME_ZONE },
    declared,
    gateways: { maySendFor: (sender, ip) => sender !== "127.0.0.9" || ip === "192.168.1.2" },
    clock: new VirtualClock(NOW),
    emit: (event) => event.kind === "refused" && refused.push(event.text),
    onStored: (surveys) => listed.push(...surveys),
  })
})
afterEach(() => bench[Symbol.dispose]())

const take = (text: string | Uint8Array, sender = "127.0.0.1") =>
  plainText.begin(sender, NOW)(typeof text === "string" ? new TextEncoder().encode(text) : text)

test("isPlainText() takes digits, also behind a byte order mark or white space, and leaves every CSM alone", () => {
  for (const head of ["19", "1.", "00", "9.", "\uFEFF1", " 1", "\t1", "\n1", "\r\n", "\n\uFEFF"]) {
    expect(isPlainText(new TextEncoder().encode(head))).toBe(true)
  }
  for (const head of ["a1", "1-", ".", " a"]) expect(isPlainText(new TextEncoder().encode(head))).toBe(false)
  for (let first = 0; first < 256; first++) expect(isPlainText(Uint8Array.of(first, 0xe1))).toBe(false)
})

describe("begin()", () => {
  test("stores lines of several devices for the day before and lists them in address order", async () => {
    const text = "192.168.1.3 - 08:00 - 20 - 30%\n192.168.1.2 09:00 - 21 - 31%\r\n192.168.1.3 - 10:00 - 1 - 1%"
    expect(await take(text)).toEqual({ readings: 3, refused: 0 })
    expect(listed).toEqual([
      { address: TOMATOES, readings: [["09:00", 21, 31]] },
      {
        address: HERBS,
        readings: [
          ["08:00", 20, 30],
          ["10:00", 1, 1],
        ],
      },
    ])
    expect(bench.readings().map(({ device, day, time }) => [device, day, time])).toEqual([
      ["192.168.1.2", DAY, "09:00"],
      ["192.168.1.3", DAY, "08:00"],
      ["192.168.1.3", DAY, "10:00"],
    ])
  })

  test("takes what an editor put before the first line", async () => {
    expect(await take("\uFEFF\r\n 192.168.1.2 08:00 - 20 - 30%\n")).toEqual({ readings: 1, refused: 0 })
    expect(bench.readings().map(({ device, time }) => [device, time])).toEqual([["192.168.1.2", "08:00"]])
  })

  test("lists what is shown of the times it was given: the gateway's values, where it delivered them", async () => {
    await bench.put("08:00 - 20 - 30%\n12:00 - 25 - 33%\n", 1)
    await take("192.168.1.2 08:00 - 9 - 30%\n192.168.1.2 09:00 - 21 - 31%\n")
    expect(listed).toEqual([
      {
        address: TOMATOES,
        readings: [
          ["08:00", 20, 30],
          ["09:00", 21, 31],
        ],
      },
    ])
  })

  test("files a text under the day before it began, though a day has ended since", async () => {
    await plainText.begin("127.0.0.1", NOW + 86_400_000)(Buffer.from("192.168.1.2 08:00 - 20 - 30%\n"))
    expect(bench.readings().map(({ day }) => day)).toEqual([addDays(DAY, 1)])
  })

  test("reads an hour that comes twice alike, in whatever parts its lines come", async () => {
    const noon = Date.parse("2026-10-26T12:00:00+01:00")
    const lines = ["01:30", "02:15", "02:45", "02:15", "02:30", "03:00"].map((time, n) => `${time} - ${n} - 30%`)
    for (let cut = 0; cut < 2 ** lines.length; cut++) {
      const takePart = plainText.begin("127.0.0.1", noon)
      let part = ""
      for (const [index, line] of lines.entries()) {
        part += `192.168.1.2 - ${line}\n`
        if (index < lines.length - 1 && (cut >> index) % 2 === 0) continue
        const { length } = part.trimEnd().split("\n")
        expect(await takePart(Buffer.from(part))).toEqual({ readings: length, refused: 0 })
        part = ""
      }
      const expected = ["01:30 0", "02:15 1", "02:45 2", "02:15+01:00 3", "02:30+01:00 4", "03:00 5"]
      expect(bench.readings().map(({ time, temperature }) => `${time} ${temperature}`)).toEqual(expected)
      bench.database.transaction(() => bench.database.sqlite.run("DELETE FROM surveys"))
    }
  })

  test("counts refused lines and names them", async () => {
    const text = "192.168.1.2 08:00 - 20 - 130%\n192.168.1.2 09:00 - 20 - 30%\n"
    expect(await take(text)).toEqual({ readings: 1, refused: 1 })
    expect(refused).toEqual([`${SITE} 192.168.1.2 ${DAY}, line 1: Humidity must be 0 to 100 %: it is 130`])
  })

  test("repeats a first word of a megabyte neither to its sender nor to anybody else", async () => {
    const taken = await take(`${"1".repeat(1_000_000)} 08:00 - 20 - 30%\n`)
    expect(taken).toEqual({ refusal: expect.stringMatching(/^1{1,128}… is not a declared device$/) })
    expect(refused).toEqual([
      expect.stringMatching(/^plain text from 127\.0\.0\.1: 1{1,128}… is not a declared device$/),
    ])
  })

  test("stores nothing for whom it does not know or may not believe", async () => {
    const good = "192.168.1.2 08:00 - 20 - 30%\n"
    expect(await take(`${good}192.168.1.77 08:00 - 20 - 30%\n`)).toEqual({
      refusal: "192.168.1.77 is not a declared device",
    })
    expect(await take(`${good}192.168.1.3 08:00 - 20 - 30%\n`, "127.0.0.9")).toEqual({
      refusal: "127.0.0.9 may not speak for 192.168.1.3",
    })
    expect(await take(Buffer.from("192.168.1.2 \xff\n", "latin1"))).toEqual({
      refusal: "A survey is UTF-8 text: this one is not",
    })
    expect(bench.readings()).toEqual([])
    expect(refused).toEqual([
      "plain text from 127.0.0.1: 192.168.1.77 is not a declared device",
      "plain text from 127.0.0.9: 127.0.0.9 may not speak for 192.168.1.3",
      "plain text from 127.0.0.1: A survey is UTF-8 text: this one is not",
    ])
    expect(await take(good, "127.0.0.9")).toEqual({ readings: 1, refused: 0 })
  })

  test("says that the disk refuses, and lists nothing", async () => {
    bench.fillDisk()
    expect(take(LARGE.replaceAll(/^(?=.)/gm, "192.168.1.2 "))).rejects.toThrow(StorageRefused)
    await settle()
    expect(listed).toEqual([])
  })
})
