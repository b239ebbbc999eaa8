// A request to deliver again: a file beside the spool, because the gateway is the spool's only writer.
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs"
import { dirname } from "node:path"
import * as v from "valibot"
import { type Day, parseDay } from "../survey/calendar"

const day = v.pipe(
  v.string(),
  v.check((text) => parseDay(text) !== undefined, "not a day"),
  v.transform((text) => text as Day),
)
const requests = v.object({ days: v.array(v.object({ from: day, to: day })) })

/** Days to be delivered again, both ends included. */
export interface DayRange {
  readonly from: Day
  readonly to: Day
}

/** What waits to be taken up. */
export const waitingFile = (spool: string) => `${spool}.resend`
/** What was taken up and not finished. After a crash it is done again, which harms nothing. */
export const takenFile = (spool: string) => `${spool}.resend.taken`

/** Adds to what waits, durably. Throws the system's error where the folder may not be written to. */
export function leaveRequest(spool: string, range: DayRange): void {
  const file = waitingFile(spool)
  const draft = `${file}.${process.pid}`
  const descriptor = openSync(draft, "w")
  try {
    fchmodSync(descriptor, 0o644) // whoever asks need not be the user that the gateway runs as
    writeFileSync(descriptor, `${JSON.stringify({ days: [...waitingRequests(spool), range] })}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
  const folder = openSync(dirname(file), "r")
  fsyncSync(folder)
  closeSync(folder)
}

/** What the gateway has not finished yet. */
export function waitingRequests(spool: string): readonly DayRange[] {
  return [takenFile(spool), waitingFile(spool)].flatMap((file) => (existsSync(file) ? (readRequest(file) ?? []) : []))
}

/** Undefined where a file is not as `leaveRequest()` writes it. */
export function readRequest(file: string): readonly DayRange[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, "utf8"))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const result = v.safeParse(requests, value)
  return result.success ? result.output.days : undefined
}
