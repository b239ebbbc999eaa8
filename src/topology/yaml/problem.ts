// What is wrong with topology.yaml, and where.
import { printable } from "../../printable"

/** Keys and list positions that lead to a value. */
export type Path = readonly (string | number)[]

/** Stands in a message for the value that is refused, which is told as the person has written it. */
export const WRITTEN = "\0"

/**
 * A broken rule. `at` is "key" when it is the key that is wrong and not its value, "missing" when there should be one: the
 * message then says what to write.
 */
export interface Finding {
  path: Path
  message: string
  at?: "key" | "missing"
}

/** A finding with its place. `line` and `column` count from 1; line 0 stands for the file as a whole. */
export interface Problem {
  file: string
  line: number
  column: number
  path: string
  message: string
  sourceLine: string
}

/** topology.yaml cannot be used: every problem that was found. It is the user's to mend, so it is shown without a stack. */
export class TopologyError extends Error {
  override readonly name = "TopologyError"

  constructor(
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    super(problems.map((problem) => formatProblem(problem)).join("\n"), options)
  }

  override toString(): string {
    return this.message
  }
}

/** ["devices", 1, "ip"] → "devices[1].ip". */
export function formatPath(path: Path): string {
  return path
    .map((step) =>
      typeof step === "number" ? `[${step}]` : /^[\w-]+$/.test(step) ? `.${step}` : `.${JSON.stringify(step)}`,
    )
    .join("")
    .replace(/^\./, "")
}

const SHOWN = 160 // columns of a long line, where no terminal is narrower
const INDENT = "  "

/**
 * The problem on one line, then the source line with a caret under the place; printable, for the caret must stand.
 * @param fit the terminal's columns: so much is shown of the source line
 */
export function formatProblem({ file, line, column, path, message, sourceLine }: Problem, fit = SHOWN): string {
  const what = printable(path ? `${path}: ${message}` : message)
  const where = printable(file)
  if (line === 0) return `${where}: ${what}`
  const room = Math.min(fit, SHOWN) - INDENT.length - 1 // a character of two columns that is cut stays whole
  const near = (from: number, to: number) => printable(sourceLine.slice(Math.max(0, from), to).replaceAll("\t", " "))
  const before = near(column - 1 - SHOWN, column - 1)
  const after = near(column - 1, column - 1 + SHOWN)
  const [caret, end] = [Bun.stringWidth(before), Bun.stringWidth(before + after)]
  const start = Math.max(0, Math.min(Math.floor(caret - room / 2), end - room))
  const shown = Bun.sliceAnsi(before, start, undefined, "…")
  const place = Bun.stringWidth(shown)
  const rest = Bun.sliceAnsi(after, 0, room - place, "…")
  return `${where}:${line}:${column} ${what}\n${INDENT}${shown}${rest}\n${INDENT}${" ".repeat(place)}^`
}
