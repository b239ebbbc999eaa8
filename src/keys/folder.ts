// The keys beside a topology: `keys/site.secret` and `keys/devices` where the gateway is, `keys/<ip>.key` where a device is.
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import type { Clock } from "../clock"
import { errorText } from "../format"
import { INVOCATION } from "../installation"
import { type AddressRange, formatAddress, parseAddress } from "../topology/address"
import { joinRanges } from "../topology/ranges"
import { FileChanges } from "./changes"
import { DEVICE_KEY_BYTES, deviceKeyOf, parseSecret, SITE_SECRET_BYTES } from "./device"
import { Epochs, parseEpochs } from "./epochs"
import { KeyError } from "./errors"
import { readSecretIfThere, readTextIfThere } from "./files"

export const KEYS = "keys"
export const SITE_SECRET_FILE = "site.secret"
export const DEVICES_FILE = "devices"
export const deviceKeyFile = (ip: string): string => `${ip}.key`

/** The device whose key such a file holds. */
const deviceOfFile = (name: string): number | undefined =>
  name.endsWith(".key") ? parseAddress(name.slice(0, -".key".length)) : undefined

interface Loaded extends SiteKeys {
  /** A host without the folder looks for no device's key. */
  readonly isThere: boolean
}

const NOTHING: Loaded = { siteSecret: undefined, epochs: new Epochs([]), isThere: false }

export class KeyFolder {
  readonly #folder: string
  readonly #changes: FileChanges
  #loaded: Loaded = NOTHING

  /** @param warn hears why what was changed cannot be used: what was read before stays in force */
  private constructor(
    topologyFolder: string,
    clock: Pick<Clock, "monotonic">,
    private readonly warn: (text: string) => void,
  ) {
    this.#folder = join(topologyFolder, KEYS)
    const files = [DEVICES_FILE, SITE_SECRET_FILE].map((name) => join(this.#folder, name))
    this.#changes = new FileChanges([this.#folder, ...files], clock)
  }

  /** Throws KeyError where a file is there and cannot be used. */
  static open(
    topologyFolder: string,
    clock: Pick<Clock, "monotonic">,
    warn: (text: string) => void = () => {},
  ): KeyFolder {
    const keys = new KeyFolder(topologyFolder, clock, warn)
    keys.#loaded = load(keys.#folder)
    for (const name of deviceFilesIn(keys.#folder)) readKey(join(keys.#folder, name), DEVICE_KEY_BYTES)
    return keys
  }

  /** How often the device's key was made anew; undefined: it has none. */
  epochOf(address: number): number | undefined {
    this.#look()
    return this.#loaded.epochs.epochOf(address)
  }

  /** How many of these devices have a key here; of single ones also in a file of their own. */
  countOf(devices: readonly AddressRange[]): number {
    const { epochs } = this.#loaded
    const keyed = joinRanges(devices).reduce((sum, range) => sum + epochs.countIn(range), 0)
    const single = devices.filter(({ first, last }) => first === last && epochs.epochOf(first) === undefined)
    const own = single.filter(({ first }) => existsSync(join(this.#folder, deviceKeyFile(formatAddress(first)))))
    return keyed + own.length
  }

  /** The device's key of that epoch, as the site's secret has it. */
  secretOf(address: number, epoch: number): Uint8Array {
    const { siteSecret } = this.#loaded
    if (!siteSecret) throw new Error(`${join(this.#folder, SITE_SECRET_FILE)} is not there`)
    return deviceKeyOf(siteSecret, address, epoch)
  }

  /** A device's own key, where it is: of the site's secret, or of its own file. Throws as `open()` does. */
  keyOf(address: number): Uint8Array | undefined {
    const epoch = this.epochOf(address)
    if (epoch !== undefined) return this.secretOf(address, epoch)
    if (!this.#loaded.isThere) return undefined
    return readKey(join(this.#folder, deviceKeyFile(formatAddress(address))), DEVICE_KEY_BYTES)
  }

  #look(): void {
    if (!this.#changes.look()) return
    try {
      const loaded = load(this.#folder)
      // a folder that was lost must not open the gateway for what comes in plain
      if (loaded.epochs.isEmpty && !this.#loaded.epochs.isEmpty) {
        throw new KeyError(`${join(this.#folder, DEVICES_FILE)} names no device any more: bring it back`)
      }
      this.#loaded = loaded
    } catch (error) {
      this.warn(`${errorText(error)}; the keys of before hold`)
    }
  }
}

/** What devices' keys are made of. */
export interface SiteKeys {
  readonly siteSecret: Uint8Array | undefined
  readonly epochs: Epochs
}

/** @param folder the one of keys. Throws KeyError where a file is there and cannot be used. */
export function readSiteKeys(folder: string): SiteKeys {
  const [path, secretPath] = [join(folder, DEVICES_FILE), join(folder, SITE_SECRET_FILE)]
  const epochs = epochsIn(readTextIfThere(path) ?? "", path)
  const siteSecret = readKey(secretPath, SITE_SECRET_BYTES)
  if (!siteSecret && !epochs.isEmpty) {
    throw new KeyError(
      `${path} names devices with keys, and ${secretPath} is not there: bring it back from a backup, or take ${path} away too and make all keys anew: ${INVOCATION} pair devices`,
    )
  }
  return { siteSecret, epochs }
}

function epochsIn(text: string, path: string): Epochs {
  try {
    return parseEpochs(text, path)
  } catch (cause) {
    throw new KeyError(errorText(cause), { cause })
  }
}

const load = (folder: string): Loaded => ({ ...readSiteKeys(folder), isThere: existsSync(folder) })

function readKey(path: string, length: number): Uint8Array | undefined {
  const text = readSecretIfThere(path)
  if (text === undefined) return undefined
  const secret = parseSecret(text, length)
  if (!secret) throw new KeyError(`${path} has to be ${2 * length} hexadecimal digits`)
  return secret
}

/** Keys of single devices, in files of their own. */
function deviceFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => deviceOfFile(name) !== undefined)
}
