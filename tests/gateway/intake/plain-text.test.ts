import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { isPlainText, PlainText } from "../../../src/gateway/intake/plain-text"
import { Senders } from "../../../src/gateway/intake/senders"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"
import { Bench, DAY, HERBS, LARGE, NOW, TIME_ZONE, TOMATOES } from "../fixtures"

let bench: Bench
let plainText: PlainText
beforeEach(() => {
  bench = new Bench()
  const senders = new Senders(parseTopology(SAMPLE, "topology.yaml"), "simulated")
  plainText = new PlainText(senders, bench.collector, TIME_ZONE, () => NOW)
})
afterEach(() => bench[Symbol.dispose]())

const bytes = (text: string) => new TextEncoder().encode(text)
const send = (text: string | Uint8Array, from = "127.0.0.1") =>
  plainText.handle(typeof text === "string" ? bytes(text) : text, from, `${from}:50000`)
const stored = () => bench.due().map(({ day, address, body }) => [day, address, body])

test("isPlainText() knows a digit and an empty datagram, and leaves every CoAP message alone", () => {
  expect(isPlainText(bytes("192.168.1.2 08:00"))).toBe(true)
  expect(isPlainText(new Uint8Array(0))).toBe(true)
  for (const before of ["\uFEFF", " ", "\t", "\v", "\f", "\r\n", "\uFEFF \n\n", "\n\uFEFF"]) {
    expect(isPlainText(bytes(`${before}1`))).toBe(true)
  }
  for (const text of ["\uFEFF", " ", "\n", " a", "a1", "-1", "\u00a01"]) expect(isPlainText(bytes(text))).toBe(false)
  for (const mark of [[0xef], [0xef, 0xbb], [0xbb, 0xbf]]) expect(isPlainText(Uint8Array.of(...mark, 0x31))).toBe(false)
  for (let first = 0x40; first <= 0x7f; first++) expect(isPlainText(Uint8Array.of(first, 0x31))).toBe(false)
})

