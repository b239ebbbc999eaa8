// The command line: options declared once give parsing, help, and the nearest name for a slip.
import { parseArgs } from "node:util"
import { UsageError } from "../asked"
import { INVOCATION } from "../installation"
import { nearest } from "../nearest"
import { columns, wrap } from "./columns"

export { readDay, readDayRange, UsageError } from "../asked"

export interface OptionSpec {
  readonly type: "string" | "boolean"
  /** One letter. */
  readonly short?: string
  /** What stands for a string's value in the help. */
  readonly value?: string
  readonly help: string
}

export type Options = Readonly<Record<string, OptionSpec>>

export type Values<Specs extends Options> = {
  readonly [Name in keyof Specs]?: Specs[Name]["type"] extends "string" ? string : boolean
}

/** What the module of a command exports. */
export interface Command<Specs extends Options = Options> {
  readonly name: string
  readonly summary: string
  readonly options: Specs
  /** What may stand without a dash, for the help; without it nothing may. */
  readonly positionals?: string
  /** Resolves with the exit code. */
  run(values: Values<Specs>, positionals: readonly string[]): Promise<number>
}

/** Of nearly every command. */
export const COMMON_OPTIONS = {
  topology: { type: "string", value: "FILE", help: "another topology than topology.yaml" },
  quiet: { type: "boolean", help: "only warnings and errors" },
  verbose: { type: "boolean", help: "also what the protocols say" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const satisfies Options

/** Parses a command's arguments. Throws UsageError naming the nearest option. */
export function parseOptions<Specs extends Options>(
  args: readonly string[],
  { options: specs, positionals: allowed }: Pick<Command<Specs>, "options" | "positionals">,
): { values: Values<Specs>; positionals: readonly string[] } {
  const { tokens, values, positionals } = parseArgs({
    args: [...args],
    options: specs,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  for (const token of tokens) {
    if (token.kind === "positional" && !allowed) throw new UsageError(`${token.value} is not understood here`)
    if (token.kind !== "option") continue
    const spec = specs[token.name]
    if (!spec) throw new UsageError(`${token.rawName} is not an option${suggest(token.name, specs)}`)
    if (spec.type === "string" && !token.value) throw new UsageError(`${token.rawName} needs a value: ${spec.value}`)
    if (spec.type === "boolean" && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`)
  }
  return { values: values as Values<Specs>, positionals }
}

function suggest(name: string, specs: Options): string {
  const near = nearest(name, Object.keys(specs))
  return near ? `, did you mean --${near}?` : `: see --help`
}

/** @param fit the terminal's columns; undefined where nothing has to fit */
export function formatHelp({ name, summary, options, positionals }: Command, fit?: number): string {
  const rows = Object.entries(options).map(([option, { value, help }]) => [
    `--${option}${value ? ` ${value}` : ""}`,
    help,
  ])
  const usage = `${INVOCATION} ${name}${positionals ? ` ${positionals}` : ""} [options]`
  return `${wrap(usage, fit).join("\n")}\n\n${wrap(summary, fit, 0).join("\n")}\n\n${formatRows(rows, fit)}`
}

/** Two columns, indented. */
export function formatRows(rows: readonly (readonly string[])[], fit?: number): string {
  return columns(rows, { fit: fit && fit - INDENT.length })
    .map((line) => `${INDENT}${line}\n`)
    .join("")
}

const INDENT = "  "

export const DAY_RANGE_OPTIONS = {
  from: { type: "string", value: "YYYY-MM-DD", help: "this day and later ones" },
  to: { type: "string", value: "YYYY-MM-DD", help: "this day and earlier ones" },
  last: { type: "string", value: "SPAN", help: "the days before today, in the topology's zone: 7d, or 2w" },
} as const satisfies Options
