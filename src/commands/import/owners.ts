// Whose survey a file is, and of which day, by the paths that topology.yaml gives: surveys/{day}/{ip}.txt
import { resolve } from "node:path"
import { type Day, parseDay } from "../../survey/calendar"
import { formatRange, parseRange } from "../../topology/address"
import type { Device, DeviceEntry, Devices } from "../../topology/devices"
import { addressesIn } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"

export interface Owned {
  readonly device: Device
  /** As the path has it; undefined where the survey's path names none. */
  readonly day: Day | undefined
}

const PLACES = /\{(ip|day)\}|[*?]/g
const PATTERNS: Readonly<Record<string, string>> = { "*": "[^/]*", "?": "[^/]" }
const NAMED: Readonly<Record<string, string>> = { ip: "\\d+\\.\\d+\\.\\d+\\.\\d+", day: "\\d{4}-\\d\\d-\\d\\d" }

/** A survey's path, once for all files that are asked of. */
interface SurveyPath {
  readonly entry: DeviceEntry
  readonly whole: string
  readonly pattern: RegExp
}

export class Owners {
  readonly #devices: Devices
  readonly #paths: readonly SurveyPath[]

  constructor({ devices, folder }: Pick<Topology, "devices" | "folder">) {
    this.#devices = devices
    this.#paths = devices.entries.flatMap((entry) => {
      if (entry.survey === undefined) return []
      const whole = resolve(folder, entry.survey)
      return [{ entry, whole, pattern: patternOf(whole, entry.format !== undefined) }]
    })
  }

  /** Those whose survey the file is. */
  *of(file: string): Generator<Owned> {
    const path = resolve(file)
    for (const { entry, whole, pattern } of this.#paths) {
      const found = pattern.exec(path)
      if (!found && whole !== path) continue
      const { ip = formatRange(entry.ip), day } = found?.groups ?? {}
      const range = parseRange(ip)
      if (!range || range.first < entry.ip.first || range.last > entry.ip.last) continue
      for (const address of addressesIn([range])) {
        const device = this.#devices.get(address)
        if (device) yield { device, day: parseDay(day ?? "") }
      }
    }
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
