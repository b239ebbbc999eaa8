// Files that hold history: how each is read, and whose readings it holds.
import { basename } from "node:path"
import { systemClock } from "../../clock"
import { readDevice } from "../../cloud/export/devices"
import { readSurveyFile } from "../../device/source/file"
import { readAll } from "../../device/source/format/file"
import { labelOf } from "../../format"
import { type Zones, zoneOf, zonesIn } from "../../gateway/control/zones"
import { didYouMean } from "../../nearest"
import { clockChange, type Day, parseDay } from "../../survey/calendar"
import type { Reading } from "../../survey/reading"
import { parseSurvey, type RefusedLine } from "../../survey/survey"
import type { Device } from "../../topology/devices"
import { readyMadeNames } from "../../topology/formats/ready-made"
import { findFormat } from "../../topology/formats/rules"
import type { Format } from "../../topology/formats/schema"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import { DayBorders } from "./day-borders"
import type { Owners } from "./owners"

/** As they were asked for. */
export interface Asked {
  readonly device?: string | undefined
  readonly format?: string | undefined
  readonly day?: Day | undefined
}

/** Some of what a file says. */
export interface Part {
  readonly readings: readonly { readonly address: number; readonly day: Day; readonly reading: Reading }[]
  readonly refused: readonly RefusedLine[]
  readonly refusedCount: number
  /** Rows of others than those whose readings are taken, by their name in the file. */
  readonly others: readonly string[]
  /** Readings of hours that are of no day, where timeZone was changed. */
  readonly between: number
  /** Rows without a value, and what the last of them lacks, where it can be told. */
  readonly empty: number
  readonly lacks?: string | undefined
  /** How far into the file this is, bytes. */
  readonly end: number
}

/** How a file is read; nothing of it is yet. Times are placed by the clock of their day. */
export interface Plan {
  /** Of whom alone readings are taken, where one was named. */
  readonly device: Device | undefined
  /** Among which devices a row's is looked for, behind "no device": "" for all. */
  readonly among: string
  read(zones: Zones): AsyncGenerator<Part>
}

const MOST_BYTES = 64 * 1024 * 1024 // of a file of our own lines, which is of one day

/** Rejects with UsageError where it cannot be told how a file is read, or whose it is. */
export async function planOf(file: string, asked: Asked, owned: Owners, topology: Topology): Promise<Plan> {
  const device = await findDevice(asked.device, topology)
  const found = [...owned.of(file)]
  const owners = found.map((owner) => owner.device)
  const day = asked.day ?? found[0]?.day ?? dayIn(file)
  const readings = readingsOf(file, asked, device, owners, topology)
  // each is looked at before the first is read
  const readers = readings.map(({ format, devices }) => readerOf(file, format, devices, day))
  const read = async function* (zones: Zones) {
    for (const reader of readers) yield* reader(zones)
  }
  return { device, among: amongText(owners, asked.format, topology), read }
}

function amongText(owners: readonly Device[], format: string | undefined, topology: Topology): string {
  if (owners.length > 0) return " of which it is the survey"
  return format !== undefined && isNamed(format, topology) ? ` of format ${format}` : ""
}

/** One way to read a file, and whose readings that gives. */
interface OneReading {
  readonly format: Format | undefined
  readonly devices: readonly Device[]
}

/** Several, where devices read columns of their own of one file. */
function readingsOf(
  file: string,
  asked: Asked,
  device: Device | undefined,
  owners: readonly Device[],
  topology: Topology,
): OneReading[] {
  const { formats } = topology
  if (asked.format !== undefined) {
    const format = namedFormat(asked.format, topology)
    if (device) return [{ format, devices: [device] }]
    return [{ format, devices: owners.length > 0 || !format.device ? owners : devicesOf(asked.format, topology) }]
  }
  const byFormat = Object.entries(Object.groupBy(owners, ({ format = "" }) => format)).map(
    ([name, devices = []]): OneReading => ({ format: findFormat(formats, name), devices }),
  )
  if (device) {
    const [own] = byFormat
    const others = byFormat.length === 1 ? own?.format : undefined
    // a day that is named is one of lines of ours
    const format = asked.day === undefined ? (findFormat(formats, device.format) ?? others) : undefined
    return [{ format, devices: [device] }]
  }
  if (byFormat.length === 0) throw whoseIsIt(file)
  return byFormat
}

type Reader = (zones: Zones) => AsyncGenerator<Part>

