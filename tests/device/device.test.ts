// One device's run against a gateway that answers as told: what is sent, what is missing, and what the gateway hears.
import { describe, expect, test } from "bun:test"
import { Code } from "../../src/coap/code"
import { busy, say } from "../../src/coap/resource"
import { type DeviceRunOptions, runDevice } from "../../src/device/device"
import type { SurveyText } from "../../src/device/source/file"
import { SurveyMissing, SurveyPassed } from "../../src/device/source/missing"
import type { Day } from "../../src/survey/calendar"
import { parseTopology } from "../../src/topology/yaml/load"
import { SAMPLE } from "../topology/sample"
import { FakeGateway, GATEWAY } from "./fake-gateway"

const SATURDAY: Day = "2026-11-21"
const SUNDAY: Day = "2026-11-22"
const MONDAY_AT_SIX = Date.parse("2026-11-23T06:00:00+01:00")
const DAY_MS = 86_400_000
const GOOD = "08:00 - 20 - 30%"
const BAD = "09:00 - 20 - 130%"
const STALE = "surveys/device1.txt was last written on 21 November"
const TOPOLOGY = parseTopology(SAMPLE, "topology.yaml")
const never = new AbortController().signal

interface Told {
  readonly survey?: string
  readonly sample?: boolean
  readonly again?: readonly Day[]
  readonly format?: string
}

/** A device whose source is asked in the place of a file. */
function device(
  read: (day: Day, zone: string | undefined) => SurveyText,
  { survey = "surveys/device1.txt", sample = false, again = [], format }: Told = {},
) {
  const gateway = new FakeGateway(MONDAY_AT_SIX)
  const { clock, random, sockets } = gateway
  const uploaded: string[] = []
  const problems: string[] = []
  const refusedLines: string[] = []
  const options: DeviceRunOptions = {
    device: { ip: "192.168.1.2", address: 0xc0a80102, survey, ...(format && { format }), paused: false, line: 1 },
    topology: { ...TOPOLOGY, sample },
    addressing: "simulated",
    gatewayPort: GATEWAY.port,
    sockets,
    readSurvey: async ({ day, formatted }) => read(day, formatted?.timeZone),
    clock,
    random,
    owedOnly: false,
    again,
    told: new Map(),
    emit: (event) => {
      if (event.kind === "uploaded") uploaded.push(event.day)
      else if (event.kind === "line-refused") refusedLines.push(event.text)
      else problems.push(event.kind === "not-sent" ? `${event.day}: ${event.reason}` : event.reason)
    },
  }
  const run = (signal = never) => clock.run(runDevice(SUNDAY, options, signal))
  return { ...gateway, gateway, run, uploaded, problems, refusedLines }
}

const lines = (...texts: string[]): SurveyText => ({ bytes: new TextEncoder().encode(texts.join("\n")) })
const written = (at: number, ...texts: string[]): SurveyText => ({ ...lines(...texts), writtenAtMs: at })
const notFound = (): never => {
  throw new SurveyMissing("surveys/device1.txt not found")
}

describe("runDevice() with a file that was last written before the day's readings", () => {
  const STALE_FILE = written(MONDAY_AT_SIX - 2 * DAY_MS, GOOD)

  test("does not send it, and tells the gateway why", async () => {
    const { run, heard, uploaded, problems } = device(() => STALE_FILE)
    expect(await run()).toBe(true)
    expect(heard).toEqual([`/missing/192.168.1.2/${SUNDAY}?kind=stale: ${STALE}`])
    expect([uploaded, problems]).toEqual([[], [`${SUNDAY}: ${STALE}`]])
  })

  test("takes no notice of its refused lines", async () => {
    const { run, refusedLines, heard } = device(() => written(0, BAD, BAD))
    expect(await run()).toBe(true)
    expect(heard).toEqual([
      `/missing/192.168.1.2/${SUNDAY}?kind=stale: surveys/device1.txt was last written on 1 January 1970`,
    ])
    expect(refusedLines).toEqual([])
  })

  test.each<[string, Told, SurveyText]>([
    ["the topology says that it is a sample", { sample: true }, STALE_FILE],
    ["its name holds the day", { survey: "surveys/{day}/device1.txt" }, STALE_FILE],
    ["it is a script", { survey: "sensors/tank.ts" }, STALE_FILE],
    ["nothing tells when it was written", {}, lines(GOOD)],
    ["it was written in time", {}, written(MONDAY_AT_SIX, GOOD)],
  ])("sends it all the same when %s", async (_, options, text) => {
    const { run, heard, uploaded } = device(() => text, options)
    expect(await run()).toBe(false)
    expect(heard).toEqual([`/surveys/192.168.1.2/${SUNDAY}: ${GOOD}`])
    expect(uploaded).toEqual([SUNDAY])
  })
})

