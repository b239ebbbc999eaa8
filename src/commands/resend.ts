// `bun run resend`: asks the gateway, the spool's only writer, to deliver days again that the cloud had already.

import type { DayRange } from "../gateway/control/request"
import { countSurveys, heldDays } from "../gateway/spool/reader"
import { SPOOL } from "../gateway/spool/schema"
import { openForReading } from "../storage/database"
import { StorageError } from "../storage/errors"
import { addDays, type Day } from "../survey/calendar"
import { loadTopology } from "../topology/yaml/load"
import { COMMON_OPTIONS, type Command, DAY_RANGE_OPTIONS, readDayRange, UsageError, type Values } from "./arguments"
import { leave } from "./ask"
import { count } from "./format"
import { createScreen } from "./screen"

const options = {
  ...DAY_RANGE_OPTIONS,
  ...COMMON_OPTIONS,
} as const

export const command: Command<typeof options> = {
  name: "resend",
  summary: "The gateway delivers these days again from its spool.",
  options,
  run,
}

async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const { from, to } = readDayRange(values)
  if (!from) throw new UsageError("--from says which day to begin with: --from 2026-11-21")
  const topology = await loadTopology(values.topology ?? "topology.yaml")
  const { spool } = topology.gateway

  const { range, surveys, days, gaps } = find(spool, from, to)
  for (const gap of gaps) screen.warn(`${spool} holds no surveys of ${formatDays(gap)}`)
  leave(spool, { ask: "resend", ...range })
  screen.success(`Asked for: ${count(surveys, "survey")} of ${count(days, "day")}, ${formatDays(range)}`)
  screen.info("  The gateway begins within a minute while it runs, otherwise when it starts")
  screen.info("  What is still to be delivered: bun run status")
  return 0
}

interface Found {
  readonly range: DayRange
  readonly surveys: number
  readonly days: number
  /** Days that were asked for and are not held. */
  readonly gaps: readonly DayRange[]
}

/** What the spool holds of these days. Throws StorageError when that is nothing. */
function find(spool: string, from: Day, to: Day | undefined): Found {
  const sqlite = openForReading(spool, SPOOL)
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
    const surveys = countSurveys(sqlite, first, last).reduce((sum, day) => sum + day.surveys, 0)
    return { range: { from: first, to: last }, surveys, days: asked.length, gaps: gapsIn(asked, from, to ?? latest) }
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
