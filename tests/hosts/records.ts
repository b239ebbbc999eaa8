// What the spool and the store hold while their owners run, and how the store differs from what was sent.
import { Database } from "bun:sqlite"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { formatAddress, parseAddress } from "../../src/topology/address"
import type { Hosts } from "./hosts"

/** "192.168.1.2 - 08:00 - 20 - 30%", as the cloud lists it. */
export type Line = string

/** Every reading in the cloud's store, of whatever day. */
export function storedLines({ cloud }: Hosts): Line[] {
  return ask<{ line: Line }>(
    join(cloud.state, "cloud.db"),
    "SELECT format('%s - %s - %s - %s%%', device, time, temperature, humidity) AS line FROM readings",
  ).map(({ line }) => line)
}

/** How many surveys gateway and cloud have agreed on when the last collection was closed. */
export function agreedSurveys({ cloud }: Hosts): number {
  const [last] = ask<{ surveys: number }>(
    join(cloud.state, "cloud.db"),
    "SELECT surveys FROM collections ORDER BY day DESC LIMIT 1",
  )
  return last?.surveys ?? 0
}

/** The lines of these devices' surveys, as they should be stored. */
export async function declaredLines({ topology }: Hosts, ...devices: readonly string[]): Promise<Line[]> {
  const lines: Line[] = []
  for (const ip of devices) {
    const { survey = "" } = topology.devices.get(parseAddress(ip) ?? 0) ?? {}
    const text = await Bun.file(join(topology.folder, survey)).text()
    lines.push(
      ...text
        .trimEnd()
        .split("\n")
        .map((line) => `${ip} - ${line}`),
    )
  }
  return lines
}

export interface Differences {
  /** Sent, and not there as often as sent. */
  readonly lost: readonly Line[]
  /** There more often than sent. */
  readonly added: readonly Line[]
}

export function differencesOf(sent: readonly Line[], stored: readonly Line[]): Differences {
  return { lost: without(sent, stored), added: without(stored, sent) }
}

/** What remains of a list when each of the others takes one like itself away. */
function without(lines: readonly Line[], others: readonly Line[]): Line[] {
  const left = Map.groupBy(others, (line) => line)
  return lines.filter((line) => left.get(line)?.pop() === undefined)
}

export interface SpooledSurvey {
  readonly ip: string
  readonly readings: number
  readonly late: boolean
  readonly delivered: boolean
}

/** The gateway's surveys in address order. */
export function spooledSurveys({ gateway }: Hosts): SpooledSurvey[] {
  return ask<{ address: number; readings: number; late: number; delivered: number }>(
    join(gateway.state, "gateway.db"),
    `SELECT slots.address, slots.readings, slots.late, slot NOT IN (SELECT slot FROM due) AS delivered
     FROM surveys JOIN slots USING (slot, id) ORDER BY slot`,
  ).map(({ address, readings, late, delivered }) => ({
    ip: formatAddress(address),
    readings,
    late: late === 1,
    delivered: delivered === 1,
  }))
}

/** All that the gateway has taken, also what is not in its place yet. */
export function surveyTexts({ gateway }: Hosts): string[] {
  return ask<{ body: string }>(join(gateway.state, "gateway.db"), "SELECT CAST(body AS TEXT) AS body FROM surveys").map(
    ({ body }) => body,
  )
}

/** The gateway's collections: whether their waiting has ended, and whether the cloud has agreed. */
export function collections({ gateway }: Hosts): { closed: boolean; confirmed: boolean }[] {
  return ask<{ closed: number; confirmed: number }>(
    join(gateway.state, "gateway.db"),
    "SELECT closed_at IS NOT NULL AS closed, confirmed FROM collections ORDER BY day",
  ).map(({ closed, confirmed }) => ({ closed: closed === 1, confirmed: confirmed === 1 }))
}

/** Nothing where there is no such file, or nothing in it, yet. */
function ask<Row>(file: string, sql: string): Row[] {
  if (!existsSync(file)) return []
  using database = new Database(file, { readonly: true })
  database.run("PRAGMA busy_timeout = 2000")
  if (database.query("SELECT 1 FROM sqlite_schema").get() === null) return []
  return database.query<Row, []>(sql).all()
}
