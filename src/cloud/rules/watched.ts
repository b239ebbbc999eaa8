// What the topology has watched: rules for all, and a device's own before them.
import {
  DEVICE_RULES,
  type DeviceRules,
  RUN_RULES,
  type RuleName,
  type Rules,
  rulesFor,
} from "../../topology/alerts/rules"
import type { Devices } from "../../topology/devices"
import { placeIn } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"

export type RulesOf = (address: number) => DeviceRules

/** What the topology says now. */
export interface Watched {
  readonly ofRuns: Rules
  /** Undefined: nothing is watched of any device of the site. */
  ofDevices(site: string): RulesOf | undefined
}

/** The devices of other sites have the rules for all. */
export function watchedBy({ site, devices, alerts }: Pick<Topology, "site" | "devices" | "alerts">): Watched {
  const own = ownRules(devices, alerts.rules)
  return {
    ofRuns: alerts.rules,
    ofDevices: (name) => {
      if (name === site) return own
      return isAnySet(alerts.rules) ? () => alerts.rules : undefined
    },
  }
}

function ownRules({ entries }: Devices, all: DeviceRules): RulesOf | undefined {
  const ranges = entries.map(({ ip }) => ip)
  const rules = entries.map((entry) => rulesFor(all, entry.rules))
  if (!rules.some(isAnySet) && !isAnySet(all)) return undefined
  return (address) => {
    const place = placeIn(ranges, address)
    return (ranges[place]?.first ?? address + 1) <= address ? (rules[place] ?? all) : all
  }
}

/** Whether it is watched for this. */
export const isSet = (rules: Partial<Rules>, rule: RuleName): boolean =>
  rules[rule] !== undefined && rules[rule] !== false

/** Whether any rule of a device is set. */
const isAnySet = (rules: DeviceRules): boolean => DEVICE_RULES.some((rule) => isSet(rules, rule))

/** Whether it is about a run, and not about a device's readings. */
export const isOfRun = (rule: RuleName): boolean => RUN_RULES.some((each) => each === rule)
