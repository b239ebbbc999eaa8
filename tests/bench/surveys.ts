// The surveys of the load: 120 bytes of valid lines, another text for every device, so that a mix-up shows.
import { Code } from "../../src/coap/code"
import type { Outgoing } from "../../src/coap/exchange"
import { OptionNumber, textOption, uintOption } from "../../src/coap/option"
import { ContentFormat } from "../../src/coap/resource"
import type { Day } from "../../src/survey/calendar"
import { formatAddress } from "../../src/topology/address"

const TEMPLATE = new TextEncoder().encode(
  ["00", "04", "08", "12", "16", "20"].map((hour, index) => `${hour}:30 - 00.1${index + 1} - 00%\n`).join(""),
)
const LINE_BYTES = 20
const TEMPERATURE_AT = 8
const HUMIDITY_AT = 16
const DIGIT_ZERO = 48

const FORMAT = uintOption(OptionNumber.ContentFormat, ContentFormat.Text)
const SURVEYS = textOption(OptionNumber.UriPath, "surveys")

/** Six canonical lines of 20 bytes; 24 bits of the address are in them. */
export function surveyOf(address: number): Uint8Array {
  const bytes = TEMPLATE.slice()
  for (let line = 0; line < TEMPLATE.length; line += LINE_BYTES) {
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
export function uploadOf(address: number, day: Day): Outgoing {
  return {
    code: Code.Put,
    options: [
      SURVEYS,
      textOption(OptionNumber.UriPath, formatAddress(address)),
      textOption(OptionNumber.UriPath, day),
      FORMAT,
    ],
    payload: surveyOf(address),
  }
}

/** The same upload to a path that is always there. */
export function plainUploadOf(address: number, path: string): Outgoing {
  return { ...uploadOf(address, "2026-01-01"), options: [textOption(OptionNumber.UriPath, path), FORMAT] }
}