describe("runDevice() with a survey of which every line is refused", () => {
  test("uploads it, does not count it, and tells the gateway", async () => {
    const { run, heard, uploaded, problems, refusedLines } = device(() => lines(BAD, "", "nonsense"))
    expect(await run()).toBe(true)
    expect(heard).toEqual([
      `/surveys/192.168.1.2/${SUNDAY}: ${BAD}||nonsense`,
      `/missing/192.168.1.2/${SUNDAY}: 2 of 2 lines refused`,
    ])
    expect([uploaded, problems]).toEqual([[], [`${SUNDAY}: 2 of 2 lines refused`]])
    expect(refusedLines).toHaveLength(2)
  })

  test("shows its lines once, however often it looks", async () => {
    let text = lines(BAD)
    const { run, heard, refusedLines } = device(() => text)
    await run()
    await run()
    expect(refusedLines).toHaveLength(1)
    expect(heard.filter((line) => line.startsWith("/missing"))).toHaveLength(1)
    text = lines(BAD, BAD)
    await run()
    expect(refusedLines).toHaveLength(3)
    expect(heard.at(-1)).toBe(`/missing/192.168.1.2/${SUNDAY}: 2 of 2 lines refused`)
  })

  test("counts one with a good line, and an empty one", async () => {
    for (const text of [lines(BAD, GOOD), lines("")]) {
      const { run, uploaded, problems } = device(() => text)
      expect(await run()).toBe(false)
      expect([uploaded, problems]).toEqual([[SUNDAY], []])
    }
  })

  test("gives the gateway's reason when that does not even take it", async () => {
    const { run, answers, heard, problems } = device(() => lines(BAD))
    answers.set("surveys", say(Code.Forbidden, "192.168.1.2 is not declared"))
    expect(await run()).toBe(false)
    expect(problems).toEqual([`${SUNDAY}: the gateway does not take it: 192.168.1.2 is not declared`])
    expect(heard).toHaveLength(1)
  })
})

describe("runDevice() tells the gateway why nothing comes", () => {
  test("of the day and of each owed day, oldest first", async () => {
    const read = (day: Day) => (day === "2026-11-21" ? lines(GOOD) : notFound())
    const { run, gateway, heard } = device(read, { survey: "surveys/{day}/device1.txt" })
    gateway.owed = ["2026-11-20", "2026-11-21"]
    expect(await run()).toBe(true)
    expect(heard).toEqual([
      "/missing/192.168.1.2/2026-11-20: surveys/device1.txt not found",
      `/surveys/192.168.1.2/2026-11-21: ${GOOD}`,
      `/missing/192.168.1.2/${SUNDAY}: surveys/device1.txt not found`,
    ])
  })

  test("never of a day that is sent once more to be certain", async () => {
    const { run, heard, problems } = device((day) => (day === SUNDAY ? lines(GOOD) : notFound()), {
      survey: "surveys/{day}/device1.txt",
      again: ["2026-11-21"],
    })
    expect(await run()).toBe(false)
    expect([heard, problems]).toEqual([[`/surveys/192.168.1.2/${SUNDAY}: ${GOOD}`], []])
  })

  test("once, and again when the reason is another", async () => {
    let problem = "bus error"
    const { run, heard } = device(() => {
      throw new SurveyMissing(problem)
    })
    for (const next of ["bus error", "no bus", "no bus", "bus error"]) {
      problem = next
      await run()
    }
    expect(heard.map((line) => line.split(": ")[1])).toEqual(["bus error", "no bus", "bus error"])
  })

  test("again where nobody heard it", async () => {
    const { run, answers, heard } = device(notFound)
    answers.set("missing", busy("The disk refuses", 10))
    await run()
    answers.set("missing", say(Code.NotFound))
    await run()
    await run()
    expect(heard).toHaveLength(2)
  })

  test("and goes on when the gateway is silent", async () => {
    const { run, link, clock, problems } = device(notFound)
    link.faults = { ...link.faults, loss: 1 }
    expect(await run()).toBe(true)
    expect(problems).toEqual([`${SUNDAY}: surveys/device1.txt not found`])
    expect(clock.now() - MONDAY_AT_SIX).toBeWithin(62_000, 93_001)
  })

  test("and is stopped meanwhile by its signal, the reason known", async () => {
    const { run, link, clock, problems } = device(notFound)
    link.faults = { ...link.faults, loss: 1 }
    const stop = new AbortController()
    clock.after(1000, () => stop.abort(new Error("the grace is over")))
    await expect(run(stop.signal)).rejects.toThrow("the grace is over")
    expect(problems).toEqual([`${SUNDAY}: surveys/device1.txt not found`])
  })
})

