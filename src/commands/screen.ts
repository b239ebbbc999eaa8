// What a person sees: readings on standard output, all the rest on standard error, colours and movement on terminals only.
// Here every text becomes printable: no file, device or peer drives the terminal, whoever hands its words on.
import { styleText } from "node:util"
import { createConsola, type LogObject } from "consola/core"
import type { Log } from "../log"
import { isTerminal, stderr, stdout } from "../output"
import { printable, printableLines } from "../printable"
import type { COMMON_OPTIONS, Values } from "./arguments"
import { HANG_OF_PROBLEM, wrap } from "./columns"

export interface Screen extends Log {
  /** Whether a person sits before it. */
  readonly isTerminal: boolean
  /** Columns that a line may have now, here and where readings are printed; undefined where nothing has to fit. */
  readonly width: number | undefined
  readonly printWidth: number | undefined
  /** The zone of the times before lines, where no terminal is: that of the times in them. Until then the machine's. */
  tellTimesIn(timeZone: string): void
  /** Each text is one line; those behind the first fit already. */
  warn(...lines: string[]): void
  /** A line without a mark. */
  plain(text?: string): void
  success(text: string): void
  /** Shown with --quiet too. */
  fail(text: string): void
  /** Redraws one moving line; nothing without a terminal. */
  progress(done: number, total: number): void
  /** Whether somebody can be asked. */
  readonly mayAsk: boolean
  /** Asks a question that is answered with y or n. */
  confirm(question: string): Promise<boolean>
  /** Asks for a line; Enter alone takes the default. Undefined when the input ends, as with Ctrl-D. */
  ask(question: string, byDefault: string): Promise<string | undefined>
  /** Readings, whole lines; resolves when they are handed to the system. */
  print(lines: string): Promise<void>
  /** The same with ✔, ✖ and ⚠ in colours. */
  printMarked(lines: string): Promise<void>
}

const LEVEL = { quiet: 1, normal: 3, verbose: 4 } // consola's: warnings, information, debugging
const BAR_WIDTH = 30
const STDIN = 0

const COLOURS = { "✔": "green", "✖": "red", "⚠": "yellow", "·": "dim" } as const
type Mark = keyof typeof COLOURS
const MARKS: Partial<Record<string, Mark>> = { success: "✔", fail: "✖", error: "✖", warn: "⚠", debug: "·" }

export function createScreen({ quiet, verbose }: Values<Pick<typeof COMMON_OPTIONS, "quiet" | "verbose">>): Screen {
  const terminal = stderr.isTerminal
  let moving = false
  let timeZone = Temporal.Now.timeZoneId()

  const write = (text: string) => {
    if (moving) stderr.write("\r\x1b[2K")
    moving = false
    if (text !== "") stderr.write(text)
  }
  const show = ({ type, args, date }: LogObject) => {
    const [text = "", ...more] = args.map((line) => printable(String(line)))
    const mark = MARKS[type]
    const hang = more.length > 0 ? HANG_OF_PROBLEM : undefined
    const told = [...wrap(mark ? `${mark} ${text}` : text, stderr.width, hang), ...more]
    const lines = `${told.join("\n")}\n`
    if (terminal) write(mark ? lines.replace(mark, coloured(mark)) : lines)
    else if (text !== "") write(`${timestamp(date, timeZone)} ${lines}`)
  }
  const consola = createConsola({
    level: verbose ? LEVEL.verbose : quiet ? LEVEL.quiet : LEVEL.normal,
    reporters: [{ log: show }],
    throttle: 0,
  })
  const typed = typedLines()
  const nextLine = async (): Promise<string | undefined> => (await typed.next()).value ?? undefined
  /** The answer begins behind it, on its last line. */
  const inquire = (question: string) =>
    write(`${wrap(printable(question), stderr.width && stderr.width - 1).join("\n")} `)
  const print = (lines: string): Promise<void> => {
    write("") // the bar gives way
    return stdout.write(lines)
  }
  return {
    isTerminal: terminal,
    get width() {
      return stderr.width
    },
    get printWidth() {
      return stdout.width
    },
    tellTimesIn(zone) {
      timeZone = zone
    },
    debug: (text) => consola.debug(text),
    info: (text) => consola.info(text),
    warn: (text, ...more) => consola.warn(text, ...more),
    error: (text) => consola.error(text),
    plain: (text = "") => consola.log(text),
    success: (text) => consola.success(text),
    fail: (text) => consola.error(text),
    progress(done, total) {
      if (!terminal || quiet) return
      const text = `${done} of ${total} devices`
      const width = Math.max(0, Math.min(BAR_WIDTH, (stderr.width ?? BAR_WIDTH * 2) - text.length - 1))
      const filled = Math.min(width, Math.floor((width * done) / Math.max(1, total)))
      stderr.write(`\r\x1b[2K${"█".repeat(filled)}${"░".repeat(width - filled)} ${text}`)
      moving = true
    },
    mayAsk: terminal && isTerminal(STDIN),
    async confirm(question) {
      inquire(`${question} [y/N]`)
      return /^\s*y(es)?\s*$/i.test((await nextLine()) ?? "")
    },
    async ask(question, byDefault) {
      inquire(`${question} [${byDefault}]`)
      const line = await nextLine()
      return line === undefined ? undefined : line.trim() || byDefault
    },
    print: (lines) => print(printableLines(lines)),
    printMarked: (lines) => print(colour(printableLines(lines))),
  }
}

/** Those that were ended with Enter: `for await (const line of console)` would yield an empty one for Ctrl-D. */
async function* typedLines(): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let begun = ""
  for await (const chunk of Bun.stdin.stream()) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n")
    begun = lines.pop() ?? ""
    yield* lines
  }
}

function colour(lines: string): string {
  if (!stdout.isTerminal) return lines
  return lines.replace(/[✔✖⚠]/g, (mark) => coloured(mark as Mark))
}

const coloured = (mark: Mark): string => styleText(COLOURS[mark], mark)

/** With its offset, to the second (RFC 3339). */
function timestamp(date: Date, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(date.getTime()).toZonedDateTimeISO(timeZone)
  return local.toString({ smallestUnit: "second", timeZoneName: "never" })
}
