// Some days of a small site by a seed: surveys that come, come late, come again with other values and with bad lines.
import type { ReadSurvey } from "../../../src/device/source"
import { SurveyMissing } from "../../../src/device/source/missing"
import { addDays, type Day } from "../../../src/survey/calendar"
import type { Topology } from "../../../src/topology/topology"
import { parseTopology } from "../../../src/topology/yaml/load"
import { seededRandom } from "../../virtual-clock"

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** The schedule's first instant. */
const FIRST_RUN = Date.UTC(2026, 10, 23, 6)
/** Each day is collected twice: what came by then, and after corrections. */
export const TURNS_A_DAY = 2
export const DAYS = 8
const RETENTION_DAYS = 2
export const SITE = "greenhouse"
export const SPOOL_FILE = "gateway.db"
export const STORE_FILE = "cloud.db"

const READINGS = 4
const BAD_VALUE = 130 // % humidity

/** When a turn begins, ms since the epoch, and the run of the schedule that it belongs to. */
export const turnAt = (turn: number): { at: number; scheduledAt: number } => {
  const scheduledAt = FIRST_RUN + Math.floor(turn / TURNS_A_DAY) * DAY_MS
  return { at: scheduledAt + (turn % TURNS_A_DAY) * HOUR_MS, scheduledAt }
}

export const oldestKept = (today: Day): Day => addDays(today, -RETENTION_DAYS)

export const topologyIn = (folder: string): Topology =>
  parseTopology(
    `
site: ${SITE}
timeZone: UTC
schedule: { cron: "0 6 * * *", grace: 30s }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24, port: 10005 }
    cloud: { address: 10.10.10.1/24 }
  spool: ${SPOOL_FILE}
  retention: ${RETENTION_DAYS}d
cloud: { address: 10.10.10.2, port: 8001, store: ${STORE_FILE}, console: "off" }
devices:
  - { ip: 192.168.1.2-192.168.1.7, survey: "{ip}/{day}.txt" }
`,
    `${folder}/topology.yaml`,
  )

/** The survey files as they stand in this turn. */
export function surveysOf(seed: number, turn: () => number): ReadSurvey {
  const looks = new Map<string, number>()
  return async ({ device: { ip }, day }) => {
    const random = seededRandom(Bun.hash.crc32(`${seed} ${ip} ${day}`))
    const looked = `${turn()} ${ip} ${day}`
    const look = (looks.get(looked) ?? 0) + 1
    looks.set(looked, look)
    // a quarter is not there yet when it is looked for first, and then comes late
    if (random() < 0.25 && look === 1) throw new SurveyMissing(`${ip}/${day}.txt is not there`)
    return { bytes: new TextEncoder().encode(surveyText(random, turn() % TURNS_A_DAY)) }
  }
}

/** In later turns some values are other ones, readings have come, and some are no longer told of. */
function surveyText(random: () => number, corrections: number): string {
  const lines: string[] = []
  for (let index = 0; index < READINGS; index++) {
    const time = `${String(index * 6).padStart(2, "0")}:${String(Math.floor(random() * 60)).padStart(2, "0")}`
    const [tellsFirst, tellsLater, changes, isBad] = [random() < 0.8, random() < 0.8, random() < 0.3, random() < 0.1]
    const temperature = Math.floor(random() * 400) / 10 + (changes ? corrections / 4 : 0)
    const humidity = isBad ? BAD_VALUE : Math.floor(random() * 100)
    if (corrections > 0 ? tellsLater : tellsFirst) lines.push(`${time} - ${temperature} - ${humidity}%\n`)
  }
  return lines.join("")
}

/** What a survey's lines come to: those that the gateway takes, and those that it must refuse. */
export function sortLines(text: string): { good: string[]; bad: string[] } {
  const lines = text.split("\n").filter((line) => line !== "")
  const isBad = (line: string) => line.endsWith(` ${BAD_VALUE}%`)
  return { good: lines.filter((line) => !isBad(line)), bad: lines.filter(isBad) }
}
