// The calendar: a year in each of thirty time zones, with power cuts, wrong clocks and moves, against Intl's calendar.
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import type { Planted, TortureResult, TortureSuite } from "../suite"
import type { Played } from "./play"
import { YEARS } from "./years"

const DAYS = 365
const PLANTED_DAYS = 12
const LEAST_PROCESSES = 3 // the years of the short form differ in length
const MOST_PROCESSES = 8
const LONGEST_YEAR_MS = 300_000 // ours; one that has no end is a failure
const MEMORY = "/dev/shm" // a disk's fsyncs would take most of the time
const PLAY = join(import.meta.dir, "play.ts")
const UTC_DAYS = join(import.meta.dir, "utc-days.ts")

export const calendar: TortureSuite = {
  name: "calendar",
  short: 3 / YEARS,

  async run({ scale, seed, say }): Promise<TortureResult> {
    const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "calendar-"))
    try {
      const years = Math.max(1, Math.round(YEARS * scale))
      const [played, planted] = await Promise.all([playAll(folder, seed, years, say), plant(folder, seed)])
      const surveys = played.reduce((sum, year) => sum + year.surveys, 0)
      const failures = played.flatMap((year) => year.failures)
      const work = `${years} years of ${DAYS} days, ${surveys.toLocaleString("en-GB")} surveys`
      return { work, failures, planted: [planted] }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** Every process takes every so-many-th year. */
async function playAll(folder: string, seed: number, years: number, say: (line: string) => void): Promise<Played[]> {
  const processes = Math.min(years, MOST_PROCESSES, Math.max(LEAST_PROCESSES, availableParallelism()))
  const numbers = Array.from({ length: years }, (_, number) => number)
  let done = 0
  const played = (year: Played) => {
    const how = year.failures.length === 0 ? "" : `, ${year.failures.length} failures`
    say(`calendar: ${++done} of ${years} years${how}`)
  }
  const all = await Promise.all(
    Array.from({ length: processes }, (_, process) => {
      const share = numbers.filter((number) => number % processes === process)
      return play([PLAY, folder, String(seed), String(DAYS), ...share.map(String)], seed, played)
    }),
  )
  return all.flat()
}

async function plant(folder: string, seed: number): Promise<Planted> {
  const command = ["--preload", UTC_DAYS, PLAY, join(folder, "planted"), String(seed), String(PLANTED_DAYS), "0"]
  const [year] = await play(command, seed, () => {})
  const caught = year !== undefined && year.failures.length > 0
  const detail = (caught ? year.failures[0] : undefined) ?? `not within ${PLANTED_DAYS} days`
  return { fault: "days computed in UTC", caught, detail }
}

/** Runs a process; one that does not end as it should has failed. */
async function play(command: readonly string[], seed: number, onPlayed: (year: Played) => void): Promise<Played[]> {
  // so short a life does not repay the last stage of the compiler
  const env = { ...process.env, BUN_JSC_useFTLJIT: "0" }
  const child = Bun.spawn([process.execPath, ...command], { stdout: "pipe", stderr: "pipe", env })
  const stderr = new Response(child.stderr).text()
  const watch = setTimeout(() => child.kill("SIGKILL"), LONGEST_YEAR_MS)
  const years: Played[] = []
  let rest = ""
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const year: Played = JSON.parse(line)
      watch.refresh()
      years.push(year)
      onPlayed(year)
    }
  }
  clearTimeout(watch)
  if ((await child.exited) === 0) return years
  const failure = `seed ${seed}: ${command.join(" ")} ended with ${child.exitCode}: ${await stderr}`
  return [...years, { number: -1, failures: [failure], surveys: 0 }]
}
