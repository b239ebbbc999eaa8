// topology.yaml, damaged and made up: always a Topology, or problems that each have a place.
import type { Topology } from "../../../src/topology/topology"
import { parseTopology, TopologyError } from "../../../src/topology/yaml/load"
import type { Problem } from "../../../src/topology/yaml/problem"
import type { Dice } from "./dice"
import type { Target } from "./target"
import { makeYaml } from "./topology-text"

type Parse = (text: string, file: string) => Topology

const FILE = "topology.yaml"
const DEVICES_LOOKED_AT = 3
const SLOW_MS = 10_000

export class Topologies implements Target {
  readonly name = "topologies"
  #text = ""

  constructor(private readonly parse: Parse = parseTopology) {}

  check(dice: Dice): string | undefined {
    this.#text = makeYaml(dice)
    const startedAt = performance.now()
    const wrong = this.#judge()
    const elapsedMs = performance.now() - startedAt
    return elapsedMs > SLOW_MS ? `took ${Math.round(elapsedMs)} ms` : wrong
  }

  input(): string {
    return JSON.stringify(this.#text)
  }

  #judge(): string | undefined {
    try {
      return this.#checkTopology(this.parse(this.#text, FILE))
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error
      if (error.problems.length === 0) return "refused without a problem"
      return this.#checkProblems(error.problems, error.message)
    }
  }

  #checkProblems(problems: readonly Problem[], shown: string): string | undefined {
    const lines = this.#text.split("\n").length
    for (const { file, line, column, message } of problems) {
      const isMissing = line === 0 && column === 0 && message.startsWith("has no ") // a section, so the whole file has it
      if (file !== FILE || !(isMissing || (line >= 1 && line <= lines && column >= 1)))
        return `a problem at ${file}:${line}:${column}`
      if (!/\S/.test(message) || /undefined|\[object|NaN/.test(withoutQuoted(message)))
        return `a problem that says ${message}`
    }
    if (/^ +at .+:\d+:\d+\)?$/m.test(shown) || /[\p{Cc}\p{Cf}]/u.test(shown.replaceAll("\n", "")))
      return `shown as ${JSON.stringify(shown)}`
    return undefined
  }

  /** Sound enough for a network to start with. */
  #checkTopology(topology: Topology): string | undefined {
    const { timeZone, devices, gateway, schedule, warnings } = topology
    Temporal.Now.zonedDateTimeISO(timeZone)
    if (!(devices.size >= 1)) return `${devices.size} devices`
    for (const device of Iterator.from(devices).take(DEVICES_LOOKED_AT)) {
      if (devices.get(device.address)?.ip !== device.ip) return `${device.ip} is not the device that it is`
    }
    const network = gateway.interfaces.devices.address
    const sound = network.prefix >= 1 && network.prefix <= 32 && areSites(topology) && schedule.cron !== ""
    return sound ? this.#checkProblems(warnings, "") : `unsound: ${JSON.stringify(topology)}`
  }
}

/** Each has a name, and each but the topology's own says where it delivers from. */
const areSites = ({ site, cloud }: Topology): boolean =>
  cloud.sites.length > 0 &&
  cloud.sites.every((each) => each.site !== "" && (each.site === site || each.from !== undefined))

/** A message may quote what the user wrote. */
const withoutQuoted = (message: string): string => message.replace(/: it is .*|".*"|\*.*|is not a key here.*/su, "")