describe("runDevice() with a file that others write", () => {
  const ROW = { line: 7, rule: "Humidity must be 0 to 100 %: it is 130", text: "09:00,20,130" }
  const foreign = { survey: "export/bed3.csv", format: "zentra" }

  test("sends the day's lines, and tells of refused rows by their place in the file", async () => {
    const source = { ...written(0, `${GOOD}\n`), refused: [ROW], refusedCount: 1 }
    const { run, refusedLines, uploaded, problems } = device(() => source, foreign)
    expect(await run()).toBe(false)
    expect([uploaded, problems]).toEqual([[SUNDAY], []])
    expect(refusedLines).toEqual([`export/bed3.csv:7 ${ROW.rule}`])
  })

  const HEAD = `/surveys/192.168.1.2/${SUNDAY}`
  const TOLD = `!\texport/bed3.csv:7 ${ROW.rule}\t${ROW.text}`

  test("sends refused rows behind the lines, as what they are, for the gateway to keep", async () => {
    const { run, heard } = device(() => ({ ...lines(GOOD, ""), refused: [ROW], refusedCount: 3 }), foreign)
    await run()
    expect(heard).toEqual([`${HEAD}?zone=Europe/Rome: ${GOOD}|${TOLD}|!\t2 more rows, counted and not kept`])
  })

  test("says that more may come where the file has nothing of a later day", async () => {
    const { run, heard } = device(() => ({ ...lines(GOOD), isPart: true }), foreign)
    await run()
    expect(heard).toEqual([`${HEAD}?part&zone=Europe/Rome: ${GOOD}`])
  })

  test("sends a part once, however often it looks, until there is more of it", async () => {
    let text = [GOOD]
    const read = (day: Day) => (day < SUNDAY ? { ...lines(...text), isPart: true } : notFound())
    const { run, gateway, heard } = device(read, foreign)
    gateway.owed = [SATURDAY]
    for (const more of [[GOOD], [GOOD], [GOOD, "09:00 - 21 - 30%"]]) {
      text = more
      await run()
    }
    const sent = heard.filter((line) => line.startsWith("/surveys"))
    expect(sent.map((line) => line.replace(/^.*: /, ""))).toEqual([GOOD, `${GOOD}|09:00 - 21 - 30%`])
  })

  test("says so of a file of one day alone for its own run, and not when it comes once more", async () => {
    const perDay = { ...foreign, survey: "export/{day}.csv" }
    const { run, gateway, heard } = device(() => ({ ...lines(GOOD), isPart: true }), perDay)
    gateway.owed = [SATURDAY]
    await run()
    expect(heard).toEqual([
      `/surveys/192.168.1.2/${SATURDAY}?zone=Europe/Rome: ${GOOD}`,
      `${HEAD}?part&zone=Europe/Rome: ${GOOD}`,
    ])
  })

  test("places its times anew in the zone of the gateway's day", async () => {
    const zones: (string | undefined)[] = []
    const { run, heard, answers, uploaded } = device((_, zone) => {
      zones.push(zone)
      if (zones.length > 1) answers.clear()
      return lines(zone === "Asia/Tokyo" ? "16:00 - 20 - 30%" : GOOD)
    }, foreign)
    answers.set("surveys", say(Code.Conflict, "Asia/Tokyo"))
    expect(await run()).toBe(false)
    expect(zones).toEqual(["Europe/Rome", "Asia/Tokyo"])
    expect(heard).toEqual([`${HEAD}?zone=Europe/Rome: ${GOOD}`, `${HEAD}?zone=Asia/Tokyo: 16:00 - 20 - 30%`])
    expect(uploaded).toEqual([SUNDAY])
  })

  test.each(["Asia/Tokyo", "Nowhere/At_All"])("gives up where the gateway wants the zone %s again", async (zone) => {
    const { run, answers, problems } = device(() => lines(GOOD), foreign)
    answers.set("surveys", say(Code.Conflict, zone))
    await run()
    expect(problems).toEqual([`${SUNDAY}: the gateway measures this day in ${zone}`])
  })

  test("complains of no older day of which the gateway has what there is", async () => {
    const passed = () => {
      throw new SurveyPassed("export/bed3.csv has no reading of 21 November")
    }
    const { run, gateway, heard, answers, problems } = device((day) => (day < SUNDAY ? passed() : lines(GOOD)), foreign)
    gateway.owed = [SATURDAY]
    answers.set("missing", say(Code.Changed, "It is there"))
    await run()
    expect(heard[0]).toBe(`/missing/192.168.1.2/${SATURDAY}?kind=passed: export/bed3.csv has no reading of 21 November`)
    expect(problems).toEqual([])
  })

  test("complains of an older day of which the gateway has nothing", async () => {
    const { run, gateway, problems } = device((day) => (day < SUNDAY ? notFound() : lines(GOOD)), foreign)
    gateway.owed = [SATURDAY]
    await run()
    expect(problems).toEqual([`${SATURDAY}: surveys/device1.txt not found`])
  })

  test("tells the gateway where every row is refused, and sends them", async () => {
    const { run, heard, refusedLines, uploaded } = device(
      () => ({ ...lines(), refused: [ROW], refusedCount: 1 }),
      foreign,
    )
    expect(await run()).toBe(true)
    expect(heard).toEqual([`${HEAD}?zone=Europe/Rome: ${TOLD}`, `/missing/192.168.1.2/${SUNDAY}: 1 of 1 row refused`])
    expect([uploaded, refusedLines.length]).toEqual([[], 1])
  })
})
