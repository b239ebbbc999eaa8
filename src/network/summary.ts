// How one collection went, for whoever shows or tells it.
import type { Warning } from "../gateway/spool/warnings"
import type { Day } from "../survey/calendar"
import { formatAddress, formatRanges } from "../topology/address"
import type { Device, Devices } from "../topology/devices"
import type { Topology } from "../topology/topology"
import type { Reason } from "../verdict"

export interface Missing {
  readonly device: Device
  /** Why, where its host or its own survey told us. */
  readonly reason?: string
}

/** How one collection went; without a gateway here, how this host's devices fared. */
export interface Summary {
  readonly day: Day
  /** Devices that the run's collection expects at its end, or that this host sends for: those of its beginning that stayed. */
  readonly expected: number
  readonly missing: readonly Missing[]
  /** Readings of the day, all devices together. */
  readonly readings: number
  /** Readings that this collection brought to the store, whatever their day. */
  readonly stored: number
  readonly refusedLines: number
  /** Surveys of the day that the cloud refuses, and why, of the first of them. */
  readonly refusedSurveys: number
  readonly refusals: readonly Reason[]
  /** Days on which the cloud's store differs although everything was delivered again. */
  readonly differing: readonly Day[]
  /** Whether the cloud has everything and agreed; undefined without a gateway here. */
  readonly delivered?: boolean
  readonly warnings: readonly Warning[]
  readonly elapsedMs: number
  /** Each expected device's readings are in the store. */
  readonly complete: boolean
}

const RANGES_NAMED = 10

/** "Waiting for 192.168.1.4 until 06:15:00 Europe/Rome" */
export function awaitedText(missing: readonly number[], untilMs: number, timeZone: string): string {
  const until = Temporal.Instant.fromEpochMilliseconds(untilMs).toZonedDateTimeISO(timeZone).toPlainTime()
  const who = formatRanges(missing).slice(0, RANGES_NAMED).join(", ")
  return `Waiting for ${who} until ${until.toString({ smallestUnit: "second" })} ${timeZone}`
}

/**
 * Missing addresses as devices, each with the reason that its own source gave.
 * @param declared by several topologies, of which the first that knows a device describes it
 */
export function describeMissing(
  missing: readonly number[],
  declared: readonly Devices[],
  reasons: ReadonlyMap<number, string>,
): Missing[] {
  return missing.flatMap((address) => {
    const device = declared.map((devices) => devices.get(address)).find((known) => known !== undefined)
    const reason = reasons.get(address)
    return device ? [{ device, ...(reason !== undefined && { reason }) }] : []
  })
}

/** Data that is not a sample's any more, and the line that is in the way of seeing a dead logger. */
export const changedSampleText = ({ file }: Topology): string =>
  `The survey files change, so they are no sample: remove "sample: true" from ${file}, or nobody sees a file that is not written any more`

/** Surveys that cannot be read any more although what they held has arrived, a line each. */
export function goneSources(reasons: ReadonlyMap<number, string>, missing: readonly number[]): string[] {
  const absent = new Set(missing)
  return [...reasons]
    .filter(([address]) => !absent.has(address))
    .map(([address, reason]) => `${formatAddress(address)}: ${reason}; what had arrived before is safe`)
}
