// `bun run alerts`: which rules hold; `bun run alerts test`: whether those who are told can be reached.
import { tryAll } from "../../alerts/messenger"
import { systemClock } from "../../clock"
import { printInBatches } from "../../cloud/listing"
import { type HeldRule, readHeldRules } from "../../cloud/rules/reader"
import { placeOf } from "../../cloud/store/open"
import { readStatus } from "../../status/document"
import { dayOf } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { expectStoreHere, loadDeclared } from "../declared"
import { createScreen, type Screen } from "../screen"
import { alertsJson, alertsTable } from "./text"

export const name = "alerts"
export const summary = "Which rules hold, since when; test: sends a trial to each of alerts.to, exit 1 if any failed."
export const positionals = "[test]"
export const options = {
  json: { type: "boolean", help: "one JSON document, for programs" },
  ...COMMON_OPTIONS,
} as const

export async function run(values: Values<typeof options>, [word, ...more]: readonly string[] = []): Promise<number> {
  const screen = createScreen(values)
  if (more.length > 0 || (word !== undefined && word !== "test")) {
    throw new UsageError(
      `${more[0] ?? word} is not understood here: alerts lists what holds, alerts test sends a trial`,
    )
  }
  if (word && values.json) throw new UsageError("--json is for the list")
  const topology = await loadDeclared(values, screen)
  if (word) return sendTrials(topology, screen)
  expectStoreHere(topology)
  const held = await withOverdue(await readHeldRules(placeOf(topology)), topology)
  const shown = values.json ? alertsJson(held) : alertsTable(held, topology, screen.printWidth)
  await printInBatches(shown, screen.print)
  if (held.length === 0 && !values.json) screen.info("Nothing that is watched for holds.")
  return 0
}

/** A cloud that does not run has not said so. */
async function withOverdue(held: readonly HeldRule[], topology: Topology): Promise<readonly HeldRule[]> {
  const { site, timeZone, alerts } = topology
  const others = held.filter((each) => each.rule !== "overdue" || each.site !== site)
  const { overdueSince } = await readStatus(topology, systemClock.now())
  if (overdueSince === null || !alerts.rules.overdue) return others
  const since = dayOf(Date.parse(overdueSince), timeZone)
  const overdue = {
    site,
    address: undefined,
    name: undefined,
    rule: "overdue",
    since,
    value: null,
    reason: null,
  } as const
  return [overdue, ...others]
}

async function sendTrials({ site, file, folder, alerts }: Topology, screen: Screen): Promise<number> {
  const { to: targets, smtp } = alerts
  if (targets.length === 0) {
    throw new UsageError(`Nobody is told: write to: [https://ntfy.sh/your-topic] in alerts of ${file}`)
  }
  const answers = await tryAll(targets, { site, folder, smtp, clock: systemClock, environment: process.env })
  for (const { key, to, outcome } of answers) {
    if (outcome.kind === "failed") screen.fail(`${key}: ${outcome.reason}`)
    else screen.success(`${key}: ${to} has taken it${outcome.answer ? `: ${outcome.answer}` : ""}`)
  }
  return answers.some(({ outcome }) => outcome.kind === "failed") ? 1 : 0
}
