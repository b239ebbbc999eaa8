// The values of a JSON text one by one, each with its line: a value a line, or documents whose outermost list is taken apart.
// What is damaged or cut is told, and does not take along what stands before it, nor on other lines behind it.
import { type JsonPath, readPath, whereItEnds } from "../../../../topology/formats/json-path"
import { type Block, ENDLESS } from "../blocks"

interface Place {
  /** From 1; of a value within a line, or within a document that names where its list is, where that begins. */
  readonly line: number
  /** Those of one outermost value have one number. */
  readonly document: number
  readonly text: string
}

export type Element = Place & ({ readonly value: unknown } | { readonly rule: string })

const CUT = "The line must have an end: it may be cut, or still be written"
const CUT_VALUE = "The value must have an end: it may be cut, or still be written"
const NO_JSON = "A value must be JSON"
const SHOWN_CHARACTERS = 200
const QUOTE = 0x22
const BACKSLASH = 0x5c
const NEWLINE = 0x0a

/** Whether a text that begins like this has a value on each line; the first may have been cut. */
export function hasLines(text: string): boolean {
  const [first = "", second = "", third = ""] = text
    .split("\n", 100)
    .map((line) => line.trim())
    .filter((line) => line !== "")
  if (parse(first) || !/^[[{]/.test(first)) return true
  if (first === "[" || first === "{") return false
  // within a document a comma stands between two
  if (parse(second) && parse(third)) return true
  if (/[[{,:]$/.test(first)) return false
  const cursor = new Cursor(text)
  const whole = cursor.skipBlanks() ? cursor.takeValue() : undefined
  return !(whole && parse(whole)) && parse(second) !== undefined
}

export function* elementsOfLines(
  { text, line: firstLine, isCut, isEndless }: Omit<Block, "hash" | "end">,
  rows: JsonPath | undefined,
): Generator<Element> {
  const lines = text.split("\n")
  for (const [index, whole] of lines.entries()) {
    const line = whole.trim()
    if (line === "") continue
    const place = { line: firstLine + index, document: firstLine + index, text: line.slice(0, SHOWN_CHARACTERS) }
    const parsed = isEndless ? undefined : parse(line)
    if (parsed) yield* elementsOf(parsed.value, place, rows)
    else if (isEndless) yield { ...place, rule: ENDLESS }
    else yield { ...place, rule: isCut && index === lines.length - 1 ? CUT : "A line must be JSON" }
  }
}

/** Of a whole text: values with white space between. */
export function* elementsOfDocuments(text: string, rows: JsonPath | undefined): Generator<Element> {
  const cursor = new Cursor(text)
  for (let document = 1; cursor.skipBlanks(); document++) {
    if (text[cursor.at] === "[" && rows === undefined) {
      if (!(yield* elementsOfList(cursor, document))) return
      continue
    }
    const { line } = cursor
    const whole = cursor.takeValue()
    const place = { line, document, text: (whole ?? "").slice(0, SHOWN_CHARACTERS) }
    const parsed = whole === undefined ? undefined : parse(whole)
    if (!parsed) return yield { ...place, rule: whole === undefined ? CUT_VALUE : NO_JSON }
    yield* elementsOf(parsed.value, place, rows)
  }
}

/** False where nothing behind it can be read. */
function* elementsOfList(cursor: Cursor, document: number): Generator<Element, boolean> {
  cursor.at++
  for (let count = 0; ; count++) {
    if (!cursor.skipBlanks()) return false // as a list is while it is written
    if (cursor.take("]")) return true
    const { line } = cursor
    if (count > 0 && !cursor.take(",")) {
      return yield* refused({ line, document, text: cursor.rest() }, "A comma must stand between two values of a list")
    }
    if (!cursor.skipBlanks()) return false
    const at = { line: cursor.line, document }
    const whole = cursor.takeValue()
    if (whole === undefined) return yield* refused({ ...at, text: "" }, CUT_VALUE)
    const place = { ...at, text: whole.slice(0, SHOWN_CHARACTERS) }
    const parsed = parse(whole)
    yield parsed ? { ...place, ...parsed } : { ...place, rule: NO_JSON }
  }
}

function* refused(place: Place, rule: string): Generator<Element, boolean> {
  yield { ...place, rule }
  return false
}

function* elementsOf(value: unknown, place: Place, rows: JsonPath | undefined): Generator<Element> {
  const found = rows === undefined ? value : readPath(value, rows)
  if (Array.isArray(found)) for (const each of found) yield { ...place, value: each }
  else if (rows === undefined) yield { ...place, value }
  else {
    const { step } = whereItEnds(value, rows)
    yield {
      ...place,
      rule: `The list of readings must be at ${rows.text}: ${step === "" ? "what is there is no list" : `there is no ${step}`}`,
    }
  }
}

/** Undefined where it is no JSON. */
function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** A place in a text, and its line. */
class Cursor {
  at = 0
  line = 1

  constructor(private readonly text: string) {}

  rest(): string {
    return this.text.slice(this.at, this.at + SHOWN_CHARACTERS)
  }

  /** False at the end. */
  skipBlanks(): boolean {
    for (; this.at < this.text.length; this.at++) {
      const code = this.text.charCodeAt(this.at)
      if (code === NEWLINE) this.line++
      else if (code !== 0x20 && code !== 0x09 && code !== 0x0d && code !== 0xfeff) return true
    }
    return false
  }

  take(sign: string): boolean {
    const isThere = this.text[this.at] === sign
    if (isThere) this.at++
    return isThere
  }

  /** The text of one value, sound or not; undefined where it has no end. What stands there instead of one is taken as well. */
  takeValue(): string | undefined {
    const from = this.at
    const { text } = this
    for (let depth = 0; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at)
      if (code === NEWLINE) this.line++
      else if (code === QUOTE) {
        if (!this.#skipText()) return undefined
      } else if (code === 0x5b || code === 0x7b) depth++
      else if (code === 0x5d || code === 0x7d) {
        if (depth === 0) return text.slice(from, this.at > from ? this.at : ++this.at)
        if (--depth > 0) continue
        this.at++
        return text.slice(from, this.at)
      }
      if (depth > 0) continue
      const next = text[this.at + 1] ?? ""
      if (next === "" || ",]} \t\r\n".includes(next)) {
        this.at++
        return text.slice(from, this.at)
      }
    }
    return undefined
  }

  /** To the quote that ends it; false where none does. */
  #skipText(): boolean {
    for (this.at++; this.at < this.text.length; this.at++) {
      const code = this.text.charCodeAt(this.at)
      if (code === QUOTE) return true
      if (code === BACKSLASH) this.at++
      else if (code === NEWLINE) this.line++
    }
    return false
  }
}
