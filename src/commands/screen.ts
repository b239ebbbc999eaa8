// What a person sees: readings on standard output, all the rest on standard error, colours and movement on terminals only.
// Here every text becomes printable: no file, device or peer drives the terminal, whoever hands its words on.
import { createConsola, type LogObject } from "consola/core"
import { colors } from "consola/utils"
import type { Log } from "../log"
import { printable, printableLines } from "../printable"

export interface Screen extends Log {
  /** Each text is one line. */
  warn(...lines: string[]): void
  /** A line without a mark. */
  plain(text?: string): void
  success(text: string): void
  /** Shown with --quiet too. */
  fail(text: string): void
  /** Redraws one moving line; nothing without a terminal. */
  progress(done: number, total: number): void
  /** Readings, whole lines; resolves when they are handed to the system. */
  print(lines: string): Promise<void>
  /** The same with ✔, ✖ and ⚠ in colours. */
  printMarked(lines: string): Promise<void>
}

export interface ScreenOptions {
  readonly quiet?: boolean | undefined
  readonly verbose?: boolean | undefined
}

const LEVEL = { quiet: 1, normal: 3, verbose: 4 } // consola's: warnings, information, debugging
const BAR_WIDTH = 30

const COLOURED: Partial<Record<string, string>> = {
  "✔": colors.green("✔"),
  "✖": colors.red("✖"),
  "⚠": colors.yellow("⚠"),
  "·": colors.dim("·"),
}
const MARKS: Partial<Record<string, string>> = { success: "✔", fail: "✖", error: "✖", warn: "⚠", debug: "·" }

export function createScreen({ quiet, verbose }: ScreenOptions): Screen {
  const terminal = process.stderr.isTTY === true
  let moving = false

  const write = (text: string) => {
    if (moving) process.stderr.write("\r\x1b[2K")
    moving = false
    if (text !== "") process.stderr.write(text)
  }
  const show = ({ type, args, date }: LogObject) => {
    const text = args.map((line) => printable(String(line))).join("\n")
    const mark = MARKS[type]
    const line = mark ? `${terminal ? COLOURED[mark] : mark} ${text}` : text
    if (terminal) write(`${line}\n`)
    else if (text !== "") write(`${timestamp(date)} ${line}\n`)
  }
  const consola = createConsola({
    level: verbose ? LEVEL.verbose : quiet ? LEVEL.quiet : LEVEL.normal,
    reporters: [{ log: show }],
    throttle: 0,
  })
  const print = (lines: string): Promise<void> => {
    write("") // the bar gives way
    return new Promise((resolve) => process.stdout.write(lines, () => resolve()))
  }
  ownErrors()
  return {
    debug: (text) => consola.debug(text),
    info: (text) => consola.info(text),
    warn: (text, ...more) => consola.warn(text, ...more),
    error: (text) => consola.error(text),
    plain: (text = "") => consola.log(text),
    success: (text) => consola.success(text),
    fail: (text) => consola.error(text),
    progress(done, total) {
      if (!terminal || quiet) return
      const filled = Math.floor((BAR_WIDTH * done) / total)
      process.stderr.write(
        `\r\x1b[2K${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${done} of ${total} devices`,
      )
      moving = true
    },
    print: (lines) => print(printableLines(lines)),
    printMarked: (lines) => print(colour(printableLines(lines))),
  }
}

function colour(lines: string): string {
  if (process.stdout.isTTY !== true) return lines
  return lines.replace(/[✔✖⚠]/g, (mark) => COLOURED[mark] ?? mark)
}

let owned = false

/** A reader that went away, as `| head -1` does, must not end a collection. */
function ownErrors(): void {
  if (owned) return
  owned = true
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
}

/** Local time with its offset, to the second (RFC 3339). */
function timestamp(date: Date): string {
  const local = Temporal.Instant.fromEpochMilliseconds(date.getTime()).toZonedDateTimeISO(Temporal.Now.timeZoneId())
  return local.toString({ smallestUnit: "second", timeZoneName: "never" })
}
