// By which clock the days here are measured: history is placed by that, whatever topology.yaml says by now.
import * as v from "valibot"
import { type Day, isTimeZone } from "../../survey/calendar"

const timeZone = v.pipe(
  v.string(),
  v.check((name) => isTimeZone(name), "not a time zone"),
)

const zones = v.object({
  /** Of a day of which there is nothing yet. */
  zone: timeZone,
  /** Days that are there and have another one. */
  others: v.record(v.string(), timeZone),
  /** Whether days before the next run go to the cloud at once: before the first run has ended nothing does. */
  delivers: v.boolean(),
})

export type Zones = v.InferOutput<typeof zones>

export const zoneOf = ({ zone, others }: Zones, day: Day): string => others[day] ?? zone

/** Each once, that of new days last. */
export const zonesIn = ({ zone, others }: Zones): Set<string> => new Set([...Object.values(others), zone])

export const describeZones = (value: Zones): string => JSON.stringify(value)

/** Undefined where a text tells no zones. */
export function readZones(text: string): Zones | undefined {
  try {
    const { success, output } = v.safeParse(zones, JSON.parse(text))
    return success ? output : undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
}
