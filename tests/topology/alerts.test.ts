import { expect, test } from "bun:test"
import { rulesFor } from "../../src/topology/alerts/rules"
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
  `alerts: { to: [ntfy.sh/${SECRET}] }`,
  `alerts: { to: "https://ntfy.sh/${SECRET}" }`,
  `alerts:\n  to:\n    - ntfy.sh/${SECRET}`,
  `alerts:\n  to:\n    - { url: ntfy.sh/${SECRET} }`,
  `alerts:\n  to:\n    - { url: https://ntfy.sh/${SECRET}, as: mail }`,
  `alerts:\n  to:\n    - { url: https://ntfy.sh/a, as: ${SECRET} }`,
  `alerts:\n  to:\n    - { uri: https://ntfy.sh/${SECRET} }`,
  `alerts:\n  to:\n    - url: https://ntfy.sh/${SECRET}\n      as: Slack`,
  `alerts:\n  to:\n  - ntfy.sh/${SECRET}`,
  `alerts:\n  to: [\n    ntfy.sh/${SECRET}\n  ]`,
  `alerts:\n  too:\n    - https://ntfy.sh/${SECRET}`,
  `alert:\n  to:\n    - https://ntfy.sh/${SECRET}`,
  `to:\n  - https://ntfy.sh/${SECRET}`,
  `alerts:\n  to: [https://ntfy.sh/${SECRET}`,
  `alerts:\n  rules: { dry: https://ntfy.sh/${SECRET} }`,
  `alerts:\n  smtp: { host: smtp.example.org, from: a@example.org, user: a, password: ${SECRET} }`,
  `alerts:\n  smtp:\n    host: smtp.example.org\n    password: ${SECRET}`,
  `alerts:\n  smtp: { pasword: ${SECRET} }`,
  `alerts:\n  smtp: { password: { fil: ${SECRET} } }`,
  `alerts:\n  smtp: { password: [${SECRET}] }`,
  `alerts:\n  smtp: smtp://me:${SECRET}@example.org`,
  `smtp: { host: smtp.example.org, password: ${SECRET} }`,
  `alerts:\n  to: [http://ntfy.sh/${SECRET}]`,
  `alerts:\n  to: [{ url: http://ntfy.sh/${SECRET} }]`,
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
      "topology.yaml:9:39 alerts.more: is not a key here: the keys are heartbeat, to, smtp, rules",
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

const alerts = (lines: string) => changed(["cloud:\n", `alerts:\n${lines}\ncloud:\n`])

test("parseTopology() takes those who are told, a URL each, or a URL and its form", () => {
  const text = alerts("  to:\n    - https://ntfy.sh/topic\n    - { url: http://10.10.10.9/x, as: json }")
  expect(parseTopology(text, "topology.yaml").alerts.to).toEqual([
    { kind: "web", url: "https://ntfy.sh/topic" },
    { kind: "web", url: "http://10.10.10.9/x", as: "json" },
  ])
  expect(parseTopology(SAMPLE, "topology.yaml").alerts.to).toEqual([])
})

test("parseTopology() takes rules for all, a device's own before them, and false for none", () => {
  const text = changed(
    ["cloud:\n", "alerts: { rules: { dry: 20, frost: -0.5, silent: 1d, stuck: 3d } }\ncloud:\n"],
    ["survey: two.txt", "survey: two.txt, rules: { dry: 30.5, frost: false }"],
  )
  const { alerts, devices } = parseTopology(text, "topology.yaml")
  const [one, two] = devices.entries.map(({ rules }) => rulesFor(alerts.rules, rules))
  expect(one).toMatchObject({ dry: 20, frost: -0.5, incomplete: true, refused: true, overdue: true })
  expect(two).toMatchObject({ dry: 30.5, frost: false, silent: Temporal.Duration.from({ days: 1 }) })
  expect(parseTopology(SAMPLE, "topology.yaml").alerts.rules).toEqual({
    incomplete: true,
    refused: true,
    overdue: true,
  })
})

test.each([
  ["dry: 101", "dry", "must be a humidity from 0 to 100 (%), or false"],
  ["wet: true", "wet", "must be a humidity from 0 to 100 (%), or false"],
  ["frost: cold", "frost", "must be a temperature from -100 to 100 (°C), or false"],
  ["silent: 1", "silent", "must be a number with ms, s, m, h or d, from 1d to 366d, or false"],
  ["silent: 1h", "silent", "must be a number with ms, s, m, h or d, from 1d to 366d, or false"],
  ["overdue: no", "overdue", "must be true or false"],
  ["dray: 20", "dray", "is not a key here, did you mean dry?"],
])("parseTopology() refuses the rule %s with its place", (rule, key, message) => {
  expect(problemsOf(alerts(`  rules: { ${rule} }`))).toEqual([
    expect.stringMatching(new RegExp(`^10:\\d+ alerts\\.rules\\.${key}: ${RegExp.escape(message)}`)),
  ])
})

