// The store in PostgreSQL: its commit path beside a plain COPY of the same rows, two clouds beside one, and reading.
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { StoreReader } from "../../../src/cloud/store/reader"
import { historyOf } from "../../../src/page/device/history"
import { addDays, type Day } from "../../../src/survey/calendar"
import { PostgresServer } from "../../postgres"
import { type Figure, median } from "../figure"
import { FIRST_DEVICE } from "../load/topology"
import type { Job } from "./deliveries"
import { bodiesOf, copyLine, SITE } from "./surveys"

const ROUNDS = 5
const FIRST_DAY: Day = "2025-01-01"
const YEAR = 365
const AIMS = { copy: 0.5, two: 1, yearMs: 50, dayMs: 1000 }
const WORKER = `${import.meta.dir}/deliveries.ts`

export async function measurePostgres(
  surveys: number,
  yearsOf: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "bench-postgres-"))
  chmodSync(folder, 0o755)
  await using postgres = await PostgresServer.start()
  try {
    const [ours, copied, two]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      const day = (n: number) => addDays(FIRST_DAY, 10 * round + n)
      ours.push(await deliver(postgres, [{ day: day(0), surveys }]))
      copied.push(await copy(postgres, join(folder, "rows"), day(1), surveys))
      const half = Math.round(surveys / 2)
      two.push(
        await deliver(postgres, [
          { day: day(2), surveys: half },
          { day: day(2), surveys: half, first: FIRST_DEVICE + half },
        ]),
      )
      say(`postgres: round ${round + 1} of ${ROUNDS}`)
    }
    await postgres.run("TRUNCATE surveys")
    return [...ofDeliveries(ours, copied, two), ...(await measureReading(postgres, yearsOf, say))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function ofDeliveries(ours: readonly number[], copied: readonly number[], two: readonly number[]): Figure[] {
  const [one, plain, both] = [median([...ours]), median([...copied]), median([...two])]
  const shown = (value: number) => `${Math.round(value).toLocaleString("en")} /s`
  return [
    {
      figure: "the cloud's commit path on PostgreSQL, 24 readings a survey",
      value: one,
      unit: "/s",
      peer: `plain COPY: ${shown(plain)}`,
      ratio: one / plain,
      aim: `${AIMS.copy} or more`,
      met: one >= AIMS.copy * plain,
    },
    {
      figure: "two clouds on one PostgreSQL, all on this machine",
      value: both,
      unit: "/s",
      peer: `one cloud: ${shown(one)}`,
      ratio: both / one,
      aim: "not slower",
      met: both >= AIMS.two * one,
    },
  ]
}

/** Surveys a second, all processes together. */
async function deliver(
  postgres: PostgresServer,
  jobs: readonly { day: Day; surveys: number; first?: number }[],
): Promise<number> {
  const clouds = jobs.map(({ first = FIRST_DEVICE, ...rest }) => {
    const job: Job = { url: postgres.url(), first, ...rest }
    return Bun.spawn([process.execPath, WORKER, JSON.stringify(job)], { stdin: "pipe", stdout: "pipe" })
  })
  const outputs = clouds.map(({ stdout }) => stdout.getReader())
  for (const output of outputs) await output.read() // "ready"
  for (const { stdin } of clouds) stdin.end()
  const elapsedMs = await Promise.all(
    outputs.map(async (output) => Number(new TextDecoder().decode((await output.read()).value))),
  )
  await Promise.all(clouds.map(({ exited }) => exited))
  const surveys = jobs.reduce((sum, job) => sum + job.surveys, 0)
  return (surveys / Math.max(...elapsedMs)) * 1000
}

/** The same rows into the same table, by psql out of a file. */
async function copy(postgres: PostgresServer, file: string, day: Day, surveys: number): Promise<number> {
  const lines = bodiesOf(FIRST_DEVICE, surveys, day).map((survey) => copyLine(survey, day))
  await Bun.write(file, lines.join(""))
  const startedAt = performance.now()
  const columns = "site, day, address, revision, digest, zone, readings"
  await postgres.psql(`\\copy surveys (${columns}) FROM '${file}'`)
  return (surveys / (performance.now() - startedAt)) * 1000
}

/** @param devices of which a year is stored, every day of all of them */
async function measureReading(
  postgres: PostgresServer,
  devices: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  say(`postgres: ${(devices * YEAR).toLocaleString("en")} device-days`)
  const [one] = bodiesOf(FIRST_DEVICE, 1, FIRST_DAY)
  const readings = one ? copyLine(one, FIRST_DAY).trimEnd().split("\t").at(-1) : ""
  await postgres.run(
    `INSERT INTO surveys (site, day, address, revision, digest, zone, readings)
     SELECT 1, day::date::text, ${FIRST_DEVICE} + n, 1, n, 1, '${readings}'
     FROM generate_series('${FIRST_DAY}'::date, '${FIRST_DAY}'::date + ${YEAR - 1}, '1 day') AS day,
       generate_series(0, ${devices - 1}) AS n`,
  )
  await postgres.run("ANALYZE surveys") // as autovacuum has done by then
  await using reader = await StoreReader.open({ store: postgres.url(), password: undefined, folder: "." })
  const [from, to] = [FIRST_DAY, addDays(FIRST_DAY, YEAR - 1)]
  const [years, days]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    const address = FIRST_DEVICE + ((round * 997) % devices)
    years.push(await timed(() => historyOf(reader, { site: SITE, address, from, to })))
    const day = addDays(FIRST_DAY, 61 * round)
    days.push(await timed(() => Array.fromAsync(reader.surveys({ site: SITE, from: day, to: day }))))
  }
  const of = `of ${(devices * YEAR).toLocaleString("en")} device-days on PostgreSQL`
  const figure = (what: string, value: number, aim: number): Figure => ({
    figure: `${what} ${of}`,
    value,
    unit: "ms",
    peer: null,
    ratio: null,
    aim: `${aim} ms or less`,
    met: value <= aim,
  })
  return [figure("a device's year", median(years), AIMS.yearMs), figure("a day's surveys", median(days), AIMS.dayMs)]
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
