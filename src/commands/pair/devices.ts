// Devices' keys: the site's secret, which devices have a key of it, and the keys themselves for where the sensors are.
import { existsSync } from "node:fs"
import { join, relative } from "node:path"
import { count } from "../../format"
import { deviceKeyOf, formatSecret, makeSiteSecret, parseSecret, SITE_SECRET_BYTES } from "../../keys/device"
import { type Epochs, parseEpochs } from "../../keys/epochs"
import { KeyError } from "../../keys/errors"
import { readSecret, readText, replaceFile, writeSecret } from "../../keys/files"
import { DEVICES_FILE, deviceKeyFile, SITE_SECRET_FILE } from "../../keys/folder"
import { type AddressRange, formatAddress, formatRange } from "../../topology/address"
import { addressesIn, sizeOf } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import type { Screen } from "../screen"

/**
 * Gives keys to those that have none; prints the key of each.
 * @param isNew keys of those that have one are made anew: what was derived before is worth nothing
 */
export async function pairDevices(
  ranges: readonly AddressRange[],
  topology: Topology,
  isNew: boolean,
  screen: Screen,
): Promise<void> {
  refuseStrangers(ranges, topology)
  const folder = join(topology.folder, "keys")
  const [secretFile, devicesFile] = [join(folder, SITE_SECRET_FILE), join(folder, DEVICES_FILE)]
  const before = readEpochs(devicesFile)
  if (!existsSync(secretFile) && !before.isEmpty) {
    throw new KeyError(`${devicesFile} names devices with keys, and ${secretFile} is not there: bring it back`)
  }
  const siteSecret = existsSync(secretFile) ? readSiteSecret(secretFile) : makeSecret(secretFile, topology, screen)
  const asked = ranges.flatMap((range) => (isNew ? [range] : before.gapsIn(range)))
  const epochs = asked.reduce((raised, range) => raised.raise(range), before)
  // before a key is shown: one that the gateway does not take would be worth nothing
  if (asked.length > 0) replaceFile(devicesFile, epochs.format())
  for (const range of ranges) await printKeys(range, siteSecret, epochs, screen)
  tell(ranges, asked, screen)
}

function refuseStrangers(ranges: readonly AddressRange[], { devices, file }: Topology): void {
  for (const range of ranges) {
    for (const address of addressesIn([range])) {
      if (!devices.get(address)) throw new UsageError(`${formatAddress(address)} is not declared in ${file}`)
    }
  }
}

function readEpochs(path: string): Epochs {
  const text = existsSync(path) ? readText(path, "") : ""
  try {
    return parseEpochs(text, path)
  } catch (cause) {
    throw new KeyError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function readSiteSecret(path: string): Uint8Array {
  const secret = parseSecret(readSecret(path, ""), SITE_SECRET_BYTES)
  if (!secret) throw new KeyError(`${path} has to be ${2 * SITE_SECRET_BYTES} hexadecimal digits`)
  return secret
}

function makeSecret(path: string, { folder }: Topology, screen: Screen): Uint8Array {
  const secret = makeSiteSecret((length) => crypto.getRandomValues(new Uint8Array(length)))
  writeSecret(path, formatSecret(secret))
  screen.success(`The site's secret is made: ${relative(folder, path)}. All of its devices' keys are derived from it`)
  return secret
}

const LINES_AT_ONCE = 10_000

/** `192.168.1.2 5f0c…` a line. */
async function printKeys(range: AddressRange, siteSecret: Uint8Array, epochs: Epochs, screen: Screen): Promise<void> {
  let lines = ""
  let waiting = 0
  for (const address of addressesIn([range])) {
    const epoch = epochs.epochOf(address)
    if (epoch === undefined) continue
    lines += `${formatAddress(address)} ${formatSecret(deviceKeyOf(siteSecret, address, epoch))}`
    if (++waiting < LINES_AT_ONCE) continue
    await screen.print(lines)
    lines = ""
    waiting = 0
  }
  if (lines !== "") await screen.print(lines)
}

function tell(ranges: readonly AddressRange[], asked: readonly AddressRange[], screen: Screen): void {
  const [all, made] = [sizeOf(ranges), sizeOf(asked)]
  screen.plain()
  if (made > 0)
    screen.success(
      `${count(made, "key")} made. The gateway takes nothing of ${ranges.map(formatRange).join(", ")} without`,
    )
  if (made < all) screen.info(`${count(all - made, "key")} of before, which hold: --new makes them anew`)
  const [first] = ranges
  const file = all === 1 && first ? deviceKeyFile(formatAddress(first.first)) : deviceKeyFile("<address>")
  screen.info(`The gateway's host needs keys/${SITE_SECRET_FILE} and keys/${DEVICES_FILE}, and no other host does.`)
  screen.info(`A device's host needs its key alone, in keys/${file} beside its topology.yaml, of mode 0600.`)
  screen.info(
    `A sensor of another make: OSCORE, AES-CCM-16-64-128, HKDF SHA-256, this key as Master Secret without a salt, its IPv4 address in 4 bytes as Sender ID, 67 as Recipient ID.`,
  )
}
