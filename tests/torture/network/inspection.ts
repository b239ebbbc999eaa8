// What must be true when a simulation is over, read from the two databases as anybody would read them.
import { Database } from "bun:sqlite"
import { readCollections } from "../../../src/gateway/ledger/ledger"
import { type Day, dayBefore } from "../../../src/survey/calendar"
import { digestText } from "../../../src/survey/digest"
import { agreementOver } from "../../survey/agreements"
import type { Query } from "../engine"
import type { Ground } from "./host"

interface StoredReading {
  readonly device: string
  readonly day: string
  readonly time: string
  readonly temperature: number
  readonly humidity: number
}

const READINGS = `SELECT device, CAST(day AS TEXT) AS day, time, temperature, humidity FROM readings
  ORDER BY device, day, time, temperature, humidity`

/** Complains to the world about everything that is lost, doubled, wrong or not agreed upon. */
export function inspect(ground: Ground, ips: readonly string[]): void {
  const isThere = ground.engine.read((query) => {
    inspectReadings(ground, ips, query)
    compareDigests(ground, query)
    return true
  })
  if (!isThere) ground.world.fail("there is no store")
}

function inspectReadings(ground: Ground, ips: readonly string[], query: Query): void {
  const { world, topology } = ground
  const rows = query<StoredReading>(READINGS)
  for (const row of rows) world.record("stored", JSON.stringify(row))
  const held = new Map<string, Map<string, string>>()
  for (const { device, day, time, temperature, humidity } of rows) {
    const key = `${device} ${day}`
    const survey = held.get(key) ?? new Map<string, string>()
    held.set(key, survey)
    if (survey.has(time)) world.fail(`doubled: ${key} ${time}`)
    survey.set(time, `${temperature} ${humidity}`)
  }
  for (const ip of ips) {
    for (const instant of ground.instants) {
      const day = dayBefore(instant, topology.timeZone)
      const key = `${ip} ${day}`
      inspectSurvey(ground, ip, day, held.get(key))
      held.delete(key)
    }
  }
  for (const key of held.keys()) world.fail(`nobody sent ${key}`)
}

function inspectSurvey({ world, fields }: Ground, ip: string, day: Day, stored?: ReadonlyMap<string, string>): void {
  const { read, acknowledged, gone } = fields.account(ip, day)
  if (!stored) {
    if (acknowledged >= 0) world.fail(`lost although acknowledged: ${ip} ${day}`)
    else if (!gone) world.fail(`owed and never delivered: ${ip} ${day}`)
    return
  }
  const versions = Array.from({ length: read + 1 }, (_, version) => fields.readings(ip, day, version))
  const known = Math.max(0, acknowledged)
  for (const time of versions[known]?.keys() ?? []) {
    if (!stored.has(time)) world.fail(`lost: ${ip} ${day} ${time}, of version ${known} of ${read}`)
  }
  for (const [time, values] of stored) {
    // what was sent after the last that was acknowledged may have come, or not
    if (versions.slice(known).some((readings) => readings.get(time) === values)) continue
    world.fail(`wrong: ${ip} ${day} ${time} is ${values}, of versions ${known} to ${read}`)
  }
}

function compareDigests({ world, topology }: Ground, query: Query): void {
  using spool = new Database(topology.gateway.spool, { readonly: true })
  const inSpool: Query = <Row>(sql: string) => spool.query<Row, []>(sql).all()
  const left = spool.query<{ rows: number }, []>("SELECT count(*) AS rows FROM due").get()
  if (left?.rows !== 0) world.fail(`${left?.rows} surveys are not delivered`)
  for (const { day, closed, confirmed } of readCollections(spool)) {
    if (!closed || !confirmed) world.fail(`${day} is ${closed ? "not confirmed by the cloud" : "not closed"}`)
    const [ours, theirs] = [inSpool, query].map((read) => {
      const digests = read<{ digest: string }>(
        `SELECT CAST(digest AS TEXT) AS digest FROM surveys WHERE day = '${day}'`,
      )
      return agreementOver(digests.map(({ digest }) => digestText(BigInt(digest))))
    })
    if (ours?.surveys === theirs?.surveys && ours?.digest === theirs?.digest) continue
    world.fail(`${day}: spool and store have not the same digest`)
  }
  const refused = spool.query<{ reason: string }, []>("SELECT reason FROM quarantine WHERE kind = 'delivery'").all()
  for (const { reason } of refused) world.fail(`a delivery is in quarantine: ${reason}`)
}
