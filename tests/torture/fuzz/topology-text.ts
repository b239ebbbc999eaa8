// YAML to try: whole topologies in which values, keys, lines or characters were changed.
import { changed as changedSample } from "../../topology/sample"
import type { Dice } from "./dice"

const BASES = [
  `schedule: { cron: "0 6 * * *" }
gateway: { interfaces: { devices: { address: 10.1.0.1/16 }, cloud: { address: 10.2.0.1/16 } } }
cloud: { address: 10.2.0.2 }
devices:
  - { ip: 10.1.0.2-10.1.9.255, survey: "{ip}.txt" }
`,
  changedSample(["survey: two.txt", 'name: herbs, survey: "two {day}.txt", paused: true']),
  `site: fleet
timeZone: UTC
bufferSize: 1152
schedule: { cron: "30 5 * * 1-5", grace: 15m, spread: 10m }
transmission: { ackTimeout: 500ms, maxRetransmit: 10 }
limits: { survey: 64KiB, spool: 2GiB, quarantine: 100, perPeer: { transfers: 4 }, overall: { connections: 9 } }
alerts: { heartbeat: https://example.com/ping }
gateway:
  interfaces:
    devices: { address: 10.0.0.1/8, port: 10005 }
    cloud: { address: 172.16.0.1/30 }
  spool: data/gateway.db
  retention: 90d
cloud: { address: cloud.example.com, port: 8001, store: data/cloud.db, console: summary, sites: [fleet, { site: other, from: 203.0.113.0/24 }] }
devices:
  - ip: 10.0.0.2-10.15.255.254
    name: sensor {ip}
    survey: surveys/{ip}/{day}.txt
  - ip: 10.16.0.1
`,
  changedSample(
    [
      "site: greenhouse",
      `formats:
  own: { headerRows: 2, delimiter: ";", time: { columns: [Date, Time], pattern: "dd.MM.yyyy HH:mm", zone: "+01:00" }, temperature: { column: T, unit: F }, humidity: { column: 3, scale: 100 } }
  up: { kind: json, rows: data.list, time: { path: at, pattern: X }, temperature: { path: v.0 }, humidity: { path: v.1 }, device: { path: id } }
  packs: { kind: senml, device: { path: bn } }`,
    ],
    ["survey: one.txt", 'survey: "export/*.json", format: up, sensor: "7"'],
    ["survey: two.txt", "survey: two.csv, format: own"],
  ),
]

/** What stands in a value's place, or is stuck into the text. */
const VALUES = [
  ..."~ null true no 0 -1 1e999 .inf .nan 0x1F 0o17 65536 1152.5 99999999999999999999 2026-11-21 [] {} '' ".split(" "),
  ..."&a *a !!binary !x | > |2- - ? : , # %YAML --- ... << <<: @ ` \" ' \\ \t \r \u0000 \u001b[31m \u2028 \u202e \ufeff".split(
    " ",
  ),
  ..."é 😀 \ud800 __proto__ constructor toString {ip} {day} {x} ../../etc/passwd / . - ~/x".split(" "),
  ..."0.0.0.0-255.255.255.255 0.0.0.0 255.255.255.255 10.0.0.0/8 10.0.0.1/0 10.0.0.1/33 192.168.1.1 192.168.1.255".split(
    " ",
  ),
  ..."192.168.1.9-192.168.1.3 192.168.1.2-192.168.1.200 01.2.3.4 1.2.3 ::1 127.0.0.1/8 0d 1ms 36500d 99999999999d 1KiB 16MiB 1024TiB 0.5MiB 1e9KiB".split(
    " ",
  ),
  ..."Europe/Roma Mars/Base +01:00 UTC+25 Etc/GMT+12 Antarctica/Troll readings off https:// http://x\u0000".split(" "),
  ...[
    "@daily",
    "0 0 30 2 *",
    "* * * * *",
    "*/5 * * * * *",
    "0 6 * * 8",
    "0 6",
    "60 6 * * *",
    "0 6 31 4 *",
    "0 0 0 0 0 0 0",
  ],
  ...[
    "0-99999999 * * * *",
    "0 6 */0 * *",
    "0 6 ? * L",
    "{a: {b: {c: [1, [2, [3]]]}}}",
    "*.csv",
    "json",
    "senml",
    "$.a[0]",
    "yyyy-MM-dd HH:mm",
    "x".repeat(300),
  ],
]
const KEYS = [
  "site",
  "cron",
  "grace",
  "address",
  "port",
  "interfaces",
  "devices",
  "ip",
  "survey",
  "from",
  "__proto__",
  "x",
  "? [a]",
  "'0'",
]
const MOST_CHANGES = 4

export function makeYaml(dice: Dice): string {
  // the shortest mostly: a case costs what its lines cost
  let text = BASES[Math.max(0, dice.below(2 * BASES.length) - BASES.length)] ?? ""
  if (dice.below(64) === 0) return noise(dice)
  for (let left = dice.below(MOST_CHANGES + 1); left > 0; left--) text = changed(text, dice)
  return text
}

function changed(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1)
  const value = VALUES[dice.below(VALUES.length)] ?? ""
  switch (dice.below(10)) {
    case 0:
      return splice(text, at, dice.below(4), String.fromCharCode(32 + dice.below(96)))
    case 1:
      return splice(text, at, dice.below(8), "")
    case 2:
      return splice(text, at, 0, value)
    case 3:
      return changedLine(text, dice, (line) => [line, line])
    case 4:
      return changedLine(text, dice, () => [])
    case 5:
      return changedLine(text, dice, (line) => [dice.below(2) === 0 ? `  ${line}` : line.replace(/^ {1,2}/, "")])
    case 6:
      return changedLine(text, dice, (line) => [
        `${" ".repeat(dice.below(5))}${KEYS[dice.below(KEYS.length)]}: ${value}`,
        line,
      ])
    case 7:
      return changedLine(text, dice, (line) => [line.replace(/[\w-]+(?=:)/, KEYS[dice.below(KEYS.length)] ?? "")])
    default:
      return changedValue(text, dice, value)
  }
}

/** One of the text's values becomes another. */
function changedValue(text: string, dice: Dice, value: string): string {
  const places = [...text.matchAll(/(?<=: )("[^"]*"|[^\s,{}[\]]+)/g)]
  const place = places[dice.below(places.length + 1)]
  const quoted = dice.below(4) === 0 ? JSON.stringify(value) : value
  return place ? splice(text, place.index, place[0].length, quoted) : splice(text, text.length, 0, value)
}

function changedLine(text: string, dice: Dice, change: (line: string) => string[]): string {
  const lines = text.split("\n")
  const at = dice.below(lines.length)
  return lines.toSpliced(at, 1, ...change(lines[at] ?? "")).join("\n")
}

function noise(dice: Dice): string {
  let text = ""
  for (let left = dice.below(200); left > 0; left--) {
    text += dice.below(8) === 0 ? (VALUES[dice.below(VALUES.length)] ?? "") : String.fromCharCode(dice.below(128))
  }
  return text
}

const splice = (text: string, at: number, count: number, put: string): string =>
  text.slice(0, at) + put + text.slice(at + count)
