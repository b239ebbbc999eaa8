// Files of others to try: the samples of the ready-made formats, damaged and put together anew, and formats made up for them.
import { readFileSync } from "node:fs"
import * as v from "valibot"
import { readyMade, readyMadeNames } from "../../../src/topology/formats/ready-made"
import { type Format, formatEntry } from "../../../src/topology/formats/schema"
import { SAMPLES } from "../../device/source/format/samples"
import type { Dice } from "./dice"

export interface Foreign {
  readonly format: Format
  readonly bytes: Uint8Array
}

const FOLDER = new URL("../../device/source/format/samples/", import.meta.url)
const MOST_CHANGES = 5
const MOST_BYTES = 4096

const READY_MADE: readonly { format: Format; bytes: Buffer }[] = readyMadeNames().flatMap((name) => {
  const format = readyMade(name)
  return format ? [{ format, bytes: readFileSync(new URL(SAMPLES[name]?.file ?? "", FOLDER)) }] : []
})

const PATTERNS = [
  "yyyy-MM-dd HH:mm",
  "yyyy-MM-dd HH:mm:ss",
  "MM/dd/yyyy hh:mm:ss a",
  "yyyy.MM.dd HH:mm",
  "yyyy-MM-dd'T'HH:mm:ss.SZZ",
  "d/M/yy H:m",
  "yyyyooo HH:mm",
  "X",
  "x",
]
const ZONES = [undefined, "+00:00", "-12:00", "+14:00", "Europe/Rome", "Australia/Lord_Howe"]
const COLUMNS = [1, 2, 3, 4, 7, 1000, "Time", "Timestamps", "TIMESTAMP", "T", "VWC", "°C Soil Temperature"]
const PATHS = [
  "time",
  "received_at",
  "T",
  "v",
  "0",
  "a.b",
  "temperature_C",
  "uplink_message.normalized_payload.0.soil.moisture",
]

/** What is stuck into a file, or stands in a value's place. */
const PIECES = [
  ...'" "" , ; \t \r \n \r\n \u0000 \ufeff { } [ ] : null true -0 0 1 1e999 -1e-999 0x1F NaN Infinity -6999 #N/A'.split(
    " ",
  ),
  ...'{} [] [[[[ ]]]] "\\u0000" "\\ud800" \\ \\" // /* */ é 😀 ° \u2028 99999999999999999999 0.1.2 1,5 1.005'.split(
    " ",
  ),
  "2026-11-21T12:00:00Z",
  "2026-10-25 02:30:00",
  "0000-01-01 00:00",
  "9999-12-31 23:59",
  "9999-12-31 23:59:59",
  "9999.12.31 23:59",
  "9999-12-31T23:59:59Z",
  "0000-01-01T00:00:00+14:00",
  ..."1795215600 -1 24:00 12:60 99999999999 9999999999".split(" "),
  '"__proto__":{"T":1}',
  '"bn":"x",',
  '"bt":1795215600,',
  '"bt":-1e10,',
  '"bver":11,',
  '"x_":1,',
  '"u":"Cel",',
  '"u":"%RH",',
  "x".repeat(300),
  "[".repeat(500),
  ",".repeat(300),
]
const BYTES = [0x00, 0x0a, 0x0d, 0x22, 0x2c, 0x5c, 0x7b, 0x7d, 0x80, 0xc3, 0xff]

export function makeForeign(dice: Dice): Foreign {
  const known = READY_MADE[dice.below(READY_MADE.length)]
  const other = READY_MADE[dice.below(READY_MADE.length)]
  let bytes = known?.bytes ?? Buffer.alloc(0)
  for (let left = dice.below(MOST_CHANGES + 1); left > 0; left--) bytes = changed(bytes, other?.bytes ?? bytes, dice)
  const format = dice.below(3) === 0 || !known ? formatOf(known?.format.kind, dice) : known.format
  return { format, bytes: bytes.subarray(0, MOST_BYTES) }
}

