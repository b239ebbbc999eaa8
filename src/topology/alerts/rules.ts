// What readings and runs are watched for: for all devices, or for one.
import * as v from "valibot"
import { duration, none, section } from "../fields"
import { WRITTEN } from "../yaml/problem"

/** Of a device; a value is the day's worst. */
export const DEVICE_RULES = ["dry", "wet", "frost", "hot", "silent", "stuck"] as const
/** Of a run. */
export const RUN_RULES = ["incomplete", "refused", "overdue"] as const

export type RuleName = (typeof DEVICE_RULES)[number] | (typeof RUN_RULES)[number]

/** As people are told of them. */
export const WORST_FIRST = [
  "overdue",
  "refused",
  "silent",
  "incomplete",
  "stuck",
  "frost",
  "dry",
  "hot",
  "wet",
] as const satisfies readonly RuleName[]

/** Of a threshold: in %; the others are in °C. */
export const isOfHumidity = (rule: RuleName): boolean => rule === "dry" || rule === "wet"

const HUMIDITY = { least: 0, most: 100, rule: "a humidity from 0 to 100 (%), or false" }
const TEMPERATURE = { least: -100, most: 100, rule: "a temperature from -100 to 100 (°C), or false" }
const SPAN = { least: "1d", most: "366d" }

function threshold({ least, most, rule }: typeof HUMIDITY, description: string) {
  const told = `must be ${rule}: it is ${WRITTEN}`
  const number = v.pipe(v.number(told), v.minValue(least, told), v.maxValue(most, told))
  return v.optional(v.pipe(v.union([none(rule), number]), v.description(description)))
}

function span(description: string) {
  const { least, most } = SPAN
  const rule = `a number with ms, s, m, h or d, from ${least} to ${most}, or false`
  return v.optional(v.pipe(v.union([none(rule), duration(least, most, description)]), v.description(description)))
}

const ofDevices = {
  dry: threshold(HUMIDITY, "Told when a day's humidity falls below this, in %, until a day stays 2 above it."),
  wet: threshold(HUMIDITY, "Told when a day's humidity rises above this, in %, until a day stays 2 below it."),
  frost: threshold(TEMPERATURE, "Told when a day's temperature falls below this, in °C, until a day stays 1 above it."),
  hot: threshold(TEMPERATURE, "Told when a day's temperature rises above this, in °C, until a day stays 1 below it."),
  silent: span("Told when nothing was read for so long, in whole days, as 1d."),
  stuck: span("Told when all readings were the same for so long, in whole days, as 3d."),
}

const toggle = (description: string) => v.optional(v.pipe(v.boolean(), v.description(description)), true)

export const deviceRules = section("What this device is watched for; false: not for this.", ofDevices)

export const rules = section("What all devices and the runs are watched for.", {
  ...ofDevices,
  incomplete: toggle("Told when a run has nothing of a device; false: not."),
  refused: toggle("Told when the cloud refuses a device's survey; false: not."),
  overdue: toggle("Told when a run was due and did not take place; false: not."),
})

export type DeviceRules = v.InferOutput<typeof deviceRules>
export type Rules = v.InferOutput<typeof rules>

/** A device's own rules stand before those of all. */
export const rulesFor = (all: DeviceRules, own: DeviceRules | undefined): DeviceRules =>
  own ? { ...all, ...own } : all
