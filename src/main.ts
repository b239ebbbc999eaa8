// argv → command → exit code. The only place that ends the process.
import "./commands/start/hang-up" // before all that takes its time

import { resolve } from "node:path"
import { type Command, formatHelp, formatRows, parseOptions, UsageError } from "./commands/arguments"
import { HANG_OF_PROBLEM, wrap } from "./commands/columns"
import { INVOCATION } from "./installation"
import { KeyError } from "./keys/errors"
import { didYouMean } from "./nearest"
import { flushOutput, stderr, stdout } from "./output"
import { printable, printableLines } from "./printable"
import { StorageError, StorageFailed, StorageRefused, StorageUnavailable } from "./storage/errors"
import { formatProblem, TopologyError } from "./topology/yaml/problem"

const COMMANDS: Record<string, () => Promise<Command>> = {
  init: () => import("./commands/init/init") as Promise<Command>,
  start: () => import("./commands/start/start") as Promise<Command>,
  check: () => import("./commands/check/check") as Promise<Command>,
  readings: () => import("./commands/readings/readings") as Promise<Command>,
  report: () => import("./commands/report") as Promise<Command>,
  service: () => import("./commands/service/service") as Promise<Command>,
  status: () => import("./commands/status/status") as Promise<Command>,
  alerts: () => import("./commands/alerts/alerts") as Promise<Command>,
  resend: () => import("./commands/resend") as Promise<Command>,
  import: () => import("./commands/import/import") as Promise<Command>,
  backup: () => import("./commands/backup/backup") as Promise<Command>,
  move: () => import("./commands/move") as Promise<Command>,
  pair: () => import("./commands/pair/pair") as Promise<Command>,
  drop: () => import("./commands/drop") as Promise<Command>,
  quarantine: () => import("./commands/quarantine/quarantine") as Promise<Command>,
  // an executable does not hold the source that it was made of
  ...(!Bun.isStandaloneExecutable && { build: () => import("./commands/build/build") as Promise<Command> }),
}

const EXIT = { ok: 0, incomplete: 1, user: 2, ours: 70 }

async function main([name = "--help", ...args]: readonly string[]): Promise<number> {
  if (["--help", "-h", "help"].includes(name)) {
    stderr.write(await overview())
    return EXIT.ok
  }
  if (["--version", "version"].includes(name)) {
    const { version } = await import("../package.json")
    stdout.write(`${version}\n`)
    return EXIT.ok
  }
  const load = COMMANDS[name]
  if (!load) {
    throw new UsageError(`${name} is not a command${didYouMean(name, Object.keys(COMMANDS), ": see --help")}`)
  }
  const command = await load()
  const { values, positionals } = parseOptions(args, command)
  if (values.help) {
    stderr.write(formatHelp(command, stderr.width))
    return EXIT.ok
  }
  const exit = await command.run(values, positionals)
  if (name === "start") return exit // what it lists is in the store, too
  await flushOutput()
  if (stdout.failure === undefined) return exit
  stderr.write(`Not all of the output was written: ${stdout.failure}\n`)
  return EXIT.incomplete
}

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  const rows = commands.map(({ name, summary }) => [`${INVOCATION} ${name}`, summary])
  return `A telemetry network that never loses a reading.\n\n${formatRows(rows, stderr.width)}\n  --help behind each tells its options\n  --version tells the version\n`
}

/** What a person can mend is one clear line; what is ours shows where it happened. */
function explain(error: unknown): { text: string; exit: number } {
  if (error instanceof ResolveMessage && !/^[./]/.test(error.specifier)) {
    const [name] = error.specifier.split("/", 1)
    const folder = resolve(import.meta.dir, "..")
    return { text: `The package ${name} is not installed: run \`bun install\` in ${folder}`, exit: EXIT.user }
  }
  if (error instanceof TopologyError) {
    return { text: error.problems.map((problem) => formatProblem(problem, stderr.width)).join("\n"), exit: EXIT.user }
  }
  if (error instanceof StorageError || error instanceof UsageError || error instanceof KeyError) {
    return { text: printable(error.message), exit: EXIT.user }
  }
  if (error instanceof Error && "code" in error && /^EA|^ENOTFOUND/.test(String(error.code))) {
    return { text: error.message, exit: EXIT.user }
  }
  if (error instanceof StorageUnavailable) {
    return { text: `${error.message}. What was acknowledged is safe: start again when it does`, exit: EXIT.incomplete }
  }
  if (error instanceof StorageRefused) {
    return {
      text: `${error.message}. What was acknowledged is safe: make room, then start again`,
      exit: EXIT.incomplete,
    }
  }
  if (error instanceof StorageFailed) {
    return {
      text: `${error.message}. What was acknowledged is safe: start again, it goes on from there`,
      exit: EXIT.ours,
    }
  }
  return { text: `This is our fault, not yours: ${error instanceof Error ? error.stack : error}`, exit: EXIT.ours }
}

async function end(exit: number): Promise<never> {
  await flushOutput()
  process.exit(exit)
}

main(process.argv.slice(2)).then(end, (error) => {
  const { text, exit } = explain(error)
  const lines = printableLines(text).split("\n")
  stderr.write(`${lines.flatMap((line) => wrap(line, stderr.width, HANG_OF_PROBLEM)).join("\n")}\n`)
  return end(exit)
})
