// `bun run check`: every problem in topology.yaml and in every survey line, before a night depends on it; each source is read
// once, scripts included, and the last of its readings shown.
import { faultsOf } from "../../alerts/faults"
import { systemClock } from "../../clock"
import { placeOf, tryStore } from "../../cloud/store/open"
import { formattedOf, surveyPath, surveyReader } from "../../device/source"
import { SurveyMissing } from "../../device/source/missing"
import { whyStale } from "../../device/source/stale"
import { count, labelOf } from "../../format"
import { toldBy } from "../../network/alerts"
import { StorageError, StorageUnavailable } from "../../storage/errors"
import { clockChange, type Day, dayBefore, describeDay } from "../../survey/calendar"
import { formatReading } from "../../survey/reading"
import { parseSurvey } from "../../survey/survey"
import { type Device, isScript } from "../../topology/devices"
import { isReadyMade } from "../../topology/formats/ready-made"
import type { Topology } from "../../topology/topology"
import { formatProblem } from "../../topology/yaml/problem"
import { COMMON_OPTIONS, type Values } from "../arguments"
import { wrap } from "../columns"
import { loadDeclared } from "../declared"
import { lookAtKeys, protectionLines } from "../protection"
import { createScreen, type Screen } from "../screen"
import { SAMPLE_DATA } from "../start/report"
import { ForeignFiles } from "./foreign"
import { type Checked, LATEST_SHOWN } from "./foreign-file"

export const name = "check"
export const summary = "Every problem in topology.yaml and in every survey line."
export const options = { ...COMMON_OPTIONS } as const

const SURVEYS_SHOWN = 20

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const topology = await loadDeclared(values, screen)
  for (const warning of topology.warnings) screen.warn(...formatProblem(warning, screen.width).split("\n"))
  let surveys = 0
  let readings = 0
  let problems = 0
  const scripts = new Set<string>()
  const foreign = new ForeignFiles(topology, systemClock.now())
  for (const device of topology.devices) {
    const { survey } = device
    if (survey === undefined || scripts.has(survey)) continue
    if (isScript(survey)) scripts.add(survey)
    const found = await checkSurvey(topology, device, survey, foreign)
    if (found.latest.length > 0 && surveys < SURVEYS_SHOWN) {
      const lines = [`${labelOf(device)}, ${survey}`, ...found.latest.map((line) => `  ${line}`)]
      await screen.print(
        lines
          .flatMap((line) => wrap(line, screen.printWidth))
          .map((line) => `${line}\n`)
          .join(""),
      )
    }
    for (const problem of found.problems) screen.error(problem)
    surveys++
    readings += found.readings
    problems += found.problems.length
  }
  if (surveys > SURVEYS_SHOWN)
    screen.info(`The readings of ${count(surveys - SURVEYS_SHOWN, "more survey")} are not shown`)
  for (const format of untried(topology)) {
    screen.info(
      `The ready-made format ${format} is untried on a real export: please send one to whoever keeps this programme`,
    )
  }
  const keys = lookAtKeys(topology, systemClock.now())
  for (const line of [...protectionLines(topology), ...keys.notes]) screen.info(line)
  for (const problem of keys.problems) screen.error(problem)
  const what = keys.problems.length > 0 ? "its keys or surveys are not" : "its surveys are not"
  problems += keys.problems.length
  const store = await checkStore(topology, screen)
  const told = await checkTold(topology, screen)
  const amounts = [count(topology.devices.size, "device"), count(surveys, "survey"), count(readings, "reading")]
  const seen = [...(topology.sample ? [SAMPLE_DATA] : []), ...amounts].join(", ")
  if (problems > 0) screen.fail(`${topology.file} is sound, ${what}: ${count(problems, "problem")}; ${seen}`)
  else if (store > 0) screen.fail(`${topology.file}: ${seen}; its store is not as it must be`)
  else if (told > 0) screen.fail(`${topology.file}: ${seen}; ${count(told, "problem")} of alerts`)
  else screen.success(`${topology.file}: ${seen}, no problems`)
  return problems + store + told > 0 ? 2 : 0
}

/** Whether a server that keeps the store does what it must; from here it may be out of reach. Resolves with how many problems. */
async function checkStore(topology: Topology, screen: Screen): Promise<number> {
  try {
    await tryStore(placeOf(topology))
    return 0
  } catch (error) {
    if (!(error instanceof StorageError || error instanceof StorageUnavailable)) throw error
    const isCertain = error instanceof StorageError
    screen[isCertain ? "error" : "warn"](`${topology.file} cloud.store: ${error.message}`)
    return isCertain ? 1 : 0
  }
}

/** Whether those who are told can be, without telling them; resolves with how many cannot. */
async function checkTold(topology: Topology, screen: Screen): Promise<number> {
  const faults = await faultsOf({ ...toldBy(topology), heartbeat: topology.alerts.heartbeat }, process.env, systemClock)
  for (const { text, isCertain } of faults) {
    if (isCertain) screen.error(`${topology.file} ${text}`)
    else screen.warn(`${topology.file} ${text}`)
  }
  return faults.filter(({ isCertain }) => isCertain).length
}

/** Ready-made formats that devices name. */
function untried({ devices, formats }: Topology): string[] {
  const named = new Set(devices.entries.map(({ format }) => format ?? ""))
  return [...named].filter((format) => isReadyMade(format) && !Object.hasOwn(formats, format))
}

async function checkSurvey(
  topology: Topology,
  device: Device,
  survey: string,
  foreign: ForeignFiles,
): Promise<Checked> {
  const { file } = topology
  try {
    const formatted = formattedOf(device, topology)
    if (formatted) return await foreign.check(device, formatted)
    const day = dayBefore(systemClock.now(), topology.timeZone)
    return await checkLines(topology, device, survey, day)
  } catch (error) {
    if (!(error instanceof SurveyMissing)) throw error
    return { readings: 0, latest: [], problems: [`${file}:${device.line} ${device.ip}: ${error.message}`] }
  }
}

/** The lines that a file or a script has for yesterday. Throws SurveyMissing. */
async function checkLines(topology: Topology, device: Device, survey: string, day: Day): Promise<Checked> {
  const { folder, timeZone, limits } = topology
  const question = { folder, survey, device, day, limitBytes: limits.survey, clock: systemClock }
  const { bytes, writtenAtMs } = await surveyReader()(question, new AbortController().signal)
  const { readings, refused, refusedCount } = parseSurvey(new TextDecoder().decode(bytes), clockChange(day, timeZone))
  const path = surveyPath(survey, day)
  const problems = refused.map(({ line, rule }) => `${path}:${line} ${rule}`)
  const stale = whyStale(topology, device, writtenAtMs, day, readings.at(-1))
  if (stale !== undefined) problems.push(`${stale}: it cannot hold ${describeDay(day)}, and is not sent`)
  const more = refusedCount - refused.length
  if (more > 0) problems.push(`${path}: ${count(more, "more line")} refused`)
  return { readings: readings.length, latest: readings.slice(-LATEST_SHOWN).map(formatReading), problems }
}
