// Whose survey a file is, and of which day, by the paths that topology.yaml gives: surveys/{day}/{ip}.txt
import { resolve } from "node:path"
import { type Day, parseDay } from "../../survey/calendar"
import { parseAddress } from "../../topology/address"
import type { Device, DeviceEntry } from "../../topology/devices"
import type { Topology } from "../../topology/topology"

export interface Owned {
  readonly device: Device
  /** As the path has it; undefined where the survey's path names none. */
  readonly day: Day | undefined
}

const PLACES = /\{(ip|day)\}|[*?]/g
const PATTERNS: Readonly<Record<string, string>> = { "*": "[^/]*", "?": "[^/]" }
const NAMED: Readonly<Record<string, string>> = { ip: "\\d+\\.\\d+\\.\\d+\\.\\d+", day: "\\d{4}-\\d\\d-\\d\\d" }

/** Those whose survey the file is. */
export function* ownersOf(file: string, { devices, folder }: Topology): Generator<Owned> {
  const path = resolve(file)
  for (const entry of devices.entries) {
    const { survey, format, ip } = entry
    if (survey === undefined) continue
    const whole = resolve(folder, survey)
    const found = patternOf(whole, format !== undefined).exec(path)
    if (!found && whole !== path) continue
    const day = parseDay(found?.groups?.day ?? "")
    const named = found?.groups?.ip
    if (named === undefined) yield* devicesOf(entry, day, devices)
    else {
      const address = parseAddress(named)
      const device = address !== undefined && address >= ip.first && address <= ip.last && devices.get(address)
      if (device) yield { device, day }
    }
  }
}

function* devicesOf({ ip }: DeviceEntry, day: Day | undefined, devices: Topology["devices"]): Generator<Owned> {
  for (let address = ip.first; address <= ip.last; address++) {
    const device = devices.get(address)
    if (device) yield { device, day }
  }
}

/** @param hasSeveral whether * and ? in it stand for other files' names */
function patternOf(survey: string, hasSeveral: boolean): RegExp {
  const seen = new Set<string>()
  let pattern = ""
  let end = 0
  for (const { 0: text, 1: name, index } of survey.matchAll(PLACES)) {
    if (name === undefined && !hasSeveral) continue
    pattern += RegExp.escape(survey.slice(end, index))
    if (name === undefined) pattern += PATTERNS[text] ?? ""
    else pattern += seen.has(name) ? `\\k<${name}>` : `(?<${name}>${NAMED[name] ?? ""})`
    if (name !== undefined) seen.add(name)
    end = index + text.length
  }
  return new RegExp(`^${pattern}${RegExp.escape(survey.slice(end))}$`)
}
