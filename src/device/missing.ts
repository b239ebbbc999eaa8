// Why a device has no survey to send, in words for a person.

/** There is no survey to send: its message says why, on one line. */
export class SurveyMissing extends Error {
  override name = "SurveyMissing"
}

/** Throws SurveyMissing when a survey is larger than `limits.survey`. @param holds "has", or how else it came by its bytes */
export function checkSize(survey: string, holds: string, bytes: number, limitBytes: number): void {
  if (bytes <= limitBytes) return
  throw new SurveyMissing(`${survey} ${holds} ${bytes} bytes, more than limits.survey allows (${limitBytes})`)
}
