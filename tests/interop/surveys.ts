// Valid surveys of an exact size, their lines written as the store shows them.

export interface SizedSurvey {
  readonly text: string
  /** "00:00:01 - -89.9 - 0.1%", in the order of the day. */
  readonly lines: readonly string[]
}

/** A reading a second, no line like another, and blank lines up to `sizeBytes`. A day has room for 1.9 MB. */
export function surveyOf(sizeBytes: number): SizedSurvey {
  const lines: string[] = []
  let text = ""
  for (let second = 0; ; second++) {
    const time = new Date(second * 1000).toISOString().slice(11, 19).replace(/:00$/, "")
    const line = `${time} - ${((second % 1801) - 900) / 10} - ${(second % 1001) / 10}%`
    if (text.length + line.length >= sizeBytes) return { text: text.padEnd(sizeBytes, "\n"), lines }
    lines.push(line)
    text += `${line}\n`
  }
}
