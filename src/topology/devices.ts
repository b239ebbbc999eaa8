// The declared devices. A fleet stays the one range it is written as, so that a million devices cost no more than one.
import * as v from "valibot"
import { type AddressRange, formatAddress, formatRange } from "./address"
import { deviceRules } from "./alerts/rules"
import { addressRange, checkedText, flag, plainText, section } from "./fields"
import { covers, joinRanges, placeIn, sizeOf } from "./ranges"

const PLACEHOLDERS = /\{([^{}]*)\}/g
const PRINTABLE_LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,64}$/u

function isSurvey(text: string): boolean {
  const placeholders = [...text.matchAll(PLACEHOLDERS)].map(([, name]) => name)
  return /^[^\0-\x1f\x7f]+$/.test(text) && placeholders.every((name) => name === "ip" || name === "day")
}

export const deviceEntry = section("A device, or a fleet of them.", {
  ip: addressRange("The device's IPv4 address, by which it is known; or a fleet's range, as 10.0.0.2-10.0.39.255."),
  name: v.optional(
    checkedText(
      (text) => PRINTABLE_LINE.test(text),
      "one line of at most 64 printable characters",
      "A label for people. {ip} stands for the device's address.",
    ),
  ),
  survey: v.optional(
    checkedText(
      isSurvey,
      "a file's path, in which {ip} and {day} may stand",
      "The file with the readings, or a script (.ts) that returns them; {ip} stands for the address, {day} for the day, " +
        "and with a format * for anything in the names of several files. Without {day} the file holds the day before. A device without a survey is a sensor that sends by itself.",
    ),
  ),
  format: v.optional(
    plainText(
      "a format's name",
      "How the file is written, if others write it: a name of formats, or of a ready-made one.",
    ),
  ),
  sensor: v.optional(
    plainText(
      "the device's name in the file",
      "Whose rows are this device's in a file of several: its name, or else its address, where nothing is said. {ip} stands for the address.",
    ),
  ),
  paused: flag("true: the device owes nothing for now."),
  rules: v.optional(deviceRules),
})

/** An entry of the list of devices and the line it is on, counted from 1. */
export type DeviceEntry = v.InferOutput<typeof deviceEntry> & { line: number }

/** One device. `{ip}` is replaced in `name` and `survey`, `{day}` is left; `line` is its entry's line in topology.yaml. */
export interface Device {
  address: number
  ip: string
  name?: string
  survey?: string
  format?: string
  sensor?: string
  paused: boolean
  line: number
}

/** Whether a survey's readings come from a script. */
export const isScript = (survey: string): boolean => /\.[cm]?[jt]s$/.test(survey)

/** Whether a survey's path may name several files. */
export const isGlob = (survey: string): boolean => /[*?]/.test(survey)

/** Where a device's survey comes from, as it is declared. */
export interface Source {
  readonly survey?: string | undefined
  readonly format?: string | undefined
}

/** Whether the source of a survey can tell of days other than the last. */
export const hasHistory = ({ survey = "", format }: Source): boolean =>
  format !== undefined || survey.includes("{day}") || isScript(survey)

/** All declared devices, in address order. */
export class Devices implements Iterable<Device> {
  /** The entries in address order; they do not overlap. */
  readonly entries: readonly DeviceEntry[]
  /** How many devices they are, all told. */
  readonly size: number
  /** The different first numbers of their addresses, rising. */
  readonly firstOctets: readonly number[]
  /** The entries' addresses, and how many devices come before each. */
  readonly #ranges: readonly AddressRange[]
  readonly #before: readonly number[]
  /** The same addresses in as few ranges as hold them: of a list of neighbours it is one. */
  readonly #joined: readonly AddressRange[]

  constructor(entries: Iterable<DeviceEntry>) {
    this.entries = [...entries].sort((a, b) => a.ip.first - b.ip.first)
    this.#ranges = this.entries.map(({ ip }) => ip)
    let size = 0
    this.#before = this.#ranges.map((range) => {
      const before = size
      size += sizeOf([range])
      return before
    })
    this.size = size
    this.#joined = joinRanges(this.#ranges)
    const octets = new Set<number>()
    for (const { ip } of this.entries) {
      for (let octet = ip.first >>> 24; octet <= ip.last >>> 24; octet++) octets.add(octet)
    }
    this.firstOctets = [...octets]
  }

  /** The entries as they are told to others: an address or a range, and its label. */
  labels(): { ip: string; name: string | undefined }[] {
    return this.entries.map(({ ip, name }) => ({ ip: formatRange(ip), name }))
  }

  /** How many devices have a lower address. */
  placeOf(address: number): number {
    const place = placeIn(this.#ranges, address)
    const range = this.#ranges[place]
    if (!range) return this.size
    return (this.#before[place] ?? 0) + Math.max(0, address - range.first)
  }

  /** It is asked of every datagram. */
  has(address: number): boolean {
    return covers(this.#joined, address)
  }

  get(address: number): Device | undefined {
    const entry = this.entries[placeIn(this.#ranges, address)]
    return entry && entry.ip.first <= address ? deviceOf(entry, address) : undefined
  }

  *[Symbol.iterator](): Generator<Device> {
    for (const entry of this.entries) {
      for (let address = entry.ip.first; address <= entry.ip.last; address++) yield deviceOf(entry, address)
    }
  }
}

function deviceOf({ name, survey, format, sensor, paused, line }: DeviceEntry, address: number): Device {
  const device: Device = { address, ip: formatAddress(address), paused, line }
  if (name !== undefined) device.name = name.replaceAll("{ip}", device.ip)
  if (survey !== undefined) device.survey = survey.replaceAll("{ip}", device.ip)
  if (format !== undefined) device.format = format
  if (sensor !== undefined) device.sensor = sensor.replaceAll("{ip}", device.ip)
  return device
}
