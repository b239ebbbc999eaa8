// What a person asks of the gateway, as a file beside the spool: the gateway is the spool's only writer.
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
import { type Day, parseDay } from "../../survey/calendar"
import { KINDS } from "../quarantine/entries"

const day = v.pipe(
  v.string(),
  v.check((text) => parseDay(text) !== undefined, "not a day"),
  v.transform((text) => text as Day),
)
const filter = {
  day: v.optional(day),
  address: v.optional(v.number()),
  kind: v.optional(v.picklist(KINDS)),
  upTo: v.optional(v.number()),
}
const resend = v.object({ ask: v.literal("resend"), from: day, to: day })
const retry = v.object({ ask: v.literal("retry"), ...filter })
const clear = v.object({ ask: v.literal("clear"), ...filter })
const drop = v.object({ ask: v.literal("drop"), day, first: v.number(), last: v.number() })
const file = v.object({ requests: v.array(v.variant("ask", [resend, retry, clear, drop])) })

/** Days, both ends included. */
export interface DayRange {
  readonly from: Day
  readonly to: Day
}

/** To deliver days again; to give what is in quarantine to today's rules, or to clear it; to drop a day. */
export type SpoolRequest = v.InferOutput<typeof resend | typeof retry | typeof clear | typeof drop>

/** What waits to be taken up. */
export const waitingFile = (spool: string) => `${spool}.requests`
/** What was taken up and not finished. After a crash it is done again, which harms nothing. */
export const takenFile = (spool: string) => `${spool}.requests.taken`

/** Adds to what waits, durably. Throws the system's error where the folder may not be written to. */
export function leaveRequest(spool: string, request: SpoolRequest): void {
  const waiting = waitingFile(spool)
  const draft = `${waiting}.${process.pid}`
  const descriptor = openSync(draft, "w")
  try {
    fchmodSync(descriptor, 0o644) // whoever asks need not be the user that the gateway runs as
    const before = existsSync(waiting) ? (readRequests(waiting) ?? []) : []
    writeFileSync(descriptor, `${JSON.stringify({ requests: [...before, request] })}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, waiting)
  const folder = openSync(dirname(waiting), "r")
  fsyncSync(folder)
  closeSync(folder)
}

/** What the gateway has not finished yet. */
export function waitingRequests(spool: string): readonly SpoolRequest[] {
  return [takenFile(spool), waitingFile(spool)].flatMap((file) => (existsSync(file) ? (readRequests(file) ?? []) : []))
}

/** Undefined where a file is not as `leaveRequest()` writes it. */
export function readRequests(path: string): readonly SpoolRequest[] | undefined {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, "utf8"))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const result = v.safeParse(file, value)
  return result.success ? result.output.requests : undefined
}
