// `bun run init FOLDER`: writes a topology.yaml of one's own, from answers or from options; it never writes over one.
import { lstatSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { systemClock } from "../../clock"
import { surveyPath } from "../../device/source"
import { count } from "../../format"
import { INVOCATION, quoteForShell } from "../../installation"
import { codeOf } from "../../storage/errors"
import { makeFolder } from "../../storage/folder"
import { explain, folderError } from "../../storage/remedies"
import { dayBefore } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { loadTopology } from "../../topology/yaml/load"
import { formatProblem } from "../../topology/yaml/problem"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { createScreen, type Screen } from "../screen"
import { listenForSignals } from "../start/signals"
import { complete, faultOf } from "./answers"
import { type Answers, NAMES, type Name, QUESTIONS } from "./questions"
import { topologyText } from "./topology-text"

export const name = "init"
export const summary = "Writes a topology.yaml of your own into a folder: it asks, or takes options and defaults."
export const positionals = "FOLDER"
export const options = {
  ...QUESTIONS,
  ...COMMON_OPTIONS,
  topology: { type: "string", value: "FILE", help: "instead of FOLDER: the very file that is written" },
} as const

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  const [file, ...more] = [
    ...words.map((folder) => join(folder, "topology.yaml")),
    ...(values.topology === undefined ? [] : [values.topology]),
  ]
  if (file === undefined || more.length > 0) throw new UsageError(`Name one folder: ${INVOCATION} init greenhouse`)
  const folder = dirname(file)
  if (isThere(file)) throw alreadyThere(file)
  const isAsked = screen.mayAsk && NAMES.every((name) => values[name] === undefined)
  const answers = isAsked ? await answersOf(screen, folder, file) : complete(settled(values, folder), folder)
  if (!answers) {
    screen.plain()
    screen.info("Nothing was written.")
    return 1
  }
  write(folder, file, topologyText(answers, schemaSeenFrom(folder)))
  const topology = await loadTopology(file)
  for (const warning of topology.warnings) screen.warn(...formatProblem(warning).split("\n"))
  screen.success(`${file}: ${count(topology.devices.size, "device")}`)
  for (const line of nextSteps(topology)) screen.info(line)
  return 0
}

/** Undefined when the person ends it. */
async function answersOf(screen: Screen, folder: string, file: string): Promise<Answers | undefined> {
  screen.plain(`Your network, for ${file}. Enter takes what stands in brackets, Ctrl-C ends it.`)
  screen.plain()
  const signals = listenForSignals()
  const ended = new Promise<undefined>((resolve) => {
    signals.asked.addEventListener("abort", () => resolve(undefined))
  })
  let answers = complete({}, folder)
  let given: Partial<Answers> = {}
  for (const name of NAMES) {
    const answer = await Promise.race([answerTo(name, given, answers[name], folder, screen), ended])
    if (answer === undefined) return undefined
    given = { ...given, [name]: answer }
    answers = complete(given, folder)
  }
  signals.release()
  screen.plain()
  return answers
}

/** Asks again, with the reason, until the answer keeps to the rules. */
async function answerTo(
  name: Name,
  given: Partial<Answers>,
  byDefault: string,
  folder: string,
  screen: Screen,
): Promise<string | undefined> {
  for (;;) {
    const answer = await screen.ask(capitalised(QUESTIONS[name].help), byDefault)
    if (answer === undefined) return undefined
    const fault = faultOf(complete({ ...given, [name]: answer }, folder))
    if (fault === undefined) return answer
    screen.warn(capitalised(fault))
  }
}

/** What the options say. Throws UsageError for the first that breaks a rule. */
function settled(values: Values<typeof QUESTIONS>, folder: string): Partial<Answers> {
  let given: Partial<Answers> = {}
  for (const name of NAMES) {
    const value = values[name]
    if (value === undefined) continue
    given = { ...given, [name]: value }
    const fault = faultOf(complete(given, folder))
    if (fault !== undefined) throw new UsageError(`--${name} ${fault}`)
  }
  return given
}

function write(folder: string, file: string, text: string): void {
  const surveys = join(folder, "surveys")
  try {
    makeFolder(surveys)
  } catch (cause) {
    throw folderError(surveys, cause)
  }
  try {
    writeFileSync(file, text, { flag: "wx" })
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw alreadyThere(file)
    rmSync(file, { force: true }) // a full disk leaves half of it
    throw explain(error, file)
  }
}

function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw explain(error, file)
  }
}

const alreadyThere = (file: string): UsageError =>
  new UsageError(`${file} is there already and stays as it is: name another folder, or edit it`)

/** Inside of the source's own folder the two may move together; an executable has none. */
function schemaSeenFrom(folder: string): string | undefined {
  if (Bun.isStandaloneExecutable) return undefined
  const source = resolve(import.meta.dir, "../../..")
  const schema = join(source, "src/topology/topology.schema.json")
  const path = resolve(folder).startsWith(`${source}/`) ? relative(resolve(folder), schema) : schema
  return /\s/.test(path) ? pathToFileURL(schema).href : path // editors read up to the first blank
}

function nextSteps({ file, devices, timeZone }: Topology): string[] {
  const [first] = devices
  const survey = surveyPath(first?.survey ?? "", dayBefore(systemClock.now(), timeZone))
  const topology = `--topology ${quoteForShell(file)}`
  return [
    `  Yesterday's readings go into ${join(file, "..", survey)}, a line each: 08:00 - 20 - 30%`,
    `  Is all of it there?  ${INVOCATION} check ${topology}`,
    `  One collection now:  ${INVOCATION} start --once ${topology}`,
  ]
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