function readerOf(file: string, format: Format | undefined, devices: readonly Device[], day: Day | undefined): Reader {
  const [device] = devices
  if (format?.device) {
    const addresses = addressesBySensor(file, devices)
    return (zones) => readMany(file, format, (name) => addresses.get(name), zones)
  }
  if (!device || devices.length > 1) throw whoseIsIt(file)
  if (format) return (zones) => readMany(file, format, () => device.address, zones)
  if (!day) {
    throw new UsageError(
      `${file} does not say of which day it is: say so with --day 2026-11-21, or in its name; or name its --format`,
    )
  }
  return (zones) => readOwn(file, day, device, zoneOf(zones, day))
}

const whoseIsIt = (file: string): UsageError =>
  new UsageError(`${file} does not say whose readings it holds: name the device, as --device tomatoes`)

async function findDevice(name: string | undefined, topology: Topology): Promise<Device | undefined> {
  const address = await readDevice(name, topology)
  const device = address === undefined ? undefined : topology.devices.get(address)
  if (name !== undefined && !device) throw new UsageError(`--device ${name} is not declared in ${topology.file}`)
  return device
}

function namedFormat(name: string, { formats }: Topology): Format {
  const format = findFormat(formats, name)
  if (format) return format
  const names = [...Object.keys(formats), ...readyMadeNames()]
  throw new UsageError(`--format ${name} is not known${didYouMean(name, names, `: there are ${names.join(", ")}`)}`)
}

/** Those of this format; all, where none is: a format may be for history alone. */
function devicesOf(format: string, topology: Topology): Device[] {
  const isAny = isNamed(format, topology)
  return [...topology.devices].filter((device) => !isAny || device.format === format)
}

/** Whether a device has it. */
const isNamed = (format: string, { devices }: Topology): boolean =>
  devices.entries.some((entry) => entry.format === format)

/** Throws UsageError where two devices have one name in the file. */
function addressesBySensor(file: string, devices: readonly Device[]): Map<string, number> {
  const bySensor = new Map<string, Device>()
  for (const device of devices) {
    const sensor = device.sensor ?? device.name ?? device.ip
    const other = bySensor.get(sensor)
    if (other) {
      const both = `${labelOf(other)} or of ${labelOf(device)}`
      throw new UsageError(`${file}: rows of ${sensor} may be of ${both}: name the device, as --device ${device.ip}`)
    }
    bySensor.set(sensor, device)
  }
  return new Map([...bySensor].map(([sensor, { address }]) => [sensor, address]))
}

/** 2026-11-21 or 20261121. */
function dayIn(file: string): Day | undefined {
  const [, year, month, day] = /(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)/.exec(basename(file)) ?? []
  return parseDay(`${year}-${month}-${day}`)
}

/** Once for each zone that days here are of, which is one unless timeZone was changed: its days are taken of it. */
async function* readMany(
  file: string,
  format: Format,
  addressOf: (device: string) => number | undefined,
  zones: Zones,
): AsyncGenerator<Part> {
  const borders = new DayBorders(zones)
  for (const timeZone of zonesIn(zones)) {
    const isLast = timeZone === zones.zone
    borders.begin(timeZone)
    for await (const content of readAll(process.cwd(), file, { format, timeZone }, systemClock.now())) {
      const { readings, refused, empty, lacks, end } = content
      const known: Part["readings"][number][] = []
      const others: string[] = []
      let between = 0
      for (const { device, day, reading } of readings) {
        const address = addressOf(device)
        if (address === undefined) {
          others.push(device)
          continue
        }
        const taken = borders.take(address, day, reading)
        if (taken === "taken") known.push({ address, day, reading })
        else if (taken === "between") between++
      }
      const own: RefusedLine[] = []
      for (const row of refused) {
        // "" where it cannot be told whose it is
        if (row.device === "" || addressOf(row.device) !== undefined) own.push(row)
        else others.push(row.device)
      }
      // what is not taken is the same each time
      yield isLast
        ? { readings: known, refused: own, refusedCount: own.length, others, between, empty, lacks, end }
        : { ...NOTHING, readings: known, end }
    }
  }
}

const NOTHING = { refused: [], refusedCount: 0, others: [], between: 0, empty: 0 }

async function* readOwn(file: string, day: Day, { address }: Device, timeZone: string): AsyncGenerator<Part> {
  const { bytes } = await readSurveyFile(process.cwd(), file, MOST_BYTES)
  const { readings, refused, refusedCount } = parseSurvey(new TextDecoder().decode(bytes), clockChange(day, timeZone))
  const placed = readings.map((reading) => ({ address, day, reading }))
  yield { ...NOTHING, readings: placed, refused, refusedCount, end: bytes.length }
}
