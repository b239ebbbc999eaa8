// Devices' keys: the site's secret, which devices have a key of it, and the keys themselves for where the sensors are.
import { existsSync } from "node:fs"
import { join, relative } from "node:path"
import { count } from "../../format"
import { deviceKeyOf, formatSecret, makeSiteSecret } from "../../keys/device"
import type { Epochs } from "../../keys/epochs"
import { replaceFile, writeSecret } from "../../keys/files"
import { DEVICES_FILE, deviceKeyFile, KEYS, readSiteKeys, SITE_SECRET_FILE } from "../../keys/folder"
import { type AddressRange, formatAddress, formatRange } from "../../topology/address"
import { addressesIn, sizeOf } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import type { Screen } from "../screen"
import { foreignCode, foreignLine } from "./foreign"

const MOST_FILES = 256 // of keys that are somewhere else in the end
const MOST_CODES = 20
const LINES_AT_ONCE = 10_000

export interface PairDevicesOptions {
  readonly topology: Topology
  /** Keys of those that have one are made anew: what was derived before is worth nothing. */
  readonly isNew: boolean
  /** Each key also as a code for a camera. */
  readonly hasCodes: boolean
  readonly screen: Screen
}

/** What is known of the keys when all are made. */
interface Made {
  readonly siteSecret: Uint8Array
  readonly epochs: Epochs
}

/** Gives keys to those that have none; prints the key of each, and writes it into a file where they are few. */
export async function pairDevices(ranges: readonly AddressRange[], options: PairDevicesOptions): Promise<void> {
  const { topology, isNew, hasCodes, screen } = options
  refuseStrangers(ranges, topology)
  if (hasCodes && sizeOf(ranges) > MOST_CODES)
    throw new UsageError(`--qr is for ${MOST_CODES} devices at a time: these are ${sizeOf(ranges)}`)
  const folder = join(topology.folder, KEYS)
  const before = readSiteKeys(folder)
  const siteSecret = before.siteSecret ?? makeSecret(join(folder, SITE_SECRET_FILE), topology, screen)
  const asked = ranges.flatMap((range) => (isNew ? [range] : before.epochs.gapsIn(range)))
  const made = { siteSecret, epochs: asked.reduce((raised, range) => raised.raise(range), before.epochs) }
  // before a key is shown: one that the gateway does not take would be worth nothing
  if (asked.length > 0) replaceFile(join(folder, DEVICES_FILE), made.epochs.format())
  const hasFiles = writeFiles(ranges, folder, made)
  await printKeys(ranges, made, screen)
  if (hasCodes)
    for (const [address, key] of keysOf(ranges, made)) await screen.print(foreignCode(address, key, topology))
  tell({ ranges, asked, hasFiles, made }, options)
}

function refuseStrangers(ranges: readonly AddressRange[], { devices, file }: Topology): void {
  for (const address of addressesIn(ranges)) {
    if (!devices.get(address)) throw new UsageError(`${formatAddress(address)} is not declared in ${file}`)
  }
}

function makeSecret(path: string, { folder }: Topology, screen: Screen): Uint8Array {
  const secret = makeSiteSecret((length) => crypto.getRandomValues(new Uint8Array(length)))
  writeSecret(path, formatSecret(secret))
  screen.success(`The site's secret is made: ${relative(folder, path)}. All of its devices' keys are derived from it`)
  return secret
}

/** Of many devices only files that are there already: they must not hold a key of before. Returns whether all have one. */
function writeFiles(ranges: readonly AddressRange[], folder: string, made: Made): boolean {
  const areFew = sizeOf(ranges) <= MOST_FILES
  for (const [address, key] of keysOf(ranges, made)) {
    const path = join(folder, deviceKeyFile(formatAddress(address)))
    if (areFew || existsSync(path)) replaceFile(path, formatSecret(key))
  }
  return areFew
}

function* keysOf(ranges: readonly AddressRange[], { siteSecret, epochs }: Made): Generator<[number, Uint8Array]> {
  for (const address of addressesIn(ranges)) {
    const epoch = epochs.epochOf(address)
    if (epoch !== undefined) yield [address, deviceKeyOf(siteSecret, address, epoch)]
  }
}

/** `192.168.1.2 5f0c…` a line. */
async function printKeys(ranges: readonly AddressRange[], made: Made, screen: Screen): Promise<void> {
  let lines = ""
  let waiting = 0
  for (const [address, key] of keysOf(ranges, made)) {
    lines += `${formatAddress(address)} ${formatSecret(key)}`
    if (++waiting < LINES_AT_ONCE) continue
    await screen.print(lines)
    lines = ""
    waiting = 0
  }
  if (lines !== "") await screen.print(lines)
}

interface Outcome {
  readonly ranges: readonly AddressRange[]
  readonly asked: readonly AddressRange[]
  readonly hasFiles: boolean
  readonly made: Made
}

function tell({ ranges, asked, hasFiles, made }: Outcome, { topology, isNew, screen }: PairDevicesOptions): void {
  const [all, fresh] = [sizeOf(ranges), sizeOf(asked)]
  const [single] = all === 1 ? keysOf(ranges, made) : []
  const file = single ? deviceKeyFile(formatAddress(single[0])) : deviceKeyFile("ADDRESS")
  screen.plain()
  if (fresh > 0) {
    const ended = isNew ? "; keys of before are worth nothing any more" : ""
    screen.success(
      `${count(fresh, "key")} made: the gateway takes nothing of ${ranges.map(formatRange).join(", ")} without${ended}`,
    )
  }
  if (fresh < all) screen.info(`${count(all - fresh, "key")} of before, which hold: --new makes them anew`)
  screen.info(
    `The gateway's host needs ${KEYS}/${SITE_SECRET_FILE} and ${KEYS}/${DEVICES_FILE}, and no other host does.`,
  )
  screen.info(
    hasFiles
      ? `A device on a host of its own needs ${KEYS}/${file} there, of mode 0600, and nothing else of ${KEYS}.`
      : `A device on a host of its own needs its key alone there, in ${KEYS}/${file} and of mode 0600.`,
  )
  screen.info(
    single
      ? `A sensor of another make needs this line: ${foreignLine(...single, topology)}`
      : "A sensor of another make: name it alone, and its settings are shown as one line; with --qr as a code too.",
  )
}
