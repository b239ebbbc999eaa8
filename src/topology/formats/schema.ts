// Files that others write, described once and named by the devices whose readings they hold.
import * as v from "valibot"
import { checkedText, choice, column, decimal, mark, path, plainText, section, wholeNumber } from "../fields"
import { compilePattern, PATTERN_RULE } from "./pattern"

const TAB = "tab"

const isDelimiter = (text: string): boolean => text === TAB || /^[^A-Za-z\d"\r\n.\-+ ]$/.test(text)

export const formatEntry = section("A file that others write.", {
  kind: v.optional(
    choice(["delimited"], "delimited: a reading a line, its columns with a delimiter between."),
    "delimited",
  ),
  delimiter: v.optional(
    v.pipe(
      checkedText(isDelimiter, 'one character such as ";", or tab', "What stands between two columns, as ; or tab."),
      v.transform((text) => (text === TAB ? "\t" : text)),
    ),
    ",",
  ),
  headerRows: v.optional(wholeNumber(0, 20, "How many rows stand above the readings and name the columns."), 1),
  comment: v.optional(path("What a line begins with that is passed over, as #.")),
  missing: v.optional(
    v.pipe(
      v.array(mark("What stands for a value that is not there.")),
      v.description("What stands for a value that is not there; nothing at all does always."),
    ),
    ["NAN", "NULL", "N/A", "#N/A", "-", "--", "-6999", "-7999", "-9999"],
  ),
  decimal: v.optional(choice([".", ","], "What stands before a fraction."), "."),
  time: section("When a reading was taken.", {
    column: v.optional(column("The column's name, or its number from 1.")),
    columns: v.optional(
      v.pipe(
        v.array(column("The column's name, or its number from 1.")),
        v.minLength(2, "must name two columns or more: for one write column"),
        v.description("Several columns that are the time together, a blank between, as [Date, Time]."),
      ),
    ),
    pattern: v.pipe(
      checkedText(
        (text) => compilePattern(text) !== undefined,
        PATTERN_RULE,
        "How the time is written, in luxon's tokens, as MM/dd/yyyy hh:mm:ss a.",
      ),
      v.examples(["yyyy-MM-dd HH:mm:ss"]),
    ),
    zone: v.optional(
      plainText(
        "an offset such as +01:00, or a time zone such as Europe/Rome",
        "How far the file's clock is from UTC, as +01:00, or its time zone. By default what the time's column says, as GMT+01:00, or else the topology's zone.",
      ),
    ),
  }),
  temperature: section("The temperature.", {
    column: column("The column's name, or its number from 1."),
    unit: v.optional(choice(["C", "F"], "C or F."), "C"),
    scale: v.optional(decimal("What the value is multiplied by."), 1),
    offset: v.optional(decimal("What is added behind that."), 0),
  }),
  humidity: section("The relative humidity of the soil, in %.", {
    column: column("The column's name, or its number from 1."),
    scale: v.optional(decimal("What the value is multiplied by: 100 for a part such as m³/m³."), 1),
    offset: v.optional(decimal("What is added behind that."), 0),
  }),
  device: v.optional(
    section("Whose a row is, in a file of several devices.", {
      column: column("The column's name, or its number from 1."),
    }),
  ),
})

export const formats = v.pipe(
  v.record(v.string(), formatEntry),
  v.description("Files that others write, each described once by a name that devices give as their format."),
)

export type Format = v.InferOutput<typeof formatEntry>
export type FormatAsWritten = v.InferInput<typeof formatEntry>

/** A column's name, or its number from 1. */
export type Column = Format["temperature"]["column"]
