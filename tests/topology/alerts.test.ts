import { expect, test } from "bun:test"
import { parseTopology, TopologyError } from "../../src/topology/yaml/load"
import { changed, problemsOf, SAMPLE } from "./sample"

const heartbeat = (url: string) => changed(["cloud:\n", `alerts:\n  heartbeat: ${url}\ncloud:\n`])

test("parseTopology() takes the heartbeat as it is written, and none at all", () => {
  const urls = [
    "https://hc-ping.com/5b0b7b5e-5f0c-4c5a-9c3a-9d2b1f0a7c11",
    "HTTP://10.10.10.7:8000/ping/key/farm/?create=1&rid=2",
    "https://user:word@monitor.example/",
    "http://[::1]:8000",
  ]
  for (const url of urls) expect(parseTopology(heartbeat(url), "topology.yaml").alerts.heartbeat).toBe(url)
  expect(parseTopology(SAMPLE, "topology.yaml").alerts.heartbeat).toBeUndefined()
  expect(parseTopology(`${SAMPLE}alerts: {}\n`, "topology.yaml").alerts.heartbeat).toBeUndefined()
})

const RULE = "must be an http or https URL, such as https://hc-ping.com/your-uuid"

test.each([
  "hc-ping.com/5b0b7b5e",
  "ftp://hc-ping.com/5b0b7b5e",
  "https:hc-ping.com",
  "https://",
  "https:///5b0b7b5e",
  "https://hc-ping.com:99999/5b0b7b5e",
  "https://hc ping.com/5b0b7b5e",
  '"https://hc-ping.com/5b0b\\n7b5e"',
])("parseTopology() refuses the heartbeat %s, and does not repeat it", (url) => {
  expect(problemsOf(heartbeat(url))).toEqual([`10:14 alerts.heartbeat: ${RULE}`])
})

const SECRET = "5b0b7b5e-5f0c-4c5a"

test.each([
  `alerts:\n  heartbeat: hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeet: hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: https:// hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: [https://hc-ping.com/${SECRET}]`,
  `alerts:\n  heartbeat: { url: https://hc-ping.com/${SECRET} }`,
  `alerts:\n  heartbeat: https://hc-ping.com/a: ${SECRET}`,
  `alerts:\n  heartbeat: "https://hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: "https://hc-ping.com/\\q${SECRET}"`,
  `alerts:\n  heartbeat: |https://hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: *hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: !hc-ping.com/${SECRET} x`,
  `alerts:\n  heartbeat: @hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: %hc-ping.com/${SECRET}`,
  `alerts: { heartbeat: https://hc-ping.com/{${SECRET}} }`,
  `alerts: { heartbeat: https://hc-ping.com/${SECRET}/{day} `,
  `alerts:\n  heartbeat: >-\n    hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat:\n    - hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat: https://hc-ping.com/${SECRET}\n  heartbeat: https://hc-ping.com/${SECRET}`,
  `alerts:\n\theartbeat: https://hc-ping.com/${SECRET}`,
  `alerts:\nheartbeat: hc-ping.com/${SECRET}`,
  `alerts:\n- hc-ping.com/${SECRET}`,
  `alerts: hc-ping.com/${SECRET}`,
  `alerts: { heartbeat: "https://hc-ping.com/${SECRET}", more: 1 }`,
  `alerts: { hearbeat: hc-ping.com/${SECRET} }`,
  `alerts: { https://hc-ping.com/${SECRET} }`,
  `alerts: { ${SECRET}: 1 }`,
  `"alerts": { 'heartbeat': hc-ping.com/${SECRET} }`,
  `alert:\n  hearbeat: https://hc-ping.com/${SECRET}`,
  `schedules: { cron: 1, alerts: { heartbeat: hc-ping.com/${SECRET} } }`,
  `bufferSize: https://hc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat:\nhc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat:\n\nhc-ping.com/${SECRET}\nhc-ping.com/${SECRET}`,
  `alerts:\n  heartbeat:\n"hc-ping.com/${SECRET}"`,
  `heartbeet: hc-ping.com/${SECRET}`,
  `Heart-beat: hc-ping.com/${SECRET}`,
  `hearbeat:\n  hc-ping.com/${SECRET}`,
  `hearbeat:\nhc-ping.com/${SECRET}`,
  `alerst: { hearbeat: hc-ping.com/${SECRET} }`,
  `alert:\n  hearbeat: hc-ping.com/${SECRET}`,
])("parseTopology() shows nothing of a secret in its place: %j", (lines) => {
  const text = changed(["cloud:\n", `${lines}\ncloud:\n`])
  for (const each of [text, text.replaceAll("\n", "\r\n")]) {
    const error = errorOf(() => parseTopology(each, "topology.yaml"))
    expect(error.message).toMatch(/^topology\.yaml:\d+:\d+ /)
    expect(JSON.stringify([error.message, error.problems])).not.toMatch(/5b0b|5f0c|4c5a/)
  }
})

test("a problem beside a secret is shown with its place, the secret starred", () => {
  const text = changed(["cloud:\n", `alerts: { heartbeat: "https://a.b/c", more: 1 }\ncloud:\n`])
  expect(errorOf(() => parseTopology(text, "topology.yaml")).message).toBe(
    [
      "topology.yaml:9:39 alerts.more: is not a key here: the keys are heartbeat",
      "  alerts: * ********** **************** ***** * *",
      "                                        ^",
    ].join("\n"),
  )
})

function errorOf(work: () => unknown): TopologyError {
  try {
    work()
  } catch (error) {
    if (error instanceof TopologyError) return error
  }
  throw new Error("it is refused")
}

test("parseTopology() refuses what else stands in alerts, and says what was meant", () => {
  expect(problemsOf(changed(["cloud:\n", "alerts:\n  heartbeet: https://a.example\ncloud:\n"]))).toEqual([
    "10:3 alerts.heartbeet: is not a key here, did you mean heartbeat?",
  ])
  expect(problemsOf(heartbeat(""))).toEqual(["10:3 alerts.heartbeat: is empty: give it a value, or remove the line"])
})
