// `bun run check`: every problem in topology.yaml and in every survey line, before a night depends on it; each source is read
// once, scripts included, and the last of its readings shown.
import { systemClock } from "../clock"
import { formattedOf, surveyPath, surveyReader } from "../device/source"
import { describeEmpty, type Formatted, readAll } from "../device/source/format/file"
import type { Placed } from "../device/source/format/local"
import { SurveyMissing } from "../device/source/missing"
import { whyStale } from "../device/source/stale"
import { count, labelOf } from "../format"
import { clockChange, type Day, dayBefore, describeDay } from "../survey/calendar"
import { formatReading } from "../survey/reading"
import { parseSurvey } from "../survey/survey"
import { type Device, isScript } from "../topology/devices"
import { isReadyMade } from "../topology/formats/ready-made"
import type { Topology } from "../topology/topology"
import { loadTopology } from "../topology/yaml/load"
import { formatProblem } from "../topology/yaml/problem"
import { COMMON_OPTIONS, type Values } from "./arguments"
import { wrap } from "./columns"
import { createScreen } from "./screen"
import { SAMPLE_DATA } from "./start/report"

export const name = "check"
export const summary = "Every problem in topology.yaml and in every survey line."
export const options = { ...COMMON_OPTIONS } as const

const LATEST_SHOWN = 3
const SURVEYS_SHOWN = 20
const REFUSED_SHOWN = 100

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const topology = await loadTopology(values.topology ?? "topology.yaml")
  screen.tellTimesIn(topology.timeZone)
  for (const warning of topology.warnings) screen.warn(...formatProblem(warning, screen.width).split("\n"))
  let surveys = 0
  let readings = 0
  let problems = 0
  const scripts = new Set<string>()
  for (const device of topology.devices) {
    const { survey } = device
    if (survey === undefined || scripts.has(survey)) continue
    if (isScript(survey)) scripts.add(survey)
    const found = await checkSurvey(topology, device, survey)
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
  const amounts = [count(topology.devices.size, "device"), count(surveys, "survey"), count(readings, "reading")]
  const seen = [...(topology.sample ? [SAMPLE_DATA] : []), ...amounts].join(", ")
  if (problems > 0)
    screen.fail(`${topology.file} is sound, its surveys are not: ${count(problems, "problem")}; ${seen}`)
  else screen.success(`${topology.file}: ${seen}, no problems`)
  return problems > 0 ? 2 : 0
}

/** Ready-made formats that devices name. */
function untried({ devices, formats }: Topology): string[] {
  const named = new Set(devices.entries.map(({ format }) => format ?? ""))
  return [...named].filter((format) => isReadyMade(format) && !Object.hasOwn(formats, format))
}

/** What a source holds, as far as it can be told now. */
interface Checked {
  readonly readings: number
  /** The last of them, as lines. */
  readonly latest: readonly string[]
  readonly problems: readonly string[]
}

async function checkSurvey(topology: Topology, device: Device, survey: string): Promise<Checked> {
  const { file } = topology
  try {
    const formatted = formattedOf(device, topology)
    const day = dayBefore(systemClock.now(), topology.timeZone)
    if (formatted) return await checkFile(topology, surveyPath(survey, day), formatted)
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

/** All that a file of others has of the device, whatever day it is of. Throws SurveyMissing. */
async function checkFile({ folder, timeZone }: Topology, path: string, formatted: Formatted): Promise<Checked> {
  const { format, sensor } = formatted
  let readings = 0
  let refusedCount = 0
  let empty = 0
  let lacks: string | undefined
  let latest: Placed[] = []
  const problems: string[] = []
  for await (const content of readAll(folder, path, { format, timeZone })) {
    const own = content.readings.filter(({ device }) => !format.device || device === sensor)
    readings += own.length
    empty += content.empty
    lacks = content.lacks ?? lacks
    latest = [...latest, ...own].sort(byTime).slice(-LATEST_SHOWN)
    for (const { line, rule, path: file } of content.refused) {
      if (refusedCount++ < REFUSED_SHOWN) problems.push(`${file}:${line} ${rule}`)
    }
  }
  if (refusedCount > REFUSED_SHOWN) problems.push(`${path}: ${count(refusedCount - REFUSED_SHOWN, "more row")} refused`)
  if (readings === 0 && refusedCount === 0)
    problems.push(`${path} ${format.device ? `has no readings of ${sensor}` : describeEmpty(empty, lacks)}`)
  return { readings, latest: latest.map(({ day, reading }) => `${day} ${formatReading(reading)}`), problems }
}

const byTime = (a: Placed, b: Placed): number =>
  a.day === b.day ? a.reading.seconds - b.reading.seconds : a.day < b.day ? -1 : 1
