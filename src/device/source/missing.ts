// Why a device has no survey to send, in words for a person.

/**
 * A stale file is there, and was last written before the day's readings were taken. One that has passed the day has none of
 * it, and readings of later days: none will come.
 */
export type MissingKind = "missing" | "stale" | "passed"

/** There is no survey to send, or nothing of it is of use: its message says why, on one line. */
export class SurveyMissing extends Error {
  override name = "SurveyMissing"
  readonly kind: MissingKind = "missing"
}

export class SurveyStale extends SurveyMissing {
  override name = "SurveyStale"
  override readonly kind = "stale"
}

export class SurveyPassed extends SurveyMissing {
  override name = "SurveyPassed"
  override readonly kind = "passed"
}

/** Throws SurveyMissing when a survey is larger than `limits.survey`. @param holds "has", or how else it came by its bytes */
export function checkSize(survey: string, holds: string, bytes: number, limitBytes: number): void {
  if (bytes <= limitBytes) return
  throw new SurveyMissing(`${survey} ${holds} ${bytes} bytes, more than limits.survey allows (${limitBytes})`)
}
