// What must be true when a course is over: every acknowledged reading is in the store or where it may be instead, and
// nothing else is.
import { parseAddress } from "../../../src/topology/address"
import type { Installation } from "./installation"
import { isOfReadings, readSpool } from "./spool"
import type { Dropped, StoredValue } from "./store"

const BELIEVED_RUNS = 3

/** Complains to the world. Returns how many readings were looked for. */
export function inspect(installation: Installation): number {
  const { files, oracle, names } = installation
  const store = installation.watcher.look()
  const spool = readSpool(files.spool)
  const complain = (what: string) => installation.world.fail(what)
  const inStore = new Set([...store.shown, ...store.superseded].map(({ reading }) => reading))
  const kept = spool.quarantined.filter(isOfReadings)
  const inQuarantine = new Set(kept.flatMap(({ readings }) => readings))
  for (const reading of oracle.owing) {
    if (inStore.has(reading) || inQuarantine.has(reading) || oracle.mayBeCovered(reading)) continue
    complain(`lost although acknowledged: ${reading}`)
  }
  // the gateway speaks for one site only: under a name that it had before a person drops at the cloud
  const own = spool.dropped.map((each) => ({ ...each, site: names.gateway }))
  checkValues(installation, store.shown, store.superseded, [...store.dropped, ...own])
  checkSpool(installation)

  const shown = new Set(store.shown.map(({ site, reading }) => `${site} ${reading}`))
  const gaveWay = new Set(store.superseded.map(({ site, reading }) => `${site} ${reading}`))
  for (const { readings, isRefused } of spool.surveys) {
    if (isRefused) continue
    for (const reading of readings) {
      const key = `${names.gateway} ${reading}`
      if (!shown.has(key) && !gaveWay.has(key)) complain(`not delivered as ${names.gateway}: ${reading}`)
    }
  }
  return oracle.owing.size
}

/** What is in the store, and with which right. */
function checkValues(
  { oracle, world, ips }: Installation,
  shown: readonly StoredValue[],
  superseded: readonly StoredValue[],
  tombstones: readonly (Dropped & { readonly site: string })[],
): void {
  const keyOf = ({ site, ip, day, time }: StoredValue) => `${site} ${ip} ${day} ${time}`
  const counting = new Map(shown.map((value) => [keyOf(value), value]))
  if (counting.size < shown.length) world.fail("a time has two values")
  for (const { reading, ip } of [...shown, ...superseded]) {
    if (!oracle.wasSent(reading)) world.fail(`nobody sent: ${reading}`)
    if (!ips.includes(ip)) world.fail(`of no device: ${reading}`)
  }
  for (const value of superseded) {
    const winner = counting.get(keyOf(value))
    if (!winner) world.fail(`superseded by nothing: ${value.reading}`)
    else if (compare(value, winner) > 0) world.fail(`superseded by less: ${value.reading} by ${winner.reading}`)
  }
  for (const { site, reading, ip, day, revision } of shown) {
    const upTo = oracle.droppedUpTo(reading)
    if (upTo === undefined || revision > upTo) continue
    const address = parseAddress(ip) ?? 0
    // where no database knows of it any more, the course has destroyed what a person had asked for
    const isKnown = tombstones.some((each) => {
      const isOfDay = each.site === site && each.day === day && revision <= each.revision
      return isOfDay && each.first <= address && address <= each.last
    })
    if (isKnown) world.fail(`dropped, and back: ${site} ${reading}`)
  }
}

/** Nothing waits, and what the cloud refused was refused on three runs. */
function checkSpool({ files, world, front }: Installation): void {
  const { surveys, quarantined, unconfirmed, absent } = readSpool(files.spool)
  for (const { ip, day, isDue } of surveys) if (isDue) world.fail(`not delivered: ${ip} ${day}`)
  for (const day of unconfirmed) world.fail(`not confirmed: ${day}`)
  for (const reason of absent) if (reason.includes("stranger")) world.fail(`taken from a stranger: ${reason}`)
  for (const { kind, ip, day, reason } of quarantined) {
    if (kind !== "delivery") continue
    const runs = front.refusals.get(`${ip} ${day}`)?.size ?? 0
    if (runs < BELIEVED_RUNS) world.fail(`in quarantine after refusals on ${runs} runs: ${ip} ${day}, ${reason}`)
  }
}

/** As the store must: by revision, then by the value's text. */
function compare(a: StoredValue, b: StoredValue): number {
  if (a.revision !== b.revision) return a.revision - b.revision
  const [first, second] = [a, b].map(({ reading }) => lineOf(reading))
  return (first ?? "") < (second ?? "") ? -1 : first === second ? 0 : 1
}

function lineOf(reading: string): string {
  const [, , time, temperature, humidity] = reading.split(" ")
  return `${time} - ${temperature} - ${humidity}%`
}
