// What a device is watched for, and what holds of it.
import { THRESHOLDS } from "../../cloud/rules/judge"
import { type HeldDocument, readHeldOf } from "../../cloud/rules/reader"
import { watchedBy } from "../../cloud/rules/watched"
import type { StorePlace } from "../../cloud/store/open"
import { type DeviceRules, isOfHumidity } from "../../topology/alerts/rules"
import type { Topology } from "../../topology/topology"
import type { DeviceFound } from "./find"
import { celsius, percent } from "./texts"

/** A line of the plot. */
export interface Threshold {
  readonly rule: (typeof THRESHOLDS)[number]
  readonly of: "temperature" | "humidity"
  /** % or °C. */
  readonly value: number
}

export interface WatchedDevice {
  readonly thresholds: readonly Threshold[]
  /** The worst first. */
  readonly holds: readonly HeldDocument[]
}

/** @param place undefined where there is no store */
export async function watchedDevice(
  { site, address }: Pick<DeviceFound, "site" | "address">,
  topology: Topology,
  place: StorePlace | undefined,
): Promise<WatchedDevice> {
  const holds = place ? await readHeldOf(place, site, address) : []
  return { thresholds: thresholdsOf(watchedBy(topology).ofDevices(site)?.(address) ?? {}), holds }
}

export const thresholdsOf = (rules: DeviceRules): Threshold[] =>
  THRESHOLDS.flatMap((rule): Threshold[] => {
    const value = rules[rule]
    if (value === undefined || value === false) return []
    return [{ rule, of: isOfHumidity(rule) ? "humidity" : "temperature", value }]
  })

/** "dry below 20 %" */
export function thresholdText({ rule, of, value }: Threshold): string {
  const amount = of === "humidity" ? percent(value) : celsius(value)
  return `${rule} ${rule === "dry" || rule === "frost" ? "below" : "above"} ${amount}`
}
