// What a person asks of the gateway.
import * as v from "valibot"
import { type Day, parseDay } from "../../survey/calendar"
import { KINDS } from "../quarantine/entries"

const day = v.pipe(
  v.string(),
  v.check((text) => parseDay(text) !== undefined, "not a day"),
  v.transform((text) => text as Day),
)
const filter = {
  from: v.optional(day),
  to: v.optional(day),
  address: v.optional(v.number()),
  kind: v.optional(v.picklist(KINDS)),
  upTo: v.optional(v.number()),
}
const spoolRequest = v.variant("ask", [
  v.object({ ask: v.literal("resend"), from: day, to: day }),
  // what another version chooses by, and this one does not know, must not choose everything; "retry" and "clear" chose by
  // other words, and a gateway that knows only these would leave out "from" and "to"
  v.strictObject({ ask: v.literal("quarantine-retry"), ...filter }),
  v.strictObject({ ask: v.literal("quarantine-clear"), ...filter }),
  v.object({
    ask: v.literal("import"),
    surveys: v.array(v.object({ address: v.number(), day, text: v.string(), zone: v.optional(v.string()) })),
  }),
  v.object({ ask: v.literal("zones") }),
  v.object({ ask: v.literal("drop"), day, first: v.number(), last: v.number() }),
])
const controlRequest = v.variant("ask", [
  spoolRequest,
  v.object({ ask: v.literal("reload") }),
  v.object({ ask: v.literal("counters") }),
])

/** Days, both ends included. */
export interface DayRange {
  readonly from: Day
  readonly to: Day
}

/** To deliver days again; to give what is in quarantine to today's rules, or to clear it; to take history, and by which clock; to drop a day. */
export type SpoolRequest = v.InferOutput<typeof spoolRequest>

/** What a gateway that runs is asked for: also to read topology.yaml again, and what it has counted since its start. */
export type ControlRequest = v.InferOutput<typeof controlRequest>

/** Undefined where a text is no request. */
export function readRequest(text: string): ControlRequest | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  const result = v.safeParse(controlRequest, value)
  return result.success ? result.output : undefined
}
