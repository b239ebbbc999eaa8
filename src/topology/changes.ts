// What differs between two readings of topology.yaml, and which of it needs a new start.
import { count } from "../format"
import { formatRange } from "./address"
import type { DeviceEntry, Devices } from "./devices"
import type { ServedSite, Topology } from "./topology"

const AT_ONCE = ["grace", "spread", "cron"] as const
const SITES_TOLD = 10 // of each kind of change, of thousands
const POSTPONED = [
  "site",
  "timeZone",
  "bufferSize",
  "transmission",
  "limits",
  "security",
  "gateway",
  "cloud",
  "page",
] as const

/** `applied`: what takes effect at once, a line each, "+ 192.168.1.6 basil"; `postponed`: keys that need a new start. */
export function changesOf(before: Topology, after: Topology): { applied: string[]; postponed: string[] } {
  const renumbered = differs(before.gateway.interfaces, after.gateway.interfaces)
  const devices = deviceChanges(before.devices, after.devices)
  const sites = siteChanges(before.cloud.sites, after.cloud.sites)
  const rekeyed = areRekeyed(before, after)
  const schedule = AT_ONCE.filter((key) => differs(before.schedule[key], after.schedule[key]))
  return {
    applied: [
      ...(before.sample === after.sample ? [] : [`sample: ${after.sample}`]),
      ...(renumbered ? [] : devices),
      ...(rekeyed ? [] : sites),
      ...differingKeys("formats", before.formats, after.formats).map((key) => `${key} changed`),
      ...schedule.map((key) => `schedule.${key}: ${inWords(after.schedule[key])}`),
      // not what it is now: their URLs are secrets
      ...differingKeys("alerts", before.alerts, after.alerts).map((key) => `${key} changed`),
    ],
    postponed: [
      ...POSTPONED.flatMap((key) => differingKeys(key, before[key], after[key])).filter(
        (key) => key !== "cloud.sites" || (rekeyed && sites.length > 0),
      ),
      ...(renumbered && devices.length > 0 ? ["devices"] : []),
    ],
  }
}

/** The topology to go on with: what may change does, all else stays as it was started. */
export function applyChanges(before: Topology, after: Topology): Topology {
  // devices of a renumbered network belong to an interface that is not bound yet
  const renumbered = differs(before.gateway.interfaces, after.gateway.interfaces)
  const devices = renumbered ? before.devices : after.devices
  const { sample, schedule, alerts, formats, sitesFile } = after
  const { sites } = areRekeyed(before, after) ? before.cloud : after.cloud
  const cloud = { ...before.cloud, sites }
  return { ...before, sample, devices, schedule, alerts, formats, cloud, sitesFile }
}

/** Whether sites are known in another way than before: then theirs holds with the keys that it is told for. */
const areRekeyed = (before: Topology, after: Topology): boolean =>
  before.site !== after.site ||
  differs(before.cloud.tls, after.cloud.tls) ||
  differs(before.gateway.tls, after.gateway.tls)

function siteChanges(before: readonly ServedSite[], after: readonly ServedSite[]): string[] {
  const was = bySite(before)
  const is = bySite(after)
  const changes = {
    "-": [...was.keys()].filter((site) => !is.has(site)),
    "+": [...is.keys()].filter((site) => !was.has(site)),
    "~": [...is].flatMap(([site, served]) => (was.has(site) && differs(served, was.get(site)) ? [site] : [])),
  }
  return Object.entries(changes).flatMap(([sign, sites]) => {
    const more = sites.length - SITES_TOLD
    return [
      ...sites.slice(0, SITES_TOLD).map((site) => `${sign} site ${site}`),
      ...(more > 0 ? [`${sign} ${count(more, "more site")}`] : []),
    ]
  })
}

const bySite = (sites: readonly ServedSite[]) => new Map(sites.map((served) => [served.site, served]))

function deviceChanges(before: Devices, after: Devices): string[] {
  const was = byRange(before)
  const is = byRange(after)
  const lines: string[] = []
  for (const [range, entry] of was) if (!is.has(range)) lines.push(`- ${labelOf(range, entry)}`)
  for (const [range, entry] of is) {
    const known = was.get(range)
    if (!known) lines.push(`+ ${labelOf(range, entry)}`)
    else if (known.paused !== entry.paused)
      lines.push(`~ ${labelOf(range, entry)} ${entry.paused ? "paused" : "no longer paused"}`)
    else if (known.survey !== entry.survey)
      lines.push(`~ ${labelOf(range, entry)} survey: ${entry.survey ?? "it sends by itself"}`)
    else if (known.format !== entry.format || known.sensor !== entry.sensor)
      lines.push(`~ ${labelOf(range, entry)} ${sourceOf(entry)}`)
    else if (differs(known.rules, entry.rules)) lines.push(`~ ${labelOf(range, entry)} rules changed`)
    else if (known.name !== entry.name) lines.push(`~ ${labelOf(range, entry)}`)
  }
  return lines
}

/** "gateway.retention" rather than "gateway". */
function differingKeys(key: string, before: unknown, after: unknown): string[] {
  if (!differs(before, after)) return []
  if (!isSection(before) || !isSection(after)) return [key]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].filter((name) => differs(before[name], after[name])).map((name) => `${key}.${name}`)
}

const isSection = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

const byRange = ({ entries }: Devices) => new Map(entries.map((entry) => [formatRange(entry.ip), entry]))

const labelOf = (range: string, { name }: DeviceEntry) => (name === undefined ? range : `${range} ${name}`)

const sourceOf = ({ format, sensor }: DeviceEntry) =>
  [`format: ${format ?? "none"}`, ...(sensor === undefined ? [] : [`sensor: ${sensor}`])].join(", ")

const inWords = (value: string | Temporal.Duration) => (typeof value === "string" ? value : value.toLocaleString("en"))

// durations and addresses have no identity, their text is what they are
const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b)
