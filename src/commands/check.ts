// `bun run check`: every problem in topology.yaml and in every survey line, before a night depends on it.
import { systemClock } from "../clock"
import { surveyPath } from "../device/source"
import { readSurveyFile } from "../device/source/file"
import { SurveyMissing } from "../device/source/missing"
import { Scripts } from "../device/source/script"
import { whyStale } from "../device/source/stale"
import { count } from "../format"
import { clockChange, dayBefore, describeDay } from "../survey/calendar"
import { parseSurvey } from "../survey/survey"
import { type Device, isScript } from "../topology/devices"
import type { Topology } from "../topology/topology"
import { loadTopology } from "../topology/yaml/load"
import { formatProblem } from "../topology/yaml/problem"
import { COMMON_OPTIONS, type Values } from "./arguments"
import { createScreen } from "./screen"
import { SAMPLE_DATA } from "./start/report"

export const name = "check"
export const summary = "Every problem in topology.yaml and in every survey line."
export const options = { ...COMMON_OPTIONS } as const

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
    for (const problem of found.problems) screen.error(problem)
    surveys++
    readings += found.readings
    problems += found.problems.length
  }
  const amounts = [count(topology.devices.size, "device"), count(surveys, "survey"), count(readings, "reading")]
  const seen = [...(topology.sample ? [SAMPLE_DATA] : []), ...amounts].join(", ")
  if (problems > 0)
    screen.fail(`${topology.file} is sound, its surveys are not: ${count(problems, "problem")}; ${seen}`)
  else screen.success(`${topology.file}: ${seen}, no problems`)
  return problems > 0 ? 2 : 0
}

async function checkSurvey(topology: Topology, device: Device, survey: string) {
  const { folder, file, timeZone, limits } = topology
  const day = dayBefore(systemClock.now(), timeZone)
  try {
    if (isScript(survey)) {
      await new Scripts().check({ folder, survey, clock: systemClock })
      return { readings: 0, problems: [] }
    }
    const path = surveyPath(survey, day)
    const { bytes, writtenAtMs } = await readSurveyFile(folder, path, limits.survey)
    const { readings, refused, refusedCount } = parseSurvey(new TextDecoder().decode(bytes), clockChange(day, timeZone))
    const problems = refused.map(({ line, rule }) => `${path}:${line} ${rule}`)
    const stale = whyStale(topology, device, writtenAtMs, day, readings.at(-1))
    if (stale !== undefined) problems.push(`${stale}: it cannot hold ${describeDay(day)}, and is not sent`)
    const more = refusedCount - refused.length
    if (more > 0) problems.push(`${path}: ${count(more, "more line")} refused`)
    return { readings: readings.length, problems }
  } catch (error) {
    if (!(error instanceof SurveyMissing)) throw error
    return { readings: 0, problems: [`${file}:${device.line} ${device.ip}: ${error.message}`] }
  }
}
