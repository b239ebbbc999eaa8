// A row of a foreign file that its device could not use travels with the survey, as a line that can be no reading: so it is
// counted and kept where refused lines are. `!`, where it stands and which rule it breaks, and the row, with tabs between.
import { printable, shorten } from "../../printable"

export interface ToldRow {
  /** "export/bed3.csv:17 Temperature must be -90 to 90 °C: it is 220" */
  readonly reason: string
  /** As it stands in the file. */
  readonly text: string
}

const MARK = "!\t"
const REASON_CHARACTERS = 300
const TEXT_CHARACTERS = 200

/** One line, without its end. */
export const formatToldRow = ({ reason, text }: ToldRow): string =>
  `${MARK}${shorten(printable(reason), REASON_CHARACTERS)}\t${shorten(text.replaceAll(/[\r\n]+/g, " "), TEXT_CHARACTERS)}`

/** Undefined where a line is none. */
export function readToldRow(line: string): ToldRow | undefined {
  if (!line.startsWith(MARK)) return undefined
  const end = line.indexOf("\t", MARK.length)
  if (end === -1) return undefined
  return { reason: line.slice(MARK.length, end), text: line.slice(end + 1) }
}
