// Files that hold history: how each is read, and whose readings it holds.
import { basename, resolve } from "node:path"
import { systemClock } from "../../clock"
import { readDevice } from "../../cloud/export/devices"
import { formattedOf, surveyPath } from "../../device/source"
import { readSurveyFile } from "../../device/source/file"
import { readAll } from "../../device/source/format/file"
import { isOneOf } from "../../device/source/format/several"
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
  /** Rows of whom the topology does not know, by their name in the file. */
  readonly strangers: readonly string[]
  /** Rows without a value, and what the last of them lacks, where it can be told. */
  readonly empty: number
  readonly lacks?: string | undefined
  /** How far into the file this is, bytes. */
  readonly end: number
}

const MOST_BYTES = 64 * 1024 * 1024 // of a file of our own lines, which is of one day

/** Throws UsageError where it cannot be told how a file is read, or whose it is. Reads nothing yet. */
export function partsOf(file: string, asked: Asked, topology: Topology): AsyncGenerator<Part> {
  const device = findDevice(asked.device, topology)
  const own = [...devicesOf(file, topology)]
  const format = asked.format === undefined ? formatOf(own[0], topology) : namedFormat(asked.format, topology)
  if (format?.device) return readMany(file, format, addressesBySensor(topology), topology, device)
  const whose = device ?? (own.length === 1 ? own[0] : undefined)
  if (!whose)
    throw new UsageError(`${file} does not say whose readings it holds: name the device, as --device tomatoes`)
  if (format) return readMany(file, format, whose.address, topology)
  const day = asked.day ?? dayIn(file)
  if (!day) {
    throw new UsageError(
      `${file} does not say of which day it is: say so with --day 2026-11-21, or in its name; or name its --format`,
    )
  }
  return readOwn(file, day, whose, topology)
}

function findDevice(name: string | undefined, topology: Topology): Device | undefined {
  const address = readDevice(name, topology)
  const device = address === undefined ? undefined : topology.devices.get(address)
  if (name !== undefined && !device) throw new UsageError(`--device ${name} is not declared in ${topology.file}`)
  return device
}

/** Those whose survey the file is. */
function* devicesOf(file: string, { devices, folder }: Topology): Generator<Device> {
  const path = resolve(file)
  const day = dayIn(file)
  for (const device of devices) {
    const { survey } = device
    if (survey !== undefined && isOneOf(path, resolve(folder, day ? surveyPath(survey, day) : survey))) yield device
  }
}

const formatOf = (device: Device | undefined, topology: Topology): Format | undefined =>
  device && formattedOf(device, topology)?.format

function namedFormat(name: string, { formats }: Topology): Format {
  const format = findFormat(formats, name)
  if (format) return format
  const names = [...Object.keys(formats), ...readyMadeNames()]
  throw new UsageError(`--format ${name} is not known${didYouMean(name, names, `: there are ${names.join(", ")}`)}`)
}

function addressesBySensor({ devices }: Topology): Map<string, number> {
  const addresses = new Map<string, number>()
  for (const { ip, name, sensor, address } of devices) addresses.set(sensor ?? name ?? ip, address)
  return addresses
}

/** 2026-11-21 or 20261121. */
function dayIn(file: string): Day | undefined {
  const [, year, month, day] = /(?<!\d)(\d{4})-?(\d\d)-?(\d\d)(?!\d)/.exec(basename(file)) ?? []
  return parseDay(`${year}-${month}-${day}`)
}

/**
 * @param whose one device's address, or those of all by their names in the file
 * @param only takes the rows of this one
 */
async function* readMany(
  file: string,
  format: Format,
  whose: number | ReadonlyMap<string, number>,
  { timeZone }: Topology,
  only?: Device,
): AsyncGenerator<Part> {
  const addressOf = (device: string) => (typeof whose === "number" ? whose : whose.get(device))
  for await (const part of readAll(process.cwd(), file, { format, timeZone }, systemClock.now())) {
    const { readings, refused, empty, lacks, end } = part
    const known: Part["readings"][number][] = []
    const strangers: string[] = []
    for (const { device, day, reading } of readings) {
      const address = addressOf(device)
      if (address === undefined) strangers.push(device)
      else if (!only || address === only.address) known.push({ address, day, reading })
    }
    yield { readings: known, refused, refusedCount: refused.length, strangers, empty, lacks, end }
  }
}

async function* readOwn(file: string, day: Day, { address }: Device, { timeZone }: Topology): AsyncGenerator<Part> {
  const { bytes } = await readSurveyFile(process.cwd(), file, MOST_BYTES)
  const { readings, refused, refusedCount } = parseSurvey(new TextDecoder().decode(bytes), clockChange(day, timeZone))
  const placed = readings.map((reading) => ({ address, day, reading }))
  yield { readings: placed, refused, refusedCount, strangers: [], empty: 0, end: bytes.length }
}
