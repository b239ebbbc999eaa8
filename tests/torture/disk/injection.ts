// One system call that fails: nothing is acknowledged in spite of it, and what comes after is as it was promised.
import { join } from "node:path"
import { Programme } from "./programme"
import type { Answer } from "./sender"
import type { Site } from "./site"
import { soon } from "./soon"
import { type Call, type DiskError, readCalls, readInjected, traced } from "./syscalls"

/** What runs as a process of its own; the rest of the network runs in this one. */
export interface Setup {
  readonly words: readonly string[]
  /** Begins without any database. */
  readonly empty: boolean
}

export interface Fault {
  readonly call: Call
  readonly error: DiskError
}

export interface Outcome {
  /** What failed, for people. */
  readonly fault: string
  /** What went wrong then: it should not have. */
  readonly problems: readonly string[]
  /** Uploads that were refused and came again. */
  readonly refused: number
}

interface Cycle {
  readonly answers: readonly Answer[]
  readonly acknowledged: boolean
  /** It has played its part: nothing of a full disk may end it any more. */
  readonly hasStarted: boolean
  /** It ended before it was asked to. */
  readonly endedItself: boolean
  readonly exit: number
  readonly programme: Programme
  readonly log: string
}

const CYCLE_WITHIN_MS = 10_000
const PLANTED_WITHIN_MS = 1000 // what was never stored is never delivered: nothing ends that wait
const LISTED_WITHIN_MS = 500
const SETTLED_MS = 50
const EXIT = { ok: 0, incomplete: 1, user: 2, ours: 70, terminated: 143 } // the last: SIGTERM while it was ending

export const FAILED =
  /^The disk of \S+ failed \(\w+\)\. What was acknowledged is safe: start again, it goes on from there$/
const FULL =
  /the disk is full, make room and start again$|is full\. What was acknowledged is safe: make room, then start/
const STARTED = /Waiting for the gateway|Yesterday|Next upload/
const RUN_IS_OVER = /Next upload|The collection failed/
const LISTED = /^\S+ - 08:00 - /m

/** The calls that a whole cycle makes when nothing fails. */
export async function callsOf(site: Site, setup: Setup): Promise<Call[]> {
  const { programme, exit, log } = await runCycle(site, setup, "08:00 - 1 - 1%\n")
  if (exit !== EXIT.ok) throw new Error(`a cycle without a fault ends with ${exit}: ${programme.said}`)
  return readCalls(log)
}

/**
 * Runs a cycle with one fault in it, then one without.
 * @param text the survey: one line for 08:00
 * @param preload a module with a planted fault
 * @returns undefined when the fault did not come to pass
 */
export async function inject(
  site: Site,
  setup: Setup,
  text: string,
  fault: Fault,
  preload?: string,
): Promise<Outcome | undefined> {
  const cycle = await runCycle(site, setup, text, fault, preload)
  const file = await readInjected(cycle.log)
  if (file === undefined) return undefined
  const problems = [...judgeAnswers(cycle), ...judgeEnd(cycle, fault)]
  try {
    await site.finish({ text, acknowledged: cycle.acknowledged })
    const [stored, expected] = [await site.stored(), site.expected(text, setup.empty)]
    if (!Bun.deepEquals(stored, expected)) problems.push(`the store holds ${stored.join()}, not ${expected.join()}`)
    problems.push(...site.damage)
  } catch (error) {
    problems.push(`${cycle.acknowledged ? "acknowledged, and then" : "then"} ${error}`)
  }
  const refused = cycle.answers.filter((answer) => answer === "refused").length
  return { fault: `${fault.error} at ${fault.call.name} ${fault.call.nth}, on ${file}`, problems, refused }
}

/** Uploads until there is an acknowledgement, waits until all is delivered and listed, and ends the process. */
async function runCycle(site: Site, setup: Setup, text: string, fault?: Fault, preload?: string): Promise<Cycle> {
  site.reset(setup.empty)
  const log = join(site.folder, "calls")
  const roles = { gateway: !setup.words.includes("gateway"), cloud: !setup.words.includes("cloud") }
  await using here = roles.gateway || roles.cloud ? await site.start(roles) : undefined
  using sender = await site.sender()
  await using programme = new Programme(traced(site.command(setup.words, preload), site.databases, log, fault))
  const collected = roles.gateway ? here?.collect({ scheduledAt: site.scheduledAt }) : undefined

  const answers: Answer[] = []
  await soon(async () => {
    if (programme.exit !== undefined && !roles.gateway) return true
    const answer = await sender.put(site.day, text)
    answers.push(answer)
    return answer === "acknowledged"
  })
  if (collected) {
    await Promise.race([collected, programme.untilEnded(CYCLE_WITHIN_MS)])
    await programme.until(LISTED, LISTED_WITHIN_MS)
  } else await programme.until(RUN_IS_OVER, preload === undefined ? CYCLE_WITHIN_MS : PLANTED_WITHIN_MS)
  if (collected || (fault && !isFullDisk(fault))) await programme.untilEnded(SETTLED_MS)
  const endedItself = programme.exit !== undefined
  const exit = await programme.stop()
  const acknowledged = answers.at(-1) === "acknowledged"
  const hasStarted = STARTED.test(programme.said)
  return { answers, acknowledged, hasStarted, endedItself, exit, programme, log }
}

function judgeAnswers({ answers, acknowledged, endedItself }: Cycle): string[] {
  const unexpected = answers.flatMap((answer) => (typeof answer === "object" ? [`answered ${answer.unexpected}`] : []))
  return acknowledged || endedItself ? unexpected : [...unexpected, "it goes on, and takes no upload"]
}

/** A full disk ends nobody who runs; whatever else the disk answers ends everybody, with one clear line. */
function judgeEnd({ programme, endedItself, hasStarted, exit }: Cycle, fault: Fault): string[] {
  const { surprise, lastLine } = programme
  if (surprise !== undefined) return [`it says ${surprise}: ${programme.said}`]
  const ending = `it ends with ${exit}: ${lastLine}`
  if (isFullDisk(fault)) {
    if (hasStarted || !endedItself) return exit === EXIT.ok && !endedItself ? [] : [ending]
    if ([EXIT.user, EXIT.incomplete].includes(exit)) return FULL.test(lastLine) ? [] : [ending]
  }
  const wasEnding = exit === EXIT.terminated && !endedItself
  return wasEnding || (exit === EXIT.ours && FAILED.test(lastLine)) ? [] : [ending]
}

/** SQLite knows what became of a write that found no room, and of nothing else. */
const isFullDisk = ({ call, error }: Fault): boolean => error === "ENOSPC" && call.name.includes("write")
