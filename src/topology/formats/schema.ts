// Files that others write, described once and named by the devices whose readings they hold.
import * as v from "valibot"
import { checkedText, choice, column, decimal, kinds, mark, path, plainText, section, wholeNumber } from "../fields"
import { isJsonPath, jsonPath, PATH_RULE } from "./json-path"
import { compilePattern, PATTERN_RULE } from "./pattern"

const TAB = "tab"
const RFC_3339 = "yyyy-MM-dd'T'HH:mm:ss.SZZ"

const KINDS = ["delimited", "json", "senml"] as const
const KIND =
  "delimited: a reading a line, its columns with a delimiter between. json: values, a line each or in a list. senml: RFC 8428."

const isDelimiter = (text: string): boolean => text === TAB || /^[^A-Za-z\d"\r\n.\-+ ]$/.test(text)

const COLUMN = "The column's name, or its number from 1."
const named = { column: column(COLUMN) }

const placed = (description: string) =>
  v.pipe(
    checkedText(isJsonPath, PATH_RULE, description),
    v.examples(["readings.0.moisture"]),
    v.transform((text) => jsonPath(text)),
  )
const at = { path: placed("Where it stands in a value: names with dots between.") }

const pattern = (example: string) =>
  v.pipe(
    checkedText(
      (text) => compilePattern(text) !== undefined,
      PATTERN_RULE,
      `How the time is written, in luxon's tokens, as ${example}.`,
    ),
    v.examples(["yyyy-MM-dd HH:mm:ss"]),
  )

const zone = (byDefault: string) =>
  v.optional(
    plainText(
      "an offset such as +01:00, or a time zone such as Europe/Rome",
      `How far the file's clock is from UTC, as +01:00, or its time zone. By default ${byDefault}.`,
    ),
  )

const missing = v.optional(
  v.pipe(
    v.array(mark("What stands for a value that is not there.")),
    v.description("What stands for a value that is not there; nothing at all does always."),
  ),
  ["NAN", "NULL", "N/A", "#N/A", "-", "--", "-6999", "-7999", "-9999"],
)

const scale = (description: string) => v.optional(decimal(description), 1)
const offset = v.optional(decimal("What is added behind that."), 0)

const temperature = <const Place extends v.ObjectEntries>(place: Place) =>
  section("The temperature.", {
    ...place,
    unit: v.optional(choice(["C", "F"], "C or F."), "C"),
    scale: scale("What the value is multiplied by."),
    offset,
  })

const humidity = <const Place extends v.ObjectEntries>(place: Place) =>
  section("The relative humidity of the soil, in %.", {
    ...place,
    scale: scale("What the value is multiplied by: 100 for a part such as m³/m³."),
    offset,
  })

const whose = <const Place extends v.ObjectEntries>(place: Place) =>
  v.optional(section("Whose a row is, in a file of several devices.", place))

const delimited = section("A file of rows and columns that others write.", {
  kind: v.optional(v.pipe(v.literal("delimited"), v.description(KIND)), "delimited"),
  delimiter: v.optional(
    v.pipe(
      checkedText(isDelimiter, 'one character such as ";", or tab', "What stands between two columns, as ; or tab."),
      v.transform((text) => (text === TAB ? "\t" : text)),
    ),
    ",",
  ),
  headerRows: v.optional(
    wholeNumber(0, 20, "How many rows stand above the readings and name the columns, at most."),
    1,
  ),
  comment: v.optional(path("What a line begins with that is passed over, as #.")),
  missing,
  decimal: v.optional(choice([".", ","], "What stands before a fraction."), "."),
  time: section("When a reading was taken.", {
    column: v.optional(column(COLUMN)),
    columns: v.optional(
      v.pipe(
        v.array(column(COLUMN)),
        v.minLength(2, "must name two columns or more: for one write column"),
        v.description("Several columns that are the time together, a blank between, as [Date, Time]."),
      ),
    ),
    pattern: pattern("MM/dd/yyyy hh:mm:ss a"),
    zone: zone("what the time's column says, as GMT+01:00, or else the topology's zone"),
  }),
  temperature: temperature(named),
  humidity: humidity(named),
  device: whose({
    column: v.optional(column(COLUMN)),
    headerRow: v.optional(
      wholeNumber(1, 20, "Which row of the header, from 1, names whose the columns below are, as a logger's ports."),
    ),
  }),
})

const json = section("A file of JSON that others write.", {
  kind: v.pipe(v.literal("json"), v.description(KIND)),
  rows: v.optional(
    placed(
      "Where the list of readings stands in what the file holds. By default that is the list, or a reading a line.",
    ),
  ),
  missing,
  time: section("When a reading was taken.", {
    ...at,
    pattern: v.optional(pattern("yyyy-MM-dd HH:mm:ss, or X for seconds since 1970"), RFC_3339),
    zone: zone("the topology's zone"),
  }),
  temperature: temperature(at),
  humidity: humidity(at),
  device: whose(at),
})

const senml = section("A file of sensor measurement lists (SenML, RFC 8428), in JSON.", {
  kind: v.pipe(v.literal("senml"), v.description(KIND)),
  device: whose({
    path: v.pipe(
      choice(["bn", "n"], "bn: the base name tells; n: what stands before the last / : or . of the name."),
      v.examples(["bn"]),
    ),
  }),
})

export const formatEntry = v.pipe(
  kinds("kind", KINDS, [delimited, json, senml]),
  v.description("A file that others write."),
)

export const formats = v.pipe(
  v.record(v.string(), formatEntry),
  v.description("Files that others write, each described once by a name that devices give as their format."),
)

export type Format = v.InferOutput<typeof formatEntry>
export type FormatAsWritten = v.InferInput<typeof formatEntry>

export type DelimitedFormat = v.InferOutput<typeof delimited>
export type JsonFormat = v.InferOutput<typeof json>
export type SenmlFormat = v.InferOutput<typeof senml>

/** A column's name, or its number from 1. */
export type Column = DelimitedFormat["temperature"]["column"]