test("parseTopology() refuses a run's rule of one device, and shows the line", () => {
  const text = changed(["survey: two.txt", "survey: two.txt, rules: { dry: 20, overdue: true }"])
  expect(problemsOf(text)).toEqual([
    "13:59 devices[1].rules.overdue: is not a key here: the keys are dry, wet, frost, hot, silent, stuck",
  ])
  const wrong = changed(["survey: two.txt", "survey: two.txt, rules: { dry: 120 }"])
  expect(problemsOf(wrong)).toEqual([
    "13:55 devices[1].rules.dry: must be a humidity from 0 to 100 (%), or false: it is 120",
  ])
})

test("parseTopology() takes mails, scripts, and URLs that are kept elsewhere", () => {
  const text = alerts(`  to:
    - mailto:you@example.org
    - scripts/notify.ts
    - $CHAT_URL
    - { url: $CHAT_URL, as: slack }
    - { url: { file: keys/chat }, as: discord }
  heartbeat: $MONITOR_URL
  smtp: { host: smtp.example.org, user: you, password: { file: keys/smtp }, from: farm@example.org }`)
  const { to, smtp, heartbeat } = parseTopology(text, "topology.yaml").alerts
  const variable = { kind: "variable", name: "CHAT_URL" } as const
  expect(to).toEqual([
    { kind: "mail", address: "you@example.org" },
    { kind: "script", path: "scripts/notify.ts" },
    { kind: "web", url: variable },
    { kind: "web", url: variable, as: "slack" },
    { kind: "web", url: { kind: "file", path: "keys/chat" }, as: "discord" },
  ])
  expect(heartbeat).toEqual({ kind: "variable", name: "MONITOR_URL" })
  expect(smtp).toEqual({
    host: "smtp.example.org",
    security: "starttls",
    user: "you",
    password: { kind: "file", path: "keys/smtp" },
    from: "farm@example.org",
  })
})

test("parseTopology() says how a password is told that stands in topology.yaml", () => {
  const text = alerts("  smtp: { host: smtp.example.org, from: a@example.org, user: a, password: hunter22 }")
  expect(problemsOf(text)).toEqual([
    "10:75 alerts.smtp.password: must be $NAME of the environment, or { file: keys/smtp }, for a secret does not stand here",
  ])
})

test.each([
  ["  to: [mailto:you@example.org]", "alerts.to: has a mail: say through which server, in alerts:  smtp: { host: "],
  [
    "  to: [mailto:you]",
    "alerts.to[0]: must be an https URL such as https://ntfy.sh/your-topic, mailto: with an address, ",
  ],
  ["  to: [http://ntfy.sh/topic]", "alerts.to[0]: must be an https URL: http is for one's own network"],
  ["  to: [{ url: http://203.0.113.9/x }]", "alerts.to[0].url: must be an https URL: http is for one's own network"],
  ["  smtp: { host: h, from: a@b.example, user: me }", "alerts.smtp.user: needs a password beside it: "],
  ["  smtp: { host: h, from: a@b.example, password: $P }", "alerts.smtp.password: needs a user beside it"],
  [
    "  smtp: { host: mail.example.org, from: a@b.example, security: none }",
    "alerts.smtp.security: none is for a server ",
  ],
  ["  smtp: { from: a@b.example }", "alerts.smtp: has no host"],
])("parseTopology() refuses %s", (lines, problem) => {
  expect(problemsOf(alerts(lines)).map((told) => told.replace(/^\d+:\d+ /, ""))).toEqual([
    expect.stringMatching(new RegExp(`^${RegExp.escape(problem)}`)),
  ])
})

test.each([
  "http://10.1.2.3/x",
  "http://172.31.0.1/x",
  "http://192.168.1.9:8080/x",
  "http://100.100.1.1/x",
  "http://127.0.0.1/x",
  "http://localhost:8080/x",
  "http://ntfy/x",
  "http://ntfy.local/x",
  "http://ntfy.home.arpa/x",
  "http://[fd12::1]/x",
  "http://[::1]/x",
])("parseTopology() takes %s: it is on one's own network", (url) => {
  expect(parseTopology(alerts(`  to: ["${url}"]`), "topology.yaml").alerts.to).toEqual([{ kind: "web", url }])
})

test.each([
  "http://172.32.0.1/x",
  "http://11.1.1.1/x",
  "http://[2001:db8::1]/x",
  "http://local.example.org/x",
])("parseTopology() refuses %s: everybody on the way could read it", (url) => {
  expect(problemsOf(alerts(`  to: ["${url}"]`))).toHaveLength(1)
})