/** Made up, mostly of the kind that the file is. */
function formatOf(kind: Format["kind"] | undefined, dice: Dice): Format {
  const pick = <T>(list: readonly T[]) => list[dice.below(list.length)]
  const scaled = { scale: pick([1, 100, 0.1, -1, 1e9]), offset: pick([0, 0, -40, 1e9]) }
  const zone = pick(ZONES)
  const pattern = pick(PATTERNS)
  const time = { pattern, ...(zone !== undefined && { zone }) }
  const isMany = dice.below(3) === 0
  switch (dice.below(8) === 0 ? pick(["delimited", "json", "senml"]) : kind) {
    case "json": {
      const at = () => ({ path: pick(PATHS) })
      const rows = dice.below(4) === 0 ? { rows: pick(PATHS) } : {}
      const values = { temperature: { ...at(), unit: pick(["C", "F"]), ...scaled }, humidity: { ...at(), ...scaled } }
      return v.parse(formatEntry, {
        kind: "json",
        ...rows,
        time: { ...at(), ...time },
        ...values,
        ...(isMany && { device: at() }),
      })
    }
    case "senml":
      return v.parse(formatEntry, { kind: "senml", ...(isMany && { device: { path: pick(["bn", "n"]) } }) })
    default: {
      const at = () => ({ column: pick(COLUMNS) })
      const layout = {
        headerRows: dice.below(5),
        delimiter: pick([",", ";", "tab", "|"]),
        decimal: pick([".", ","]),
        ...(dice.below(3) === 0 && { comment: pick(["#", "//", '"']) }),
      }
      const whose =
        layout.headerRows > 0 && dice.below(2) === 0 ? { headerRow: 1 + dice.below(layout.headerRows) } : at()
      const times = dice.below(3) === 0 ? { columns: [pick(COLUMNS), pick(COLUMNS)] } : at()
      const values = { temperature: { ...at(), ...scaled }, humidity: { ...at(), ...scaled } }
      return v.parse(formatEntry, {
        ...layout,
        time: { ...times, ...time },
        ...values,
        ...(isMany && { device: whose }),
      })
    }
  }
}

function changed(bytes: Buffer, other: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1)
  const piece = Buffer.from(PIECES[dice.below(PIECES.length)] ?? "")
  switch (dice.below(9)) {
    case 0: // cut
      return bytes.subarray(0, at)
    case 1:
      return bytes.subarray(at)
    case 2:
      return spliced(bytes, at, 1, Buffer.of(BYTES[dice.below(BYTES.length)] ?? 0))
    case 3:
      return spliced(bytes, at, dice.below(12), Buffer.alloc(0))
    case 4: // its header again, or another file's rows
      return Buffer.concat([bytes, (dice.below(2) === 0 ? bytes : other).subarray(0, dice.below(MOST_BYTES))])
    case 5: // lines in another order
      return Buffer.from(
        lines(bytes)
          .sort(() => dice.below(3) - 1)
          .join("\n"),
      )
    case 6:
      return changedValue(bytes, piece, dice)
    case 7:
      return Buffer.concat([bytes, bytes.subarray(bytes.lastIndexOf(0x0a, at) + 1)])
    default:
      return spliced(bytes, at, dice.below(4), piece)
  }
}

const NUMBERS = /-?\d[\d.]*/g
const DATES = /\d{4}[-.]\d\d[-.]\d\d[T ]\d\d:\d\d(?::\d\d[\d.]*Z?)?/g

/** One number of a file, or one time, becomes something else. */
function changedValue(bytes: Buffer, piece: Buffer, dice: Dice): Buffer {
  const text = bytes.toString("latin1")
  const places = [...text.matchAll(dice.below(2) === 0 ? NUMBERS : DATES)]
  const place = places[dice.below(places.length + 1)]
  if (!place) return Buffer.concat([bytes, piece])
  const value = dice.below(2) === 0 ? piece : Buffer.from(String((dice.below(30_000) - 10_000) / 100))
  return spliced(bytes, place.index, place[0].length, value)
}

const lines = (bytes: Buffer): string[] => bytes.toString("latin1").split("\n")

const spliced = (bytes: Buffer, at: number, count: number, put: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + count)])
