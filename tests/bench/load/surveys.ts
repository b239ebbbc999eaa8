// The surveys of the load: lines of 20 bytes, another text for every device, so that a mix-up shows.
import { Code } from "../../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../../src/coap/option"
import { ContentFormat } from "../../../src/coap/resource"
import type { Outgoing } from "../../../src/coap/udp/exchange"
import type { Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"

/** 120 bytes. */
export const SIX_READINGS = templateOf(6)
/** 480 bytes. */
export const A_DAYS_READINGS = templateOf(24)

const LINE_BYTES = 20
const TEMPERATURE_AT = 8
const HUMIDITY_AT = 16
const DIGIT_ZERO = 48

const FORMAT = uintOption(OptionNumber.ContentFormat, ContentFormat.Text)
const SURVEYS = textOption(OptionNumber.UriPath, "surveys")

/** So many lines over the day, their temperatures and humidities to be filled in. */
function templateOf(readings: number): Uint8Array {
  const hours = Array.from({ length: readings }, (_, index) => String((index * 24) / readings).padStart(2, "0"))
  return new TextEncoder().encode(hours.map((hour, index) => `${hour}:30 - 00.1${(index % 9) + 1} - 00%\n`).join(""))
}

/** Canonical lines of 20 bytes; 24 bits of the address are in them. */
export function surveyOf(address: number, template: Uint8Array = SIX_READINGS): Uint8Array {
  const bytes = template.slice()
  for (let line = 0; line < bytes.length; line += LINE_BYTES) {
    const bits = line % (2 * LINE_BYTES) === 0 ? address : address >>> 12
    putDigits(bytes, line + TEMPERATURE_AT, 10 + ((bits >>> 6) & 63))
    putDigits(bytes, line + HUMIDITY_AT, 10 + (bits & 63))
  }
  return bytes
}

function putDigits(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = DIGIT_ZERO + Math.floor(number / 10)
  bytes[at + 1] = DIGIT_ZERO + (number % 10)
}

/** The upload of a device, as a gateway takes it. */
export function uploadOf(address: number, day: Day, template?: Uint8Array): Outgoing {
  return {
    code: Code.Put,
    options: [
      SURVEYS,
      textOption(OptionNumber.UriPath, formatAddress(address)),
      textOption(OptionNumber.UriPath, day),
      FORMAT,
    ],
    payload: surveyOf(address, template),
  }
}

/** The same upload to a path that is always there. */
export function plainUploadOf(address: number, path: string): Outgoing {
  return { ...uploadOf(address, "2026-01-01"), options: [textOption(OptionNumber.UriPath, path), FORMAT] }
}
