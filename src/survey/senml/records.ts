/** SenML (RFC 8428) in JSON: records with their base fields resolved, one after the other. */
import * as v from "valibot"
import { shorten } from "../../printable"

/** A record that stands for itself (§4.6). */
export interface SenmlRecord {
  /** The base name, "" without one. */
  readonly base: string
  /** The whole name. */
  readonly name: string
  /** "" where nothing says. */
  readonly unit: string
  /** Seconds since 1970, whole. */
  readonly time: number
  /** Undefined where the record has text, a Boolean, data or only a sum. */
  readonly value: number | undefined
}

const VERSIONS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 26]) // RFC 9100: 26 is 10 with secondary units
const BASE_FIELDS = new Set(["bn", "bt", "bu", "bv", "bver"])
const RELATIVE_BELOW = 2 ** 28 // §4.5.3: such a time is from now
const LAST_SECOND = 253_402_214_399 // of 30 December 9999, so that no zone is in the year 10000
const SHOWN_CHARACTERS = 40

const text = v.optional(v.string("must be text"))
const number = v.optional(v.pipe(v.number("must be a number"), v.finite("must be a number")))

const recordSchema = v.looseObject(
  { bn: text, bu: text, n: text, u: text, bt: number, bv: number, bver: number, t: number, v: number },
  "must be a JSON object",
)

type Base = Pick<v.InferOutput<typeof recordSchema>, "bn" | "bu" | "bt" | "bv">

const BEHIND_BROKEN = "Stands behind a record that cannot be read, whose base fields may hold for it"

/** The records of one pack: what a base field says holds for those behind it. */
export class Pack {
  #base: Base = {}
  #isBroken = false

  /** @param now seconds since 1970, from which relative times count; undefined where nobody knows */
  constructor(private readonly now: number | undefined) {}

  /** A record that cannot even be read: what its base fields were, those behind it cannot know. */
  break(): void {
    this.#isBroken = true
  }

  /** A record; undefined for one that only has base fields; text says which rule it breaks. */
  take(written: unknown): SenmlRecord | string | undefined {
    if (this.#isBroken) return BEHIND_BROKEN
    const record = read(written)
    if (typeof record === "string") {
      const isObject = typeof written === "object" && written !== null && !Array.isArray(written)
      if (!isObject || Object.keys(written).some((key) => BASE_FIELDS.has(key))) this.break()
      return record
    }
    const { bn, bu, bt, bv, n, u, t, v: value } = record
    for (const [key, given] of Object.entries({ bn, bu, bt, bv })) {
      if (given !== undefined) this.#base = { ...this.#base, [key]: given }
    }
    const hasValue = ["v", "vs", "vb", "vd", "s"].some((key) => key in record)
    // §4.5.4: a base value alone is the value
    if (!hasValue && (n === undefined || this.#base.bv === undefined)) return undefined
    return this.#resolve(n ?? "", u, t ?? 0, hasValue ? value : 0)
  }

  #resolve(n: string, u: string | undefined, t: number, value: number | undefined): SenmlRecord | string {
    const { bn = "", bu = "", bt = 0, bv = 0 } = this.#base
    const given = bt + t
    if (given < RELATIVE_BELOW && this.now === undefined) {
      return `Time must be seconds since 1970: it is ${given}, which counts from when it was sent, and nobody knows when that was`
    }
    const time = Math.floor(given < RELATIVE_BELOW ? given + (this.now ?? 0) : given)
    if (!(time >= 0 && time <= LAST_SECOND)) return `Time must be in the years 1970 to 9999: it is ${given}`
    return { base: bn, name: bn + n, unit: u ?? bu, time, value: value === undefined ? undefined : value + bv }
  }
}

/** Or the rule that it breaks. */
function read(written: unknown): v.InferOutput<typeof recordSchema> | string {
  if (Array.isArray(written)) return "A record must be a JSON object: it is a list"
  const { success, output, issues } = v.safeParse(recordSchema, written, { abortEarly: true })
  if (!success) {
    const [{ message, path, input }] = issues
    return `${path?.[0].key ?? "A record"} ${message}: it is ${shown(input)}`
  }
  const { bver } = output
  if (bver !== undefined && !VERSIONS.has(bver)) return `bver must be at most 10, or 26: it is ${bver}`
  const critical = Object.keys(output).find((key) => key.endsWith("_"))
  if (critical === undefined) return output
  return `A field whose name ends in _ must be understood: ${shown(critical)} is not`
}

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return value === null ? "null" : "missing"
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object"
  return shorten(String(value), SHOWN_CHARACTERS)
}
