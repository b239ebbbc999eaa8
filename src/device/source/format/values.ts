// The values of a row as a foreign file writes them, and the rules that they keep.
import { shorten } from "../../../printable"
import { toHundredths } from "../../../survey/reading"
import type { DelimitedFormat } from "../../../topology/formats/schema"

type Amount = Pick<DelimitedFormat["humidity"], "scale" | "offset">

/** What of a format tells how values are written. */
export interface ValueFormat {
  readonly temperature: Amount & Pick<DelimitedFormat["temperature"], "unit">
  readonly humidity: Amount
  readonly decimal: string
}

/** `empty`: one of them is not there. `rule`: one of them breaks it. */
export type Values =
  | { readonly temperature: number; readonly humidity: number }
  | { readonly empty: "temperature" | "humidity" }
  | { readonly rule: string }

const SHOWN_CHARACTERS = 40
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const ZEROS = /\0+/g // as a power cut leaves them behind
const FREEZING_F = 32
const F_PER_C = 1.8

export const marksOf = (missing: readonly string[]): ReadonlySet<string> =>
  new Set(["", ...missing.map((mark) => mark.trim().toLowerCase())])

export function readValues(
  temperatureText: string,
  humidityText: string,
  format: ValueFormat,
  missing: ReadonlySet<string>,
): Values {
  if (isMissing(temperatureText, format, missing)) return { empty: "temperature" }
  if (isMissing(humidityText, format, missing)) return { empty: "humidity" }
  const temperature = temperatureOf(temperatureText, format)
  if (!(temperature >= -90 && temperature <= 90)) {
    return { rule: ruleOf("Temperature", "-90 to 90 °C", temperatureText, temperature, format) }
  }
  const humidity = humidityOf(humidityText, format)
  if (!(humidity >= 0 && humidity <= 100)) {
    return { rule: ruleOf("Humidity", "0 to 100 %", humidityText, humidity, format) }
  }
  return { temperature, humidity }
}

function isMissing(text: string, { decimal }: ValueFormat, missing: ReadonlySet<string>): boolean {
  if (missing.has(text) || missing.has(text.toLowerCase())) return true
  return text.startsWith("-") && missing.has(String(numberOf(text, decimal))) // -6999.00
}

function temperatureOf(text: string, { temperature: { unit, scale, offset }, decimal }: ValueFormat): number {
  const value = numberOf(text, decimal) * scale + offset
  return toHundredths(unit === "F" ? (value - FREEZING_F) / F_PER_C : value)
}

/** Some write 34%. */
const humidityOf = (text: string, { humidity: { scale, offset }, decimal }: ValueFormat): number =>
  toHundredths(numberOf(text.endsWith("%") ? text.slice(0, -1).trimEnd() : text, decimal) * scale + offset)

function numberOf(text: string, decimal: string): number {
  if (decimal === ".") return NUMBER.test(text) ? Number(text) : Number.NaN
  const written = text.replace(decimal, ".")
  return !text.includes(".") && NUMBER.test(written) ? Number(written) : Number.NaN
}

function ruleOf(name: string, range: string, text: string, value: number, { decimal }: ValueFormat): string {
  if (!Number.isNaN(value)) {
    const read = text === String(value) ? "" : `, read as ${value}`
    return `${name} must be ${range}: it is ${shown(text)}${read}`
  }
  const other = decimal === "." ? "," : "."
  const hint = text.includes(other)
    ? `, with ${decimal === "." ? "a point" : "a comma"} before its fraction as decimal says`
    : ""
  return `${name} must be a number${hint}: it is ${shown(text)}`
}

/** As people are told of it. */
export const shown = (text: string): string =>
  text.trim() === "" ? "missing" : shorten(text.trim().replace(ZEROS, "(zeros)"), SHOWN_CHARACTERS)
