// A file of JSON, piece by piece: each value is a row, of which paths say where its time and its values stand.
import type { FileHandle } from "node:fs/promises"
import { didYouMean } from "../../../../nearest"
import { readPath, whereItEnds } from "../../../../topology/formats/json-path"
import { compilePattern, type TimePattern } from "../../../../topology/formats/pattern"
import type { JsonFormat } from "../../../../topology/formats/schema"
import { SurveyMissing } from "../../missing"
import type { FileClock, Piece, Row } from "../row"
import { marksOf, readValues, shown } from "../values"
import { Zone } from "../zone"
import type { Element } from "./elements"
import { type JsonText, jsonTextsOf } from "./texts"

interface Reader {
  readonly format: JsonFormat
  readonly pattern: TimePattern
  readonly clock: FileClock
  readonly missing: ReadonlySet<string>
}

/** Throws SurveyMissing where it is no such file. */
export async function* jsonPieces(
  file: FileHandle,
  path: string,
  format: JsonFormat,
  timeZone: string,
): AsyncGenerator<Piece> {
  const reader = jsonReader(format, path, timeZone)
  for await (const text of jsonTextsOf(file, path, format.rows)) yield new JsonPiece(text, reader)
}

export function jsonReader(format: JsonFormat, path: string, timeZone: string): Reader {
  const pattern = compilePattern(format.time.pattern)
  if (!pattern) throw new SurveyMissing(`${path} cannot be read: ${format.time.pattern} is no pattern`)
  const clock = { isUtc: pattern.isUtc, zone: new Zone(format.time.zone ?? timeZone) }
  return { format, pattern, clock, missing: marksOf(format.missing) }
}

export class JsonPiece implements Piece {
  constructor(
    private readonly text: JsonText,
    private readonly reader: Reader,
  ) {}

  get key(): string {
    return this.text.key
  }

  get end(): number {
    return this.text.end
  }

  get clock(): FileClock {
    return this.reader.clock
  }

  rows(): Row[] {
    return Array.from(this.text.elements(), (element) => readRow(element, this.reader))
  }

  visitTimes(visit: (time: number, device: string) => void): void {
    const { pattern, format } = this.reader
    for (const element of this.text.elements()) {
      if (!("value" in element)) continue
      const { value } = element
      visit(pattern.parse(textAt(value, format.time)), format.device ? textAt(value, format.device) : "")
    }
  }
}

function readRow(element: Element, { format, pattern, missing }: Reader): Row {
  const { line, text } = element
  const unknown = { line, time: Number.NaN, device: "" }
  if ("rule" in element) return { ...unknown, kind: "refused", text, rule: element.rule }
  const { value } = element
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ...unknown, kind: "refused", text, rule: `A reading must be a JSON object: it is ${shown(asText(value))}` }
  }
  const time = textAt(value, format.time)
  const place = { line, time: pattern.parse(time), device: format.device ? textAt(value, format.device) : "" }
  if (Number.isNaN(place.time)) return { ...place, kind: "refused", text, rule: timeRule(value, time, format) }
  const { temperature, humidity } = format
  const values = readValues(
    textAt(value, temperature),
    textAt(value, humidity),
    { temperature, humidity, decimal: "." },
    missing,
  )
  if ("rule" in values) return { ...place, kind: "refused", text, rule: values.rule }
  if ("empty" in values) return { ...place, kind: "empty", lacks: format[values.empty].path.text }
  return { ...place, kind: "values", ...values, text }
}

const textAt = (value: unknown, { path }: Pick<JsonFormat["time"], "path">): string => asText(readPath(value, path))

/** As it is read, and as people are told of it. */
function asText(value: unknown): string {
  if (value === undefined || value === null) return ""
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object"
  return String(value).trim()
}

function timeRule(value: object, time: string, { time: { path, pattern } }: JsonFormat): string {
  if (time !== "") return `Time must be written ${pattern}: it is ${shown(time)}`
  const { step, names } = whereItEnds(value, path)
  return `Time must be at ${path.text}: it is missing${didYouMean(step, names)}`
}
