// The kinds of fields topology.yaml is made of, each with its rule in plain words. Descriptions show up in editors.
import * as v from "valibot"
import { didYouMean } from "../nearest"
import {
  type AddressRange,
  NETWORK_PATTERN,
  type Network,
  parseAddress,
  parseNetwork,
  parseRange,
  RANGE_PATTERN,
} from "./address"
import { WRITTEN } from "./yaml/problem"

/** What is said of a key without a value that may be left out. */
export const EMPTY = "is empty: give it a value, or remove the line"

/** A section with fixed keys: an unknown one is named with the nearest, a missing one with what to write. */
export function section<const Entries extends v.ObjectEntries>(description: string, entries: Entries) {
  const schema = v.strictObject(entries, (issue) => {
    const key = String(issue.path?.at(-1)?.key)
    if (issue.expected === "never") return unknownKey(key, Object.keys(entries))
    const entry = isMissingKey(issue) ? entries[key] : undefined
    return entry ? `write \`${key}: ${exampleOf(entry)}\` (${inShort(entry)})` : wrongType(issue)
  })
  return v.pipe(schema, v.description(description))
}

/** Whether it says of a section that a key is missing. */
export const isMissingKey = ({ type, expected }: v.BaseIssue<unknown>): boolean =>
  type === "strict_object" && expected !== "never" && expected !== "Object"

function unknownKey(key: string, keys: readonly string[]): string {
  const [, word = "", value] = /^(\w+) *[:=] *(.*)$/.exec(key) ?? []
  if (keys.includes(word)) return `needs a colon and a space: write \`${word}: ${value}\``
  const odd = /[^ -~]/.test(key) ? "is not a key here, and holds an odd character or space: type it anew" : undefined
  return odd ?? `is not a key here${didYouMean(key, keys, `: the keys are ${keys.join(", ")}`)}`
}

/** The least that can be written for it, as `{ address: 10.10.10.2 }`. */
function exampleOf(schema: v.GenericSchema): string {
  const { entries, item } = schema as { entries?: Record<string, v.GenericSchema>; item?: v.GenericSchema }
  if (item) return `[${exampleOf(item)}]`
  if (entries) {
    const needed = Object.entries(entries).filter(([, { type }]) => type !== "optional")
    return `{ ${needed.map(([key, entry]) => `${key}: ${exampleOf(entry)}`).join(", ")} }`
  }
  const [example]: readonly unknown[] = v.getExamples(schema)
  return /^[\w./-]+$/.test(String(example)) ? String(example) : JSON.stringify(example)
}

/** A description's first sentence, as it may stand within another one. */
function inShort(schema: v.GenericSchema): string {
  const [sentence = ""] = v.getDescription(schema)?.split(/\.(?: |$)/, 1) ?? []
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}

/** Why a value of a wrong type is refused: the message for whatever has none of its own. */
export function wrongType(issue: v.BaseIssue<unknown>): string {
  return refused(TYPE_NAMES[issue.type] ?? String(issue.expected))(issue)
}

const TYPE_NAMES: Record<string, string> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  strict_object: "a section of `key: value` lines",
  variant: "a section of `key: value` lines",
}

/** Text that keeps a rule which a pattern can tell. */
export function text(pattern: RegExp, rule: string, description: string) {
  return v.pipe(v.string(refused(rule)), v.regex(pattern, refused(rule)), v.description(description))
}

/** Text that keeps a rule which it takes a function to tell. */
export function checkedText(isValid: (text: string) => boolean, rule: string, description: string) {
  return v.pipe(plainText(rule, description), v.check(isValid, refused(rule)))
}

