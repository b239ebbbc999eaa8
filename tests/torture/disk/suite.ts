// Torture by the disk: each write and fsync fails once, as a disk that is full or one that fails; and disks that are small.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Random } from "../../../src/clock"
import { seededRandom } from "../../virtual-clock"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import { fillDisk, limitFiles, missingMount } from "./bounded"
import { failSurvey } from "./device"
import { callsOf, type Fault, inject, type Setup } from "./injection"
import { build } from "./programme"
import { Site } from "./site"
import { ERRORS, missingStrace } from "./syscalls"

/** A pass goes through the calls of one of them, from call to call with the other error. */
const SETUPS: readonly Setup[] = [
  { words: ["gateway", "cloud"], empty: false },
  { words: ["gateway", "cloud"], empty: true },
  { words: ["gateway"], empty: false },
  { words: ["cloud"], empty: false },
]
const PASSES = SETUPS.length * ERRORS.length // at scale 1: every call with either error
const AT_ONCE = 3 // a case waits a third of its time, for a programme that comes again a second later
const MISSED_SHARE = 0.1 // what is committed together is a matter of milliseconds, and so is the number of calls
const LARGEST_LIMIT_PAGES = 150 // of 4 KiB, for a file: some limits leave no room to start, none is out of reach
const SPOOL_LOG = "gateway.db-wal"
const UPLOAD_BEGINS = 3 // calls: before it the collection is opened
const FAULT = join(import.meta.dir, "fault.ts")
const PLANTED_TRIES = 4

/** What is done on one of the sites; what went wrong. */
type Case = (site: Site) => Promise<readonly string[]>

export const disk: TortureSuite = { name: "disk", short: 1 / PASSES, run }

async function run({ scale, seed, say }: TortureOptions): Promise<TortureResult> {
  const missing = missingStrace()
  if (missing !== undefined) return { work: "none", failures: [missing], planted: [] }
  const torture = new Torture(seed, say)
  try {
    await torture.begin()
    const passes = Math.max(1, Math.round(scale * PASSES))
    for (let pass = 0; pass < passes; pass++) {
      await torture.pass(pass)
      say(`pass ${pass + 1} of ${passes}: ${torture.calls} calls failed, ${torture.failures.length} failures`)
    }
    return torture.result(await torture.plant())
  } catch (error) {
    return { work: "not finished", failures: [...torture.failures, `seed ${seed}: ${error}`], planted: [] }
  } finally {
    torture.end()
  }
}

class Torture {
  readonly failures: string[] = []
  calls = 0
  #missed = 0
  #refused = 0
  #disks = 0
  #sites: readonly Site[] = []
  readonly #folder = mkdtempSync(join(tmpdir(), "disk-programme-"))
  readonly #random: Random
  readonly #unmountable = missingMount()

  constructor(
    private readonly seed: number,
    say: (line: string) => void,
  ) {
    this.#random = seededRandom(seed)
    if (this.#unmountable) say(this.#unmountable)
  }

  async begin(): Promise<void> {
    const places = Array.from({ length: AT_ONCE }, (_, n) => process.pid * AT_ONCE + n)
    const main = await build(this.#folder)
    this.#sites = await Promise.all(places.map((place) => Site.make(place, main)))
  }

  end(): void {
    for (const site of this.#sites) site[Symbol.dispose]()
    rmSync(this.#folder, { recursive: true })
  }

  /** Every call of one setup and a small disk of either kind; in the last setup's passes a survey on a failing disk. */
  async pass(number: number): Promise<void> {
    const turn = number % SETUPS.length
    const setup = SETUPS[turn]
    const [site] = this.#sites
    if (!setup || !site) return
    const calls = await callsOf(site, setup)
    const other = Math.floor(number / SETUPS.length) + this.seed
    const cases = calls.map((call, index): Case => {
      const error = (index + other) % ERRORS.length === 0 ? "EIO" : "ENOSPC"
      const text = this.#text()
      return (own) => this.#inject(own, setup, text, { call, error })
    })
    const [values, limitBytes] = [this.#number(100), 4096 * (1 + this.#number(LARGEST_LIMIT_PAGES))]
    if (!this.#unmountable) cases.push((own) => fillDisk(own, values))
    cases.push((own) => limitFiles(own, limitBytes, values))
    this.#disks += this.#unmountable ? 1 : 2
    if (turn === SETUPS.length - 1) cases.push(failSurvey)
    await this.#share(cases, `seed ${this.seed}, pass ${number} (${setup.words.join(" and ")})`)
  }

  /** Whether an acknowledgement in spite of the error is noticed, at one of the spool's writes. */
  async plant(): Promise<Planted> {
    const fault = "acknowledge in spite of the error"
    const setup = SETUPS[0]
    const [site] = this.#sites
    if (!setup || !site) return { fault, caught: false, detail: "not tried" }
    const calls = (await callsOf(site, setup)).filter(({ name, file }) => name === "pwrite64" && file === SPOOL_LOG)
    for (const [index, call] of calls.slice(UPLOAD_BEGINS, UPLOAD_BEGINS + PLANTED_TRIES).entries()) {
      const outcome = await inject(site, setup, this.#text(), { call, error: "ENOSPC" }, FAULT)
      const [problem] = outcome?.problems ?? []
      if (problem) return { fault, caught: true, detail: `at call ${index + 1}: ${problem}` }
    }
    return { fault, caught: false, detail: `not in ${PLANTED_TRIES} calls` }
  }

  result(planted: Planted): TortureResult {
    const failures = [...this.failures]
    if (this.#missed > MISSED_SHARE * this.calls) failures.push(`seed ${this.seed}: ${this.#missed} calls did not fail`)
    if (this.#refused === 0) failures.push(`seed ${this.seed}: no upload was refused, however full the disk`)
    return {
      work: `${this.calls - this.#missed} system calls failed, ${this.#disks} disks filled`,
      failures,
      planted: [planted],
      figures: {
        "calls that did not come to pass": String(this.#missed),
        "refused, then taken": `${this.#refused} uploads`,
        ...(this.#unmountable && { "1 MiB file system": this.#unmountable }),
      },
    }
  }

  async #share(cases: readonly Case[], name: string): Promise<void> {
    const queue = cases.values()
    const work = async (site: Site) => {
      for (const run of queue) {
        const problems = await run(site).catch((error) => [String(error)])
        this.failures.push(...problems.map((problem) => `${name}: ${problem}`))
      }
    }
    await Promise.all(this.#sites.map(work))
  }

  async #inject(site: Site, setup: Setup, text: string, fault: Fault): Promise<string[]> {
    const outcome = await inject(site, setup, text, fault)
    this.calls++
    if (!outcome) this.#missed++
    this.#refused += outcome?.refused ?? 0
    return (outcome?.problems ?? []).map((problem) => `${outcome?.fault}: ${problem}`)
  }

  /** One reading that no other case has. */
  #text(): string {
    return `08:00 - ${this.#number(90)} - ${this.#number(99)}.${1 + this.#number(9)}%\n`
  }

  #number(below: number): number {
    return Math.floor(this.#random() * below)
  }
}
