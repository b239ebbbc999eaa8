// What the schema cannot tell: rules between one value and another, and what cron and the time zones say.
import { normalize } from "node:path"
import { didYouMean } from "../nearest"
import { contains, formatNetwork, formatRange, isLoopback, parseAddress } from "./address"
import { claimRefusals } from "./claims"
import { storeFault } from "./cloud/server-url"
import { siteRefusals, sitesDoubt } from "./cloud/site-rules"
import { cronFault } from "./cron"
import { isScript } from "./devices"
import { findFormat, formatRefusals } from "./formats/rules"
import { securityRefusals } from "./security/rules"
import { ZONE_RULE } from "./topology"
import type { Draft } from "./validate"
import { type Finding, WRITTEN } from "./yaml/problem"

type LineOf = (deviceIndex: number) => number

/** The rules that are broken. What the schema has refused is undefined in the draft, and passed over. */
export function refusals(draft: Draft, lineOf: LineOf): Finding[] {
  return [
    ...refusal(zoneFault(draft.timeZone), "timeZone"),
    ...refusal(cronFault(draft.schedule?.cron), "schedule", "cron"),
    ...refusal(storeRefusal(draft), "cloud", "store"),
    ...siteRefusals(draft),
    ...securityRefusals(draft),
    ...refusal(pageFault(draft), "page", "address"),
    ...formatRefusals(draft),
    ...claimRefusals(draft, lineOf),
  ]
}

/** What is sound, but probably not meant. */
export function warnings(draft: Draft, lineOf: LineOf): Finding[] {
  return [
    ...surveyWarnings(draft, lineOf),
    ...refusal(cloudDoubt(draft), "cloud", "address"),
    ...refusal(networkDoubt(draft), "gateway", "interfaces", "cloud", "address"),
    ...refusal(sitesDoubt(draft), "cloud", "sites"),
    ...refusal(spreadDoubt(draft), "schedule", "spread"),
    ...limitDoubts(draft),
  ]
}

function refusal(message: string | undefined, ...path: string[]): Finding[] {
  return message === undefined ? [] : [{ path, message }]
}

function zoneFault(zone: string | undefined): string | undefined {
  if (zone === undefined || isZone(zone)) return undefined
  const meant = didYouMean(zone, Intl.supportedValuesOf("timeZone"))
  return `must be ${ZONE_RULE}: it is ${WRITTEN}${meant}`
}

function isZone(zone: string): boolean {
  try {
    Temporal.Now.instant().toZonedDateTimeISO(zone)
    // An offset such as +01:00 would be valid, but has no daylight saving.
    return /^[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}

function storeRefusal({ gateway, cloud }: Draft): string | undefined {
  if (cloud?.store === undefined) return undefined
  const fault = storeFault(cloud.store)
  if (fault || gateway?.spool === undefined) return fault
  if (normalize(gateway.spool) !== normalize(cloud.store)) return undefined
  return `must not be the file of gateway.spool: both are ${WRITTEN}`
}

/** Whoever reaches the page reads everything. */
function pageFault({ page }: Draft): string | undefined {
  if (!page || page.address === undefined || isLoopback(page.address) || page.proxied || page.password) return undefined
  return (
    `${page.address} is not this machine alone: name the file of a password, as password: keys/page, ` +
    "or say proxied: true where a reverse proxy asks for one"
  )
}

function surveyWarnings({ devices = [], formats }: Draft, lineOf: LineOf): Finding[] {
  const firstWith = new Map<string, number>()
  return devices.flatMap((entry, index): Finding[] => {
    const { ip, survey, format } = entry ?? {}
    // A script is told which device it is asked for, and a format may say whose a row is.
    if (!ip || !survey || isScript(survey) || findFormat(formats, format)?.device) return []
    const path = ["devices", index, "survey"]
    const isFleet = ip.first !== ip.last
    if (isFleet && !survey.includes("{ip}")) {
      const message = `all devices of ${formatRange(ip)} share ${survey}: {ip} in it would give each its own`
      return [{ path, message }]
    }
    const file = isFleet ? survey : survey.replaceAll("{ip}", formatRange(ip))
    // formats of their own may read columns of their own
    const key = `${format ?? ""} ${file}`
    const first = firstWith.get(key)
    if (first === undefined) firstWith.set(key, index)
    if (first === undefined || isFleet) return []
    return [{ path, message: `${file} is also the survey of the device on line ${lineOf(first)}` }]
  })
}

function cloudDoubt({ gateway, cloud }: Draft): string | undefined {
  const network = gateway?.interfaces?.cloud?.address
  const address = parseAddress(cloud?.address ?? "")
  if (!network || address === undefined || contains(network, address)) return undefined
  return `${cloud?.address} is not in ${formatNetwork(network)}, the network of gateway.interfaces.cloud`
}

function networkDoubt({ gateway }: Draft): string | undefined {
  const { devices, cloud } = gateway?.interfaces ?? {}
  if (!devices?.address || !cloud?.address) return undefined
  const overlap = contains(devices.address, cloud.address.address) || contains(cloud.address, devices.address.address)
  if (!overlap) return undefined
  return `${formatNetwork(cloud.address)} and ${formatNetwork(devices.address)} of the other interface are one network`
}

function spreadDoubt({ schedule }: Draft): string | undefined {
  const { spread, grace } = schedule ?? {}
  if (!spread || !grace || Temporal.Duration.compare(spread, grace) < 0) return undefined
  return "is not shorter than schedule.grace: whoever sends behind that is late"
}

const BOUNDS = ["datagramsPerSecond", "transfers", "messages", "connections"] as const

function limitDoubts({ limits }: Draft): Finding[] {
  return BOUNDS.flatMap((key): Finding[] => {
    const one = limits?.perPeer?.[key]
    const all = limits?.overall?.[key]
    if (one === undefined || all === undefined || one <= all) return []
    const message = `is more than limits.overall.${key}, which is ${all}: one peer may take everything`
    return [{ path: ["limits", "perPeer", key], message }]
  })
}