/** Text whose rule is looked at elsewhere. */
export function plainText(rule: string, description: string) {
  return v.pipe(v.string(refused(rule)), v.description(description))
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(words: Words, description: string) {
  return v.pipe(
    v.picklist(words, (issue) => {
      return refused(`one of ${words.join(", ")}`)(issue) + didYouMean(String(issue.input), words)
    }),
    v.description(description),
  )
}

/** Sections of several kinds, of which a key tells the kind. */
export function kinds<const Key extends string, const Sections extends v.VariantOptions<Key>>(
  key: Key,
  words: readonly string[],
  sections: Sections,
) {
  return v.variant(key, sections, (issue) =>
    issue.path
      ? refused(`one of ${words.join(", ")}`)(issue) + didYouMean(String(issue.input), words)
      : wrongType(issue),
  )
}

/** True or false; false where nothing is said. */
export const flag = (description: string) => v.optional(v.pipe(v.boolean(), v.description(description)), false)

/** False where a section may stand: there shall be nothing of it. */
export const none = (rule: string) => v.literal(false, refused(rule))

/** A whole number within bounds. */
export function wholeNumber(least: number, most: number, description: string) {
  const rule = refused(`a whole number from ${least} to ${most}`)
  return v.pipe(
    v.number(rule),
    v.integer(rule),
    v.minValue(least, rule),
    v.maxValue(most, rule),
    v.description(description),
  )
}

/** Any number that a logger's maker may think of. */
export function decimal(description: string) {
  const rule = refused("a number")
  return v.pipe(v.number(rule), v.minValue(-1e9, rule), v.maxValue(1e9, rule), v.description(description))
}

/** A column of a table, by its name or by its number from 1. */
export function column(description: string) {
  const rule = refused("a column's name, or its number from 1")
  return v.pipe(
    v.union(
      [
        v.pipe(v.number(rule), v.integer(rule), v.minValue(1, rule), v.maxValue(1000, rule)),
        v.pipe(v.string(rule), v.regex(/\D/, rule)),
      ],
      rule,
    ),
    v.description(description),
    v.examples(["Temperature"]),
  )
}

/** A word as a file writes it; YAML takes some for numbers. */
export function mark(description: string) {
  const rule = refused("a word or a number")
  return v.pipe(v.union([v.string(rule), v.number(rule)], rule), v.description(description), v.transform(String))
}

/** A file's path as it is written: one line, not empty. */
export const FILE_PATH = /^[^\0-\x1f\x7f]+$/

export function path(description: string) {
  return text(FILE_PATH, "a file's path", description)
}

/** An interface's address with its network's prefix, as `192.168.1.1/24`. */
export function network(example: string, description: string) {
  const rule = `an IPv4 address and its prefix, such as ${example}`
  return parsed<Network>(NETWORK_PATTERN, parseNetwork, addressRule(rule), description, example)
}

/** An address, or two with a dash between. */
export function addressRange(description: string) {
  const rule = addressRule("an IPv4 address such as 192.168.1.2, or a range such as 10.0.0.2-10.0.39.255")
  const rangeRule = (text: string) =>
    RANGE_PATTERN.test(text) ? "a range from the lower address to the higher" : rule(text)
  return parsed<AddressRange>(RANGE_PATTERN, parseRange, rangeRule, description, "192.168.1.2")
}

const addressRule = (rule: string) => (text: string) =>
  /\b0\d/.test(text) ? `${rule}, without zeros in front of its numbers` : rule

/** An IPv4 address or a host name (RFC 1123 §2.1). Digits and dots alone must be an address. */
export function host(description: string) {
  const label = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i
  const isHost = (text: string) =>
    parseAddress(text) !== undefined ||
    (!/^[\d.]*$/.test(text) && text.length <= 253 && text.split(".").every((part) => label.test(part)))
  return v.pipe(checkedText(isHost, "an IPv4 address or a host name", description), v.examples(["10.10.10.2"]))
}

const UNITS = { ms: "milliseconds", s: "seconds", m: "minutes", h: "hours", d: "days" } as const

/** A number and a unit, as `15m`, between two bounds that are written the same way. */
export function duration(least: string, most: string, description: string) {
  const rule = `a number with ms, s, m, h or d, from ${least} to ${most}`
  const msOf = (text: string) => parseDuration(text)?.total("milliseconds") ?? Number.NaN
  const [leastMs, mostMs] = [msOf(least), msOf(most)]
  const within = (text: string) => (leastMs <= msOf(text) && msOf(text) <= mostMs ? parseDuration(text) : undefined)
  return parsed<Temporal.Duration>(DURATION_PATTERN, within, rule, description)
}

const DURATION_PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/

function parseDuration(text: string): Temporal.Duration | undefined {
  const [, amount, unit] = DURATION_PATTERN.exec(text) ?? []
  return unit === undefined
    ? undefined
    : Temporal.Duration.from({ [UNITS[unit as keyof typeof UNITS]]: Number(amount) })
}

const SIZE_UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const
const SIZE_PATTERN = /^(\d{1,9})(B|KiB|MiB|GiB|TiB)$/

/** A size as `512MiB`, or as a whole number of bytes, between two bounds that are written the same way; it becomes bytes. */
export function size(least: string, most: string, description: string) {
  const rule = refused(`a size such as 512MiB, or a number of bytes, from ${least} to ${most}`)
  const [leastBytes = Number.NaN, mostBytes = Number.NaN] = [least, most].map(parseSize)
  return v.pipe(
    v.union([v.pipe(v.number(rule), v.integer(rule)), v.pipe(v.string(rule), v.regex(SIZE_PATTERN, rule))], rule),
    v.description(description),
    v.rawTransform<number | string, number>(({ dataset, addIssue, NEVER }) => {
      const bytes = parseSize(dataset.value)
      if (bytes !== undefined && leastBytes <= bytes && bytes <= mostBytes) return bytes
      addIssue({ message: rule({ input: dataset.value }) })
      return NEVER
    }),
  )
}

function parseSize(value: string | number): number | undefined {
  if (typeof value === "number") return value
  const [, amount, unit] = SIZE_PATTERN.exec(value) ?? []
  return unit === undefined ? undefined : Number(amount) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS]
}

/** Text that becomes a value. The pattern is for editors, `parse` decides. */
export function parsed<Value>(
  pattern: RegExp,
  parse: (text: string) => Value | undefined,
  rule: Rule,
  description: string,
  ...examples: string[]
) {
  return v.pipe(
    v.string(refused(rule)),
    v.regex(pattern, refused(rule)),
    v.description(description),
    v.examples(examples),
    v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value)
      if (value !== undefined) return value
      addIssue({ message: refused(rule)({ input: dataset.value }) })
      return NEVER
    }),
  )
}

/** What a value must be, in words, or what one that is not so must be. */
type Rule = string | ((text: string) => string)

/** Tells the rule, and what is there instead. */
export function refused(rule: Rule) {
  return ({ input }: { input: unknown }) => {
    const told = typeof rule === "string" ? rule : rule(String(input))
    return input === null ? EMPTY : `must be ${told}: it is ${WRITTEN}`
  }
}
