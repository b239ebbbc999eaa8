// The cloud's commit path, a survey at a time as they are delivered, beside a plain bulk insert of the same rows.
import { Database } from "bun:sqlite"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { STORE } from "../../src/cloud/store/sqlite/schema"
import { SqliteStore } from "../../src/cloud/store/sqlite/store"
import { DurableDatabase } from "../../src/storage/database"
import { GroupCommit } from "../../src/storage/group-commit"
import { migrate } from "../../src/storage/prepare"
import { readCanonical } from "../../src/survey/canonical"
import { digestNumber, digestSql, surveyDigest } from "../../src/survey/digest"
import type { CanonicalText } from "../../src/survey/survey"
import { formatAddress } from "../../src/topology/address"
import { type Figure, median } from "./figure"
import { A_DAYS_READINGS, surveyOf } from "./load/surveys"
import { FIRST_DEVICE } from "./load/topology"

const DAY = "2026-11-22"
const SITE = "bench"
const ZONE = "UTC"
const TOGETHER = 512 // deliveries in a commit, as the gateway's window makes them
const ROUNDS = 5
const AIM = 0.7

const decoder = new TextDecoder()

interface Delivered {
  readonly address: number
  readonly digest: string
  readonly body: CanonicalText
}

export async function measureBulk(devices: number): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), "bench-bulk-"))
  try {
    const [ours, plain]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      const file = join(folder, `store${round}.db`)
      ours.push(await deliver(file, devices))
      plain.push(insertPlainly(file, join(folder, `plain${round}.db`)))
    }
    const [value, peer] = [median(ours), median(plain)]
    return {
      figure: "the cloud's commit path, 24 readings a survey",
      value,
      unit: "/s",
      peer: `plain bulk insert: ${Math.round(peer).toLocaleString("en")} /s`,
      ratio: value / peer,
      aim: `${AIM} or more`,
      met: value >= AIM * peer,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Surveys are made as they go: a cloud does not hold millions of them either, which its collector would visit. */
async function deliver(file: string, devices: number): Promise<number> {
  const fail = (error: unknown) => {
    throw error
  }
  const database = DurableDatabase.open(file, STORE, "simulated", fail)
  const store = new SqliteStore(database, new GroupCommit(database, fail), Date.now)
  await store.describeSite(SITE, { timeZone: ZONE, devices: [], spool: "bench" })
  Bun.gc(true) // of what the round before has left
  let elapsedMs = 0
  for (let at = 0; at < devices; at += TOGETHER) {
    const group = surveysOf(FIRST_DEVICE + at, Math.min(TOGETHER, devices - at))
    const startedAt = performance.now()
    await Promise.all(group.map((survey) => store.deliver(SITE, { day: DAY, revision: 1, zone: ZONE, ...survey })))
    elapsedMs += performance.now() - startedAt
  }
  database.close()
  return (devices / elapsedMs) * 1000
}

function surveysOf(first: number, count: number): Delivered[] {
  return Array.from({ length: count }, (_, n) => {
    const address = first + n
    const { body } = readCanonical(decoder.decode(surveyOf(address, A_DAYS_READINGS)), {})
    return { address, digest: surveyDigest(formatAddress(address), DAY, body), body }
  })
}

/** The very rows of a store, in its order, as durable, in commits of the same size. */
function insertPlainly(from: string, to: string): number {
  const source = new Database(from, { readonly: true })
  const rows = source
    .query<Row, []>(`SELECT *, ${digestSql("digest")} AS digest FROM surveys ORDER BY site, day, address`)
    .all()
    .map((row) => ({ ...row, digest: digestNumber(row.digest) }))
  source.close()
  const plain = new Database(to)
  plain.run("PRAGMA journal_mode = WAL")
  plain.run("PRAGMA synchronous = FULL")
  migrate(plain, STORE)
  plain.run("INSERT INTO sites VALUES (1, 'bench', 'UTC', '[]')")
  plain.run("INSERT INTO zones VALUES (1, 'UTC')")
  const insert = plain.query("INSERT INTO surveys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
  Bun.gc(true)
  const startedAt = performance.now()
  for (let at = 0; at < rows.length; at += TOGETHER) {
    plain.transaction(() => {
      for (const { site, day, address, revision, digest, zone, readings, revisions } of rows.slice(at, at + TOGETHER)) {
        insert.run(site, day, address, revision, digest, zone, readings, revisions)
      }
    })()
  }
  const elapsedMs = performance.now() - startedAt
  plain.close()
  return (rows.length / elapsedMs) * 1000
}

interface Row {
  readonly site: number
  readonly day: string
  readonly address: number
  readonly revision: number
  readonly digest: string
  readonly zone: number
  readonly readings: string
  readonly revisions: string | null
}
