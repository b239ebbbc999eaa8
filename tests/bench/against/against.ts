// `bun run bench --against REVISION`: another revision and today's by turns, each in processes and folders of its own.
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as v from "valibot"
import { UsageError } from "../../../src/commands/arguments"
import { ROOT } from "../start/sample"
import { checkOut, describeToday, resolveRevision } from "./checkout"
import { type Comparison, compareRuns, figuresLeftOut, Measurements } from "./comparison"
import { BENCH, type Measured, type Sizes } from "./measure"

export interface AgainstOptions {
  /** Any name that git knows. */
  readonly revision: string
  /** Of each of the two. */
  readonly runs: number
  readonly sizes: Sizes
  /** Aborted when it shall end early. */
  readonly asked: AbortSignal
  readonly say: (text: string) => void
}

export interface Against {
  readonly revision: string
  readonly today: string
  readonly comparisons: readonly Comparison[]
}

const SHORT_HASH = 7
const SCRIPT = join(import.meta.dir, "measure.ts")
const MEASURED: readonly Measured[] = ["uploads", "cost", "day", "bulk"]
const REMOVE = { recursive: true, force: true, maxRetries: 5 } // a killed server's last file may still be coming

/** One of the two that are compared. */
interface Side {
  readonly name: string
  readonly root: string
}

/** What all measurements share. */
interface Conditions {
  readonly sizes: Sizes
  /** The only folder in which programmes are found: the bench leaves out peers that are not installed. */
  readonly programmes: string
  /** For whatever a measurement writes. */
  readonly temporary: string
  readonly asked: AbortSignal
}

/** Leaves nothing behind, however it ends. Throws UsageError where there is no such revision, or it has no such bench. */
export async function measureAgainst({ revision, runs, sizes, asked, say }: AgainstOptions): Promise<Against> {
  const commit = resolveRevision(ROOT, revision)
  const folder = await mkdtemp(join(tmpdir(), "bench-against-"))
  try {
    const other = { name: commit.slice(0, SHORT_HASH), root: join(folder, "revision") }
    const ours = { name: "today", root: ROOT }
    await checkOut(ROOT, commit, other.root)
    const missing = Object.values(BENCH).find((file) => !existsSync(join(other.root, file)))
    if (missing) throw new UsageError(`--against needs a revision with a bench: ${other.name} has no ${missing}`)

    const conditions = { sizes, asked, programmes: await prepare(folder), temporary: folder }
    const [before, today]: [Measurements[], Measurements[]] = [[], []]
    for (let run = 1; run <= runs; run++) {
      const startedAt = performance.now()
      const [then, now]: [Measurements, Measurements] = [[], []]
      // by turns, so that whatever else the machine does falls on both
      for (const what of MEASURED) {
        then.push(...(await measure(what, other, conditions)))
        now.push(...(await measure(what, ours, conditions)))
      }
      before.push(then)
      today.push(now)
      say(`run ${run} of ${runs}: ${Math.round((performance.now() - startedAt) / 1000)} s`)
    }
    const comparisons = compareRuns(before, today)
    for (const figure of figuresLeftOut([...before, ...today], comparisons)) say(`only one of the two has: ${figure}`)
    return { revision: other.name, today: describeToday(ROOT), comparisons }
  } finally {
    await rm(folder, REMOVE)
  }
}

/** A folder of programmes in which there is Bun alone. */
async function prepare(folder: string): Promise<string> {
  const programmes = join(folder, "bin")
  await mkdir(programmes)
  await symlink(process.execPath, join(programmes, "bun"))
  return programmes
}

/** Throws what the measurement complained of, and when it is asked to end. */
async function measure(what: Measured, { name, root }: Side, conditions: Conditions): Promise<Measurements> {
  const { sizes, programmes, temporary, asked } = conditions
  asked.throwIfAborted()
  const child = Bun.spawn([process.execPath, SCRIPT, what, root, JSON.stringify(sizes)], {
    cwd: root,
    env: { ...process.env, PATH: programmes, TMPDIR: temporary },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true, // with its servers it is a group of processes, which ends as one
  })
  const end = () => endGroup(child.pid)
  asked.addEventListener("abort", end)
  try {
    const said = Promise.all([child.stdout.text(), child.stderr.text()])
    const exit = await child.exited
    end() // one that failed may have left servers, which would hold the pipes
    const [found, complaint] = await said
    asked.throwIfAborted()
    if (exit !== 0) throw new Error(`${name}'s ${what} ended with ${exit}: ${complaint}`)
    return v.parse(Measurements, JSON.parse(found))
  } finally {
    asked.removeEventListener("abort", end)
  }
}

/** Whoever of it is still there. */
function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL")
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH"
    if (!isGone) throw error
  }
}
