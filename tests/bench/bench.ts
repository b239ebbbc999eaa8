// `bun run bench`: how fast it is, beside what one would otherwise use, or beside another revision; --help tells its options.
import {
  type Command,
  formatHelp,
  type Options,
  parseOptions,
  UsageError,
  type Values,
} from "../../src/commands/arguments"
import { listenForSignals } from "../../src/commands/start/signals"
import { missingPostgres } from "../postgres"
import { measureAgainst } from "./against/against"
import { formatComparisons } from "./against/comparison"
import { measureBulk } from "./bulk"
import { type Figure, formatFigures } from "./figure"
import { measureFleet } from "./fleet-day"
import { measureLarge } from "./large"
import { measureIdlePage } from "./page/idle"
import { measurePage } from "./page/page"
import { measurePostgres } from "./postgres/postgres"
import { measureProtected } from "./protected"
import { measureRoles } from "./start/idle"
import { measureOriginal } from "./start/original"
import { measureStart } from "./start/start"
import { measureTls } from "./tls"
import { measureUploads } from "./uploads"

const QUICK = { devices: 20_000, fleet: 20_000, bulk: 20_000, years: 100 }
const FULL = { devices: 100_000, fleet: 1_000_000, bulk: 200_000, years: 5480 }
const AGAINST = { devices: 30_000, fleet: 50_000, bulk: 50_000 }
const AGAINST_RUNS = 5
const WINDOW = 2048
const SEED = 1
const EXIT = { ok: 0, user: 2, interrupted: 130 }

const OPTIONS = {
  full: { type: "boolean", help: "with the sizes of the figures in tests/README.md: a fleet of 1,000,000 devices" },
  against: { type: "string", value: "REVISION", help: "this revision and today's by turns, and the ratios" },
  runs: {
    type: "string",
    value: "N",
    help: `runs of each of the two: ${AGAINST_RUNS} unless this says another number`,
  },
  json: { type: "string", value: "FILE", help: "the figures as JSON too" },
  help: { type: "boolean", short: "h", help: "this text" },
} as const satisfies Options

const bench: Command<typeof OPTIONS> = {
  name: "bench",
  summary: "How fast it is, beside what one would otherwise use, or beside another revision.",
  options: OPTIONS,
  async run(values) {
    if (values.help) {
      say(formatHelp(bench).trimEnd())
      return EXIT.ok
    }
    if (values.against !== undefined) return compare(values.against, values)
    if (values.runs !== undefined) throw new UsageError("--runs belongs to --against REVISION")
    const figures = await measureAll(values.full === true)
    await print(formatFigures(figures), figures, values.json)
    return EXIT.ok
  },
}

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    return await bench.run(parseOptions(process.argv.slice(2), bench).values, [])
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    say(error.message)
    return EXIT.user
  }
}

async function measureAll(full: boolean): Promise<Figure[]> {
  const size = full ? FULL : QUICK
  const load = { window: WINDOW, random: Math.random }
  const original = await measureOriginal()
  if (missingPostgres !== undefined) say("PostgreSQL is left out: apt-get install postgresql")
  if (!original) say("the original is left out: apt-get install python3")
  return [
    ...(await measureUploads({ ...load, devices: size.devices, say })),
    ...(await measureFleet({ ...load, devices: size.fleet }, say)),
    await measureTls({ ...load, devices: size.devices }, say),
    ...(await measureProtected({ ...load, devices: size.devices, say })),
    await measureBulk(size.bulk),
    ...(missingPostgres === undefined ? await measurePostgres(size.bulk, size.years, say) : []),
    ...(await measureLarge(SEED)),
    ...(await measurePage({ ...load, devices: size.devices, fleet: size.fleet, say })),
    await measureStart(say),
    await measureStart(say, { keys: true }),
    ...(original ? [original] : []),
    ...(full ? [...(await measureRoles(say)), await measureIdlePage()] : []), // they have to rest for half a minute first
  ]
}

async function compare(revision: string, { full, runs: text, json }: Values<typeof OPTIONS>): Promise<number> {
  const runs = Number(text ?? AGAINST_RUNS)
  if (!Number.isSafeInteger(runs) || runs < 1) throw new UsageError(`--runs is a whole number from 1 on: it is ${text}`)
  const signals = listenForSignals()
  try {
    const sizes = full ? FULL : AGAINST
    const against = await measureAgainst({ revision, runs, sizes, asked: signals.asked, say })
    const heading = `${against.revision} beside today's ${against.today}, ${runs} runs of each: median (least–most)`
    const table = formatComparisons(against.comparisons, against.revision)
    await print(`${heading}\n${table}`, { ...against, runs }, json)
    return EXIT.ok
  } catch (error) {
    if (signals.asked.aborted) return EXIT.interrupted
    throw error
  } finally {
    signals.release()
  }
}

async function print(text: string, found: unknown, file: string | undefined): Promise<void> {
  process.stdout.write(`\n${text}`)
  if (file !== undefined) await Bun.write(file, `${JSON.stringify(found, null, 2)}\n`)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
