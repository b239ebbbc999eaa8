// Chaos: ten sites deliver to two clouds of one PostgreSQL server while the server, its network, its disk and the clouds are
// stopped, crashed, frozen, cut, filled and killed. Nothing that was acknowledged is lost, doubled or wrong.
import { resolve } from "node:path"
import { missingPostgres } from "../../postgres"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import type { Kind } from "./faults"
import { missingSurroundings, type Surroundings, withSurroundings } from "./ground"
import type { Job, Played } from "./play"
import { isLoss } from "./verdict"

const FULL_FAULTS = 300
const SHORT_FAULTS = 13 // each kind once, and of the two long ones one
const PLAY = resolve(import.meta.dir, "play.ts")

export const chaos: TortureSuite = { name: "chaos", short: SHORT_FAULTS / FULL_FAULTS, run, missing }

function missing(): string | undefined {
  return process.platform !== "linux" || Bun.which("setpriv") === null ? "it takes Linux" : missingPostgres
}

interface Plant extends Pick<Job, "settings"> {
  readonly fault: string
  readonly file: string
  /** Until it shows. */
  readonly faults: readonly Kind[]
}

const many = (kind: Kind): Kind[] => Array(10).fill(kind)

const PLANTS: readonly Plant[] = [
  {
    fault: "acknowledged before COMMIT",
    file: "acknowledge-before-commit",
    faults: ["stopped at once", "all sessions ended", ...many("stopped at once")],
  },
  {
    fault: "synchronous_commit = off",
    file: "without-synchronous-commit",
    faults: many("stopped at once"),
    settings: { wal_writer_delay: "10s", synchronous_commit: "off" }, // what is younger than three of these may be lost
  },
  { fault: "a replace instead of the merge", file: "replace", faults: [] },
]

async function run(options: TortureOptions): Promise<TortureResult> {
  const why = missingSurroundings()
  if (why === undefined) return withSurroundings((surroundings) => runIn(surroundings, options))
  options.say(`chaos: no network is cut and no disk filled: ${why}`)
  const result = await runIn(undefined, options)
  return { ...result, work: `${result.work} (no network cut, no disk filled: ${why})` }
}

async function runIn(
  surroundings: Surroundings | undefined,
  { scale, seed, say }: TortureOptions,
): Promise<TortureResult> {
  const faults = Math.max(1, Math.round(FULL_FAULTS * scale))
  const common = { seed, ...(surroundings && { surroundings }) }
  const played = await playApart({ ...common, faults }, say)
  const planted: Planted[] = []
  for (const { fault, file, ...job } of PLANTS) {
    const plant = resolve(import.meta.dir, `planted/${file}.ts`)
    const { failures } = await playApart({ ...common, ...job, plant }, (line) => say(`${fault}: ${line}`))
    const harm = failures.find(isLoss)
    planted.push({ fault, caught: harm !== undefined, detail: harm ?? `not within ${job.faults.length} faults` })
  }
  return {
    work: `${faults} faults, ${played.surveys} surveys acknowledged of ${played.days} days`,
    failures: played.failures.map((failure) => `seed ${seed}: ${failure}`),
    planted,
    figures: played.figures,
  }
}

/** In a process of its own, which is where the clouds are. */
async function playApart(job: Job, say: (line: string) => void): Promise<Played> {
  const within = job.surroundings ? ["ip", "netns", "exec", job.surroundings.clouds] : []
  const child = Bun.spawn([...within, process.execPath, PLAY, JSON.stringify(job)], {
    stdout: "pipe",
    stderr: "pipe",
  })
  const printed = new Response(child.stdout).text()
  let said = ""
  const decoder = new TextDecoder()
  for await (const chunk of child.stderr) {
    const lines = (said + decoder.decode(chunk, { stream: true })).split("\n")
    said = lines.pop() ?? ""
    for (const line of lines) say(line)
  }
  if ((await child.exited) === 0) return JSON.parse(await printed)
  return { failures: [`it ended with ${child.exitCode}`], surveys: 0, days: 0, figures: {} }
}
