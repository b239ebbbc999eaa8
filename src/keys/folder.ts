// The keys beside a topology: `keys/site.secret` and `keys/devices` where the gateway is, `keys/<ip>.key` where a device is.
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Clock } from "../clock"
import { type AddressRange, formatAddress } from "../topology/address"
import { joinRanges } from "../topology/ranges"
import { DEVICE_KEY_BYTES, deviceKeyOf, parseSecret, SITE_SECRET_BYTES } from "./device"
import { Epochs, parseEpochs } from "./epochs"
import { KeyError } from "./errors"

const FOLDER = "keys"
export const SITE_SECRET_FILE = "site.secret"
export const DEVICES_FILE = "devices"
export const deviceKeyFile = (ip: string): string => `${ip}.key`

const LOOK_EVERY_MS = 5000 // for what `pair` has changed meanwhile
const OTHERS = 0o077 // who may do anything with a secret but its owner

interface Loaded {
  readonly siteSecret: Uint8Array | undefined
  readonly epochs: Epochs
  /** A host without the folder looks for no device's key. */
  readonly isThere: boolean
  /** Of both files, as they were read. */
  readonly stamp: string
}

const NOTHING: Loaded = { siteSecret: undefined, epochs: new Epochs([]), isThere: false, stamp: "" }

export class KeyFolder {
  readonly #folder: string
  #loaded: Loaded = NOTHING
  #lookedAt: number

  /** @param warn hears why what was changed cannot be used: what was read before stays in force */
  private constructor(
    topologyFolder: string,
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly warn: (text: string) => void,
  ) {
    this.#folder = join(topologyFolder, FOLDER)
    this.#lookedAt = clock.monotonic()
  }

  /** Throws KeyError where a file is there and cannot be used. */
  static open(
    topologyFolder: string,
    clock: Pick<Clock, "monotonic">,
    warn: (text: string) => void = () => {},
  ): KeyFolder {
    const keys = new KeyFolder(topologyFolder, clock, warn)
    try {
      keys.#loaded = load(keys.#folder)
    } catch (cause) {
      throw new KeyError(cause instanceof Error ? cause.message : String(cause), { cause })
    }
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
    return readSecret(join(this.#folder, deviceKeyFile(formatAddress(address))), DEVICE_KEY_BYTES)
  }

  #look(): void {
    const now = this.clock.monotonic()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return
    this.#lookedAt = now
    const stamp = stampOf(this.#folder)
    if (stamp === this.#loaded.stamp) return
    try {
      this.#loaded = load(this.#folder)
    } catch (error) {
      this.#loaded = { ...this.#loaded, stamp } // it is said once
      this.warn(`${error instanceof Error ? error.message : error}; the keys of before hold`)
    }
  }
}

function load(folder: string): Loaded {
  const stamp = stampOf(folder)
  const path = join(folder, DEVICES_FILE)
  const devices = read(path)
  const epochs = devices === undefined ? NOTHING.epochs : parseEpochs(devices, path)
  const secretPath = join(folder, SITE_SECRET_FILE)
  const siteSecret = readSecret(secretPath, SITE_SECRET_BYTES)
  if (!siteSecret && !epochs.isEmpty) throw new Error(`${path} names devices with keys, and ${secretPath} is not there`)
  return { siteSecret, epochs, isThere: existsSync(folder), stamp }
}

function readSecret(path: string, length: number): Uint8Array | undefined {
  const text = read(path)
  if (text === undefined) return undefined
  if (process.platform !== "win32" && (statSync(path).mode & OTHERS) !== 0)
    throw new Error(`${path} can be read by others: chmod 600 ${path}`)
  const secret = parseSecret(text, length)
  if (!secret) throw new Error(`${path} has to be ${2 * length} hexadecimal digits`)
  return secret
}

/** Undefined where it is not there. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined
    throw new Error(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function stampOf(folder: string): string {
  const stampOfFile = (name: string) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false })
    return stats ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : "-"
  }
  return `${existsSync(folder)} ${stampOfFile(DEVICES_FILE)} ${stampOfFile(SITE_SECRET_FILE)}`
}
