// `bun run torture [SUITE…] [--scale 1] [--seed N] [--json FILE]`: the full forms of the suites that look for loss.
import { parseArgs } from "node:util"
import { formatTable } from "../bench/figure"
import { calendar } from "./calendar/suite"
import { chaos } from "./chaos/suite"
import { crashPostgres } from "./crash/postgres/suite"
import { crash } from "./crash/suite"
import { disk } from "./disk/suite"
import { fuzz } from "./fuzz/suite"
import { hostile } from "./hostile/suite"
import { machines, machinesPostgres } from "./machines/suite"
import { network, networkPostgres } from "./network/suite"
import { power } from "./power/suite"
import type { TortureResult, TortureSuite } from "./suite"

const SUITES: readonly TortureSuite[] = [
  ...[crash, crashPostgres, power, network, networkPostgres, machines, machinesPostgres],
  ...[calendar, fuzz, disk, hostile, chaos],
]
const FAILURES_SHOWN = 20

interface Outcome extends TortureResult {
  readonly suite: string
  readonly seconds: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: "string", default: "1" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    json: { type: "string" },
  },
})

const say = (line: string) => process.stderr.write(`${line}\n`)
const [scale, seed] = [Number(values.scale), Number(values.seed)]
const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name))
if (unknown.length > 0 || !(scale > 0) || !Number.isSafeInteger(seed)) {
  say(`Suites are ${SUITES.map(({ name }) => name).join(", ")}; --scale is a number above 0, --seed a whole number`)
  process.exit(2)
}

const revision = Bun.spawnSync(["git", "describe", "--always", "--dirty"]).stdout.toString().trim() || "unknown"
say(`revision ${revision}, seed ${seed}, scale ${scale}`)
const outcomes: Outcome[] = []
for (const suite of SUITES) {
  if (positionals.length > 0 && !positionals.includes(suite.name)) continue
  const missing = suite.missing?.()
  if (missing !== undefined) say(`── ${suite.name}: left out, ${missing}`)
  else outcomes.push(await measured(suite))
}
for (const { suite, failures } of outcomes) {
  for (const failure of failures.slice(0, FAILURES_SHOWN)) say(`✖ ${suite}, revision ${revision}: ${failure}`)
  if (failures.length > FAILURES_SHOWN) say(`✖ ${suite}: ${failures.length - FAILURES_SHOWN} more`)
}
process.stdout.write(`\nrevision ${revision}, seed ${seed}, scale ${scale}\n${tableOf(outcomes)}`)
if (values.json !== undefined) {
  await Bun.write(values.json, `${JSON.stringify({ revision, seed, scale, outcomes }, null, 2)}\n`)
}
const isClean = ({ failures, planted }: Outcome) => failures.length === 0 && planted.every(({ caught }) => caught)
process.exit(outcomes.every(isClean) ? 0 : 1)

async function measured(suite: TortureSuite): Promise<Outcome> {
  say(`── ${suite.name}`)
  const startedAt = performance.now()
  const result = await suite.run({ scale, seed, say })
  return { suite: suite.name, ...result, seconds: (performance.now() - startedAt) / 1000 }
}

function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ suite, work, failures, planted, figures = {}, seconds }) => [
    suite,
    work,
    String(failures.length),
    planted.map(({ fault, caught, detail }) => `${caught ? "✔" : "✖"} ${fault}: ${detail}`).join("; "),
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value}`)
      .join("; "),
    `${Math.round(seconds)} s`,
  ])
  return formatTable([["suite", "work", "failures", "planted faults", "figures", "time"], ...rows], [2, 5])
}
