// When a site's next run should be told of, by the rhythm of its last ones: a cloud does not know its schedule.

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const PATIENCE_MS = 12 * HOUR_MS // a schedule is changed, a gateway waits for whoever is late

/**
 * One long pause is an outage; the second longest is the rhythm, as of a schedule that leaves out weekends.
 * @param runs instants of the last two weeks' runs and more, ms since the epoch, in any order
 * @returns ms since the epoch; undefined before the first run
 */
export function expectedBy(runs: readonly number[]): number | undefined {
  const rising = [...runs].sort((a, b) => a - b)
  const last = rising.at(-1)
  if (last === undefined) return undefined
  const pauses = rising.slice(1).map((at, index) => at - (rising[index] ?? at))
  const [, rhythm = DAY_MS] = pauses.sort((a, b) => b - a)
  return last + Math.max(rhythm, DAY_MS) + PATIENCE_MS
}
