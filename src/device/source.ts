// Where a device's survey comes from: a file, one file a day, a file that others write, or a script.
import type { Day } from "../survey/calendar"
import { type Device, isScript } from "../topology/devices"
import { findFormat } from "../topology/formats/rules"
import type { Topology } from "../topology/topology"
import { readSurveyFile, type SurveyText } from "./source/file"
import { DayReader } from "./source/format/day"
import type { Formatted } from "./source/format/file"
import { Scripts, type SurveyQuestion } from "./source/script"

export type { SurveySource } from "./source/script"

/** The path as people know it, with the day in its place. */
export const surveyPath = (survey: string, day: Day): string => survey.replaceAll("{day}", day)

/** What a device's file is read with; undefined for the lines of a survey. */
export function formattedOf(
  { ip, name, format, sensor }: Pick<Device, "ip" | "name" | "format" | "sensor">,
  { formats, timeZone }: Pick<Topology, "formats" | "timeZone">,
): Formatted | undefined {
  const found = findFormat(formats, format)
  return found && { format: found, sensor: sensor ?? name ?? ip, timeZone }
}

/** How a device comes by its survey. */
export type ReadSurvey = (question: SurveyQuestion, signal: AbortSignal) => Promise<SurveyText>

/** Reads a device's survey of one day as it is now, of at most `limitBytes`. Throws SurveyMissing, or the signal's reason. */
export function surveyReader(): ReadSurvey {
  const scripts = new Scripts()
  const days = new DayReader()
  return async (question, signal) => {
    const { folder, survey, day, limitBytes, formatted, clock } = question
    const path = surveyPath(survey, day)
    if (formatted) return days.read({ folder, path, day, limitBytes, formatted, nowMs: clock.now() })
    if (isScript(survey)) return { bytes: await scripts.run(question, signal) }
    return readSurveyFile(folder, path, limitBytes)
  }
}
