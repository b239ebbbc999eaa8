// Where a device's survey comes from: a file, one file a day, or a script.
import type { Day } from "../survey/calendar"
import { isScript } from "../topology/devices"
import { readSurveyFile, type SurveyText } from "./source/file"
import { Scripts, type SurveyQuestion } from "./source/script"

export type { SurveySource } from "./source/script"

/** The path as people know it, with the day in its place. */
export const surveyPath = (survey: string, day: Day): string => survey.replaceAll("{day}", day)

/** How a device comes by its survey. */
export type ReadSurvey = (question: SurveyQuestion, signal: AbortSignal) => Promise<SurveyText>

/** Reads a device's survey of one day as it is now, of at most `limitBytes`. Throws SurveyMissing, or the signal's reason. */
export function surveyReader(): ReadSurvey {
  const scripts = new Scripts()
  return async (question, signal) => {
    const { folder, survey, day, limitBytes } = question
    if (isScript(survey)) return { bytes: await scripts.run(question, signal) }
    return readSurveyFile(folder, surveyPath(survey, day), limitBytes)
  }
}
