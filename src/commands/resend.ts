// `bun run resend`: asks the gateway, the spool's only writer, to deliver days again that the cloud had already.
import { systemClock } from "../clock"
import { count } from "../format"
import type { DayRange } from "../gateway/control/request"
import { heldDays, openSpool } from "../gateway/spool/reader"
import { addressingOf } from "../gateway/spool/schema"
import { INVOCATION } from "../installation"
import { StorageError } from "../storage/errors"
import { addDays, type Day, dayOf } from "../survey/calendar"
import { COMMON_OPTIONS, DAY_RANGE_OPTIONS, readDayRange, UsageError, type Values } from "./arguments"
import { ask } from "./ask"
import { loadDeclared } from "./declared"
import { createScreen } from "./screen"

export const name = "resend"
export const summary = "The gateway delivers these days again from its spool."
export const options = { ...DAY_RANGE_OPTIONS, ...COMMON_OPTIONS } as const

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const topology = await loadDeclared(values, screen)
  const { from, to } = readDayRange(values, dayOf(systemClock.now(), topology.timeZone))
  if (!from) throw new UsageError("--from says which day to begin with: --from 2026-11-21")
  const { spool } = topology.gateway

  const { range, gaps, addressing } = find(spool, from, to)
  for (const gap of gaps) screen.warn(`${spool} holds no surveys of ${formatDays(gap)}`)
  const exit = await ask({ ask: "resend", ...range }, topology, addressing, screen)
  if (exit === 0) screen.info(`  What is still to be delivered: ${INVOCATION} status`)
  return exit
}

/** What the spool holds of these days, and gaps where it does not. Throws StorageError when it holds nothing of them. */
function find(spool: string, from: Day, to: Day | undefined) {
  const sqlite = openSpool(spool)
  try {
    const held = heldDays(sqlite)
    const [oldest, latest] = [held[0], held.at(-1)]
    if (!oldest || !latest) throw new StorageError(`${spool} holds no surveys so far`)
    const asked = held.filter((day) => from <= day && day <= (to ?? latest))
    const [first, last] = [asked[0], asked.at(-1)]
    if (!first || !last) {
      const wanted = to ? formatDays({ from, to }) : `${from} and later`
      const kept = `${count(held.length, "day")}, ${formatDays({ from: oldest, to: latest })}`
      throw new StorageError(`${spool} holds no surveys of ${wanted}: it holds ${kept}`)
    }
    const gaps = gapsIn(asked, from, to ?? latest)
    return { range: { from: first, to: last }, gaps, addressing: addressingOf(sqlite) }
  } finally {
    sqlite.close()
  }
}

function gapsIn(held: readonly Day[], from: Day, to: Day): DayRange[] {
  const gaps: DayRange[] = []
  let next = from
  for (const day of held) {
    if (next < day) gaps.push({ from: next, to: addDays(day, -1) })
    next = addDays(day, 1)
  }
  return next <= to ? [...gaps, { from: next, to }] : gaps
}

const formatDays = ({ from, to }: DayRange): string => (from === to ? from : `${from} to ${to}`)
