// topology.yaml of one's own network, with a word on each line that a person may want to change.
import { stringify } from "yaml"
import { formatAddress, formatRange, parseAddress } from "../../topology/address"
import type { Answers } from "./questions"

const SURVEY = "surveys/{day}/{ip}.txt"
const LISTED = 50 // devices that have no names of their own; more are one range
const LAST_ADDRESS = 0xffff_ffff
const COMMENT_COLUMN = 28

/** @param schema where editors find it */
export function topologyText(answers: Answers, schema?: string): string {
  const { site, "time-zone": timeZone, at, cloud } = answers
  return `${schema === undefined ? "" : `# yaml-language-server: $schema=${schema}\n`}\
${said(pair("site", site), "part of every stored reading: choose once")}
${said(pair("timeZone", timeZone), "of days and times")}

schedule:
${said(`  cron: "${cronOf(at)}"`, `every day at ${at.padStart(5, "0")}: yesterday's readings`)}
${said("  grace: 15m", "then the gateway goes on without whoever is missing")}

gateway:
  interfaces:
    # UDP: sensors send here
    devices: ${flow({ address: answers["device-network"], port: 10005 })}
    # TCP: deliveries come from here
    cloud: ${flow({ address: answers["cloud-network"] })}

cloud:
${said(`  ${pair("address", cloud)}`, "or a host name")}
  port: 8001

# {day} becomes the day that was measured, such as 2026-11-22, and {ip} the device's address.
# A script that returns the readings:  - { ip: 192.168.1.2, survey: sensors/tank.ts }
# A sensor that sends by itself:       - { ip: 192.168.1.2 }
devices:
${devicesOf(answers).join("\n") || "  []"}
`
}

/** "06:00" as a cron expression; undefined unless it is a time. */
export function cronOf(time: string): string | undefined {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time) ?? []
  return hour === undefined ? undefined : `${Number(minute)} ${Number(hour)} * * *`
}

/** A line each. */
function devicesOf({ devices, "first-device": ip }: Answers): string[] {
  const first = parseAddress(ip) ?? 0
  const device = (name: string, index: number) => entry({ ip: formatAddress(first + index), name, survey: SURVEY })
  const amount = /^(0|[1-9]\d*)$/.test(devices) ? Number(devices) : undefined
  if (amount === undefined) return devices.split(",").map((name, index) => device(name.trim(), index))
  if (amount <= LISTED) return Array.from({ length: amount }, (_, index) => device(`device${index + 1}`, index))
  return [entry({ ip: formatRange({ first, last: Math.min(first + amount - 1, LAST_ADDRESS) }), survey: SURVEY })]
}

const pair = (key: string, value: string): string => stringify({ [key]: value }, { lineWidth: 0 }).trimEnd()

const flow = (section: object): string => stringify(section, { collectionStyle: "flow", lineWidth: 0 }).trimEnd()

const entry = (device: object): string => `  - ${flow(device)}`

const said = (line: string, comment: string): string => `${line.padEnd(COMMENT_COLUMN - 1)} # ${comment}`