describe("handle()", () => {
  test("takes lines of one device, in both forms, for the day before", async () => {
    expect(await send("192.168.1.2 08:00 - 20 - 30%\r\n192.168.1.2 - 12:00 - 25 - 33%")).toBe("Surveys arrived")
    expect(stored()).toEqual([[DAY, TOMATOES, "08:00 - 20 - 30%\n12:00 - 25 - 33%\n"]])
  })

  test.each([
    "\uFEFF\r\n ",
    "\n\uFEFF",
    "\uFEFF",
    " ",
    "\t",
    "\v",
    "\n",
  ])("takes what an editor put before the first line, %j, and keeps what it refuses behind it", async (before) => {
    expect(await send(`${before}192.168.1.2 08:00 - 20 - 30%`)).toBe("Surveys arrived")
    expect(stored()).toEqual([[DAY, TOMATOES, "08:00 - 20 - 30%\n"]])
    expect(await send(`${before}192.168.1.2 20 30%`)).toStartWith("1 refused, 0")
    expect(await send(`${before}192.168.1.99 08:00 - 20 - 30%`)).toStartWith("192.168.1.99 is not")
    expect(bench.quarantined()).toMatchObject([{ kind: "line" }, { kind: "stranger" }])
  })

  test("says what was refused first: however short the answer is cut, it says no word of an arrival", async () => {
    for (const text of ["192.168.1.2 20 30%", "192.168.1.2 x", "192.168.1.2 x\n192.168.1.2 08:00 - 20 - 30%"]) {
      expect(await send(text)).toStartWith("1 refused, ")
    }
  })

  test("takes lines of several devices", async () => {
    expect(await send("192.168.1.3 08:00 - 20 - 30%\n192.168.1.2 08:00 - 21 - 30%\n")).toBe("Surveys arrived")
    expect(stored()).toHaveLength(2)
  })

  test("collects a sensor's readings that come one a datagram, also repeated", async () => {
    const lines = ["192.168.1.2 08:00 - 20 - 30%", "192.168.1.2 09:00 - 21 - 30%", "192.168.1.2 10:00 - 22 - 30%"]
    for (const line of [...lines, ...lines]) expect(await send(line)).toBe("Surveys arrived")
    expect(stored()).toEqual([[DAY, TOMATOES, "08:00 - 20 - 30%\n09:00 - 21 - 30%\n10:00 - 22 - 30%\n"]])
  })

  test("counts refused lines in its answer", async () => {
    expect(await send("192.168.1.2 08:00 - 20 - 130%\n192.168.1.2 09:00 - 20 - 30%")).toBe("1 refused, 1 stored")
    expect(bench.quarantined()).toMatchObject([{ kind: "line" }])
  })

  test("takes an empty datagram from a device for an empty survey, and leaves readings that are there", async () => {
    expect(await send("", "127.168.1.3")).toBe("Surveys arrived")
    expect(stored()).toEqual([[DAY, HERBS, ""]])
    await send("192.168.1.2 08:00 - 20 - 30%")
    await send("", "127.168.1.2")
    expect(stored()[0]).toEqual([DAY, TOMATOES, "08:00 - 20 - 30%\n"])
  })

  test("answers nothing to an empty datagram from elsewhere", async () => {
    expect(await send("")).toBeUndefined()
    expect(await send("", "127.168.1.99")).toBeUndefined()
  })

  test("lets nobody speak for another, and stores nothing of such a datagram", async () => {
    const text = "192.168.1.2 08:00 - 20 - 30%\n192.168.1.3 08:00 - 20 - 30%\n"
    expect(await send(text, "127.168.1.2")).toBe("127.168.1.2 may not speak for 192.168.1.3")
    expect(await send("192.168.1.2 08:00 - 20 - 30%", "127.168.1.2")).toBe("Surveys arrived")
    expect(await send("192.168.1.77 08:00 - 20 - 30%...............")).toBe("192.168.1.77 is not a declared device")
    expect(stored()).toHaveLength(1)
  })

  test("keeps what it refuses as it came, with the reason", async () => {
    await send(Uint8Array.of(0x31, 0x2e, 0xff), "127.168.1.2")
    await send("192.168.1.77 08:00 - 20 - 30%")
    await send("192.168.1.3 08:00 - 20 - 30%", "127.168.1.2")
    await send("192 rubbish", "127.168.1.66")
    expect(plainText.refuse(bytes("9 too long"), "127.168.1.2", "127.168.1.2:50000", "too long")).toBe("too long")
    expect(bench.quarantined()).toEqual([
      { kind: "message", reason: "A survey is UTF-8 text: this one is not", text: "1.\ufffd" },
      { kind: "stranger", reason: "192.168.1.77 is not a declared device", text: "192.168.1.77 08:00 - 20 - 30%" },
      {
        kind: "message",
        reason: "127.168.1.2 may not speak for 192.168.1.3",
        text: "192.168.1.3 08:00 - 20 - 30%",
      },
      { kind: "stranger", reason: "192 is not an IPv4 address", text: "192 rubbish" },
      { kind: "message", reason: "too long", text: "9 too long" },
    ])
    expect(stored()).toEqual([])
  })

  test("answers an error in one line that is never longer than the request", async () => {
    for (const text of ["1", "1é", "1é€ 08:00", "9".repeat(200), "192.168.1.77", "1\n2\n3"]) {
      const answer = (await send(text)) ?? ""
      expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(Buffer.byteLength(text))
      expect(answer).not.toInclude("\n")
    }
    expect(await send(Uint8Array.of(0x31, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBe("A survey")
  })

  test("says that the disk refuses", async () => {
    bench.fillDisk()
    const text = LARGE.trimEnd().replaceAll(/^/gm, "192.168.1.2 ")
    expect(await send(text)).toBe("The disk refuses: come again")
    expect(stored()).toEqual([])
  })
})

test("handle() takes no text of a device that has a key, keeps none of it, and says what to do", async () => {
  const keys = { epochOf: (address: number) => (address === TOMATOES ? 1 : undefined) }
  const senders = new Senders(parseTopology(SAMPLE, "topology.yaml"), "simulated", { keys })
  plainText = new PlainText(senders, bench.collector, TIME_ZONE, () => NOW)
  const long =
    "192.168.1.2 08:00 - 20 - 30%\n192.168.1.2 09:00 - 20 - 30%\n192.168.1.2 10:00 - 20 - 30%\n192.168.1.2 11:00 - 20 - 30%"
  for (const from of ["127.0.0.1", "127.168.1.2"]) {
    expect(await send(long, from)).toBe(
      "192.168.1.2 has a key, and without it nothing is taken: bun run pair 192.168.1.2 shows it",
    )
    // one of two that has a key: all or nothing
    expect(await send(`192.168.1.3 08:00 - 20 - 30%\n${long}`, "127.0.0.1")).toStartWith("192.168.1.2 has a key")
    expect(await send("", "127.168.1.2")).toBeUndefined()
  }
  expect(stored()).toEqual([])
  expect(bench.quarantined()).toEqual([])
})
