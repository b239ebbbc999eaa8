// A fleet's run that looks every minute, against a gateway that answers as told.
import { expect, test } from "bun:test"
import { Code } from "../../src/coap/code"
import { say } from "../../src/coap/resource"
import { Fleet } from "../../src/device/fleet"
import { SurveyMissing } from "../../src/device/source/missing"
import { silentLog } from "../../src/log"
import type { Day } from "../../src/survey/calendar"
import { parseTopology } from "../../src/topology/yaml/load"
import { changed } from "../topology/sample"
import { FakeGateway, GATEWAY } from "./fake-gateway"

const SUNDAY: Day = "2026-11-22"
const MONDAY_AT_SIX = Date.parse("2026-11-23T06:00:00+01:00")
const TOMATOES = 0xc0a80102
const TOPOLOGY = parseTopology(changed(["  - { ip: 192.168.1.3, survey: two.txt }\n", ""]), "topology.yaml")
const BAD = "09:00 - 20 - 130%"

test("Fleet.run() looks every minute, tells a reason once, and forgets it when the survey arrives", async () => {
  const gateway = new FakeGateway(MONDAY_AT_SIX)
  const { clock, random, sockets, heard } = gateway
  const told: string[] = []
  let text: string | undefined
  const fleet = new Fleet({
    addressing: "simulated",
    sockets,
    readSurvey: async ({ survey }) => {
      if (text === undefined) throw new SurveyMissing(`${survey} not found`)
      return { bytes: new TextEncoder().encode(text), writtenAtMs: clock.now() }
    },
    clock,
    random,
    log: silentLog,
    emit: (event) => told.push(event.kind === "not-sent" ? event.reason : event.kind),
  })
  const options = { devices: TOPOLOGY.devices, topology: TOPOLOGY, gatewayPort: GATEWAY.port }
  const run = fleet.run(SUNDAY, { ...options, patient: true, owedOnly: false, again: [] })
  await clock.run(run.settled)
  await clock.advance(5 * 60_000)
  expect(run.reasons.get(TOMATOES)).toBe("one.txt not found")
  expect(heard).toEqual([`/missing/192.168.1.2/${SUNDAY}: one.txt not found`])

  text = BAD
  await clock.advance(5 * 60_000)
  expect(run.reasons.get(TOMATOES)).toBe("1 of 1 line refused")
  expect(run.uploads).toEqual([])
  expect(heard.filter((line) => line.startsWith("/missing")).slice(1)).toEqual([
    `/missing/192.168.1.2/${SUNDAY}: 1 of 1 line refused`,
  ])

  text = "08:00 - 20 - 30%"
  await clock.advance(5 * 60_000)
  expect(run.uploads).toHaveLength(1)
  expect(run.reasons.size).toBe(0)
  expect(heard.filter((line) => line.endsWith("- 30%"))).toHaveLength(1)
  const refusal = ["line-refused", "1 of 1 line refused"]
  expect(told).toEqual(["one.txt not found", ...refusal, "uploaded"])
  fleet.stop("the test is over")
})

test("Fleet.keep() ends what is sent for others, forgets why they sent nothing, and looks at them when they come back", async () => {
  const gateway = new FakeGateway(MONDAY_AT_SIX)
  const { clock, random, sockets, heard, answers } = gateway
  const herbs = TOMATOES + 1
  const topology = parseTopology(changed(), "topology.yaml")
  const told: string[] = []
  let isThere = false
  const fleet = new Fleet({
    addressing: "simulated",
    sockets,
    readSurvey: async ({ survey, device }) => {
      if (device.ip === "192.168.1.3" && !isThere) throw new SurveyMissing(`${survey} not found`)
      return { bytes: new TextEncoder().encode("08:00 - 20 - 30%"), writtenAtMs: clock.now() }
    },
    clock,
    random,
    log: silentLog,
    emit: (event) => told.push(`${event.device.ip} ${event.kind}`),
  })
  answers.set("surveys", say(Code.ServiceUnavailable, "the disk is full"))
  const options = { devices: topology.devices, topology, gatewayPort: GATEWAY.port }
  const run = fleet.run(SUNDAY, { ...options, patient: true, owedOnly: false, again: [] })
  await clock.advance(10_000)
  expect([...run.reasons]).toEqual([
    [herbs, "two.txt not found"],
    [TOMATOES, "the disk is full"],
  ])

  const before = heard.length
  fleet.keep(() => false)
  await clock.run(run.settled) // the one that was to come again gives up
  await clock.advance(30 * 60_000)
  expect([...run.reasons]).toEqual([])
  expect(heard).toHaveLength(before)

  answers.clear()
  isThere = true
  fleet.keep((address) => address === herbs)
  await clock.advance(120_000)
  expect(told).toEqual(["192.168.1.3 not-sent", "192.168.1.2 postponed", "192.168.1.3 uploaded"])
  fleet.stop("the test is over")
})

test.each([
  ["set back", -86_400_000],
  ["set ahead", 86_400_000],
])("Fleet.run() spreads its devices over the time that passes, also where the clock is %s", async (_, leapMs) => {
  const DEVICES = 66 // more than run at once
  const topology = parseTopology(
    changed(
      ['cron: "0 6 * * *"', 'cron: "0 6 * * *"\n  grace: 30m\n  spread: 11m'],
      ["192.168.1.2, survey: one.txt", `192.168.1.2-192.168.1.${DEVICES + 1}, survey: one.txt`],
      ["  - { ip: 192.168.1.3, survey: two.txt }\n", ""],
    ),
    "topology.yaml",
  )
  const { clock, random, sockets } = new FakeGateway(MONDAY_AT_SIX)
  const beganAt = clock.monotonic()
  const seconds: number[] = []
  const fleet = new Fleet({
    addressing: "simulated",
    sockets,
    readSurvey: async () => {
      if (seconds.length === 0) clock.set(MONDAY_AT_SIX + leapMs)
      return { bytes: new TextEncoder().encode("08:00 - 20 - 30%"), writtenAtMs: MONDAY_AT_SIX }
    },
    clock,
    random,
    log: silentLog,
    emit: () => seconds.push(Math.round((clock.monotonic() - beganAt) / 1000)),
  })
  const options = { devices: topology.devices, topology, gatewayPort: GATEWAY.port }
  await clock.run(fleet.run(SUNDAY, { ...options, patient: false, owedOnly: false, again: [] }).settled)
  expect(seconds).toEqual(Array.from({ length: DEVICES }, (_, place) => place * 10))
})
