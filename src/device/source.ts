// Where a device's survey comes from: a file, one file a day, or a script (DESIGN.md §3, §7).
import type { Day } from "../survey/calendar"
import { isScript } from "../topology/devices"
import { readSurveyFile } from "./file"
import { runScript, type ScriptQuestion } from "./script"

export type { SurveySource } from "./script"

/** The path as people know it, with the day in its place. */
export const surveyPath = (survey: string, day: Day): string => survey.replaceAll("{day}", day)

/** How a device comes by its survey. */
export type ReadSurvey = typeof readSurvey

/** A device's survey of one day as it is now: UTF-8, at most `limitBytes`. Throws SurveyMissing, or the signal's reason. */
export function readSurvey(question: ScriptQuestion, signal: AbortSignal): Promise<Uint8Array> {
  const { folder, survey, day, limitBytes } = question
  if (isScript(survey)) return runScript(question, signal)
  return readSurveyFile(folder, surveyPath(survey, day), limitBytes)
}
