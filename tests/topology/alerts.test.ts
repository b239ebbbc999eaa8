import { expect, test } from "bun:test"
import { parseTopology } from "../../src/topology/yaml/load"
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

test.each([
  "hc-ping.com/5b0b7b5e",
  "ftp://hc-ping.com/5b0b7b5e",
  "https:hc-ping.com",
  "https://",
  "https:///5b0b7b5e",
  "https://hc-ping.com:99999/5b0b7b5e",
  "https://hc ping.com/5b0b7b5e",
  '"https://hc-ping.com/5b0b\\n7b5e"',
])("parseTopology() refuses the heartbeat %s", (url) => {
  const shown = url.startsWith('"') ? url : JSON.stringify(url)
  const rule = "must be an http or https URL, such as https://hc-ping.com/your-uuid"
  expect(problemsOf(heartbeat(url))).toEqual([`10:14 alerts.heartbeat: ${rule}: it is ${shown}`])
})

test("parseTopology() refuses what else stands in alerts, and says what was meant", () => {
  expect(problemsOf(changed(["cloud:\n", "alerts:\n  heartbeet: https://a.example\ncloud:\n"]))).toEqual([
    "10:3 alerts.heartbeet: is not a key here, did you mean heartbeat?",
  ])
  expect(problemsOf(heartbeat(""))).toEqual(["10:3 alerts.heartbeat: is empty: give it a value, or remove the line"])
})
