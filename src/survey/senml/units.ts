/** Which records of SenML are a temperature or a humidity, by their unit (RFC 8428 §12.1, RFC 8798) and how their name ends. */
import { shorten } from "../../printable"
import { toHundredths } from "../reading"
import type { SenmlRecord } from "./records"

export type Quantity = "temperature" | "humidity"

/** What a record measures in °C or in %; or which rule it breaks. */
export type Measured =
  | { readonly quantity: Quantity; readonly value: number }
  | { readonly quantity: Quantity; readonly rule: string }

const TAILS: Readonly<Record<Quantity, ReadonlySet<string>>> = {
  temperature: new Set(["temperature", "temp", "t"]),
  humidity: new Set(["humidity", "moisture", "hum", "rh", "vwc", "h"]),
}
const RULES: Readonly<Record<Quantity, string>> = { temperature: "Cel or K", humidity: "%RH, / or /100" }
const ABSOLUTE_ZERO = -273.15
const SHOWN_CHARACTERS = 40

/** Undefined for a record of something else, such as a battery. */
export function measured({ name, unit, value }: SenmlRecord): Measured | undefined {
  const named = quantityOf(name)
  const quantity = unit === "Cel" || unit === "K" ? "temperature" : unit === "%RH" ? "humidity" : named
  if (quantity === undefined) return undefined
  // others measure shares as well
  const scaled = value === undefined ? undefined : scaledTo(quantity, unit, value)
  if (scaled === undefined && value !== undefined) return { quantity, rule: unitRule(quantity, unit) }
  if (scaled === undefined) return { quantity, rule: "v must be a number: it is missing" }
  const read = toHundredths(scaled)
  return isWithin(quantity, read) ? { quantity, value: read } : { quantity, rule: rangeRule(quantity, value, read) }
}

/** Whether a name ends as those of that quantity do: bed3/soil-temperature. */
export const isNamed = (quantity: Quantity, name: string): boolean => TAILS[quantity].has(tailOf(name))

function quantityOf(name: string): Quantity | undefined {
  if (isNamed("temperature", name)) return "temperature"
  return isNamed("humidity", name) ? "humidity" : undefined
}

const tailOf = (name: string): string => (/[A-Za-z]*$/.exec(name)?.[0] ?? "").toLowerCase()

function scaledTo(quantity: Quantity, unit: string, value: number): number | undefined {
  if (quantity === "temperature") {
    if (unit === "Cel") return value
    return unit === "K" ? value + ABSOLUTE_ZERO : undefined
  }
  if (unit === "%RH" || unit === "/100") return value
  return unit === "/" ? value * 100 : undefined
}

const isWithin = (quantity: Quantity, value: number): boolean =>
  quantity === "temperature" ? value >= -90 && value <= 90 : value >= 0 && value <= 100

function unitRule(quantity: Quantity, unit: string): string {
  const rule = `Unit must be ${RULES[quantity]} of a ${quantity}: it is ${unit === "" ? "missing" : shorten(unit, SHOWN_CHARACTERS)}`
  // §12.1, note 2
  return unit === "%" && quantity === "humidity"
    ? `${rule}, by which SenML means a part of 1: for percent write %RH`
    : rule
}

function rangeRule(quantity: Quantity, value: number | undefined, read: number): string {
  const rule = quantity === "temperature" ? "Temperature must be -90 to 90 °C" : "Humidity must be 0 to 100 %"
  return `${rule}: it is ${value}${read === value ? "" : `, read as ${read}`}`
}
