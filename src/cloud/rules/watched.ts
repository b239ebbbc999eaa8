// What the topology has watched: rules for all, and a device's own before them.
import { type DeviceRules, rulesFor } from "../../topology/alerts/rules"
import type { Devices } from "../../topology/devices"
import { placeIn } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { isAnySet, type Watched } from "./evaluation"

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

function ownRules({ entries }: Devices, all: DeviceRules): ((address: number) => DeviceRules) | undefined {
  const ranges = entries.map(({ ip }) => ip)
  const rules = entries.map((entry) => rulesFor(all, entry.rules))
  if (!rules.some(isAnySet) && !isAnySet(all)) return undefined
  return (address) => {
    const place = placeIn(ranges, address)
    return (ranges[place]?.first ?? address + 1) <= address ? (rules[place] ?? all) : all
  }
}
