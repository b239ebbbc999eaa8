// Writes surveys of one day of one site. New ones of an open day take one statement, which is their commit too; the rest
// is merged within a transaction that has the day to itself.
import type { Day } from "../../../survey/calendar"
import type { Kept } from "../contract"
import type { Version } from "../merge"
import { mergeRow, type SurveyRow, versionsOf } from "../survey-row"
import { CHANGED } from "../tables"
import type { Arrival, DayOfSite, Settled } from "./batches"
import type { Registry } from "./registry"
import type { Runner, Server } from "./server"

const NEW: Kept = { outcome: "new", superseded: 0 }
const DROPPED: Kept = { outcome: "dropped", superseded: 0 }

// one text a column: an array would have each quotation mark escaped, and be read letter by letter
const numbers = (at: number) => `string_to_array($${at}, ',', '')::bigint[]`
const decimals = (at: number) => `string_to_array($${at}, ',')::double precision[]`
const texts = (at: number) => `string_to_array($${at}, chr(30), chr(31))`
const [BETWEEN, NULL] = ["\x1e", "\x1f"] // control characters are not in JSON

const INSERT_NEW = `
  WITH open AS (SELECT site FROM days WHERE site = $1 AND day = $2 AND is_open FOR SHARE)
  INSERT INTO surveys (site, day, address, revision, digest, zone, readings)
  SELECT $1, $2, incoming.address, incoming.revision, incoming.digest, $3, incoming.readings
  FROM open, unnest(${numbers(4)}, ${numbers(5)}, ${numbers(6)}, ${texts(7)})
    AS incoming (address, revision, digest, readings)
  ON CONFLICT DO NOTHING RETURNING address`

const FIND = `
  SELECT address, revision, digest, zones.zone, zones.id AS zone_id, readings, revisions
  FROM surveys JOIN zones ON zones.id = surveys.zone
  WHERE site = $1 AND day = $2 AND address = ANY(${numbers(3)})`

const WRITE = `
  INSERT INTO surveys (site, day, address, revision, digest, zone, readings, revisions)
  SELECT $1, $2, incoming.* FROM
    unnest(${numbers(3)}, ${numbers(4)}, ${numbers(5)}, ${numbers(6)}, ${texts(7)}, ${texts(8)})
      AS incoming (address, revision, digest, zone, readings, revisions)
  ON CONFLICT (site, day, address) DO UPDATE SET revision = excluded.revision, digest = excluded.digest,
    zone = excluded.zone, readings = excluded.readings, revisions = excluded.revisions`

const KEEP_SUPERSEDED = `
  INSERT INTO superseded
  SELECT $1, $2, incoming.* FROM
    unnest(${numbers(3)}, ${texts(4)}, ${decimals(5)}, ${decimals(6)}, ${numbers(7)})
      AS incoming (address, time, temperature, humidity, revision)
  ON CONFLICT (site, day, address, time, temperature, humidity)
    DO UPDATE SET revision = excluded.revision WHERE superseded.revision < excluded.revision`

/** As the table has it, or is to have it. */
interface Row extends SurveyRow {
  readonly digest: bigint | null
}

interface Dropped {
  readonly first: number
  readonly last: number
  readonly revision: number
}

/** What of a day has to be written. */
class Work {
  readonly rows = new Map<number, Row>()
  readonly written = new Set<number>()
  readonly superseded = new Map<string, readonly [address: number, version: Version]>()
  /** What was agreed upon the day is to be forgotten. */
  isReopened = false
  /** Any of its values is another one. */
  isChanged = false

  constructor(
    private readonly of: DayOfSite,
    private readonly dropped: readonly Dropped[],
    private readonly now: number,
  ) {}

  settle({ address, digest, zone, readings, revision: given }: Arrival): Settled {
    const isText = digest === null
    const row = this.rows.get(address)
    const revision = isText ? 0 : (given ?? Math.max((row?.revision ?? 0) + 1, this.now))
    // plain text has no revision that could be higher
    if (isText ? this.#droppedUpTo(address) >= 0 : revision <= this.#droppedUpTo(address)) return DROPPED
    if (!row && !isText) {
      this.#write(address, { revision, digest, zone, readings, revisions: null })
      this.isReopened = true
      this.isChanged = true
      return NEW
    }
    const before = row ?? { revision, digest, zone, readings: "[]", revisions: null }
    const versions = versionsOf({ revision, readings, revisions: null })
    const merged = mergeRow(before, this.of.day, { revision, zone, versions })
    for (const version of merged.superseded) this.#supersede(address, version)
    const latest = isText ? before.digest : digest
    const isOther = latest !== before.digest
    if (!row || merged.changed || isOther) this.#write(address, { ...merged.row, digest: latest })
    this.isReopened ||= isOther
    this.isChanged ||= merged.showsOthers && !isText
    return {
      outcome: !row ? "new" : merged.changed ? "changed" : "known",
      superseded: merged.superseded.length,
      ...(isText && { versions: merged.versions }),
    }
  }

  #write(address: number, row: Row): void {
    this.rows.set(address, row)
    this.written.add(address)
  }

  #supersede(address: number, version: Version): void {
    const key = `${address} ${version.reading.join(" ")}`
    const [, known] = this.superseded.get(key) ?? []
    if (!known || known.revision < version.revision) this.superseded.set(key, [address, version])
  }

  /** The revision up to which nothing comes back; −1 where nothing was dropped. */
  #droppedUpTo(address: number): number {
    const own = this.dropped.filter(({ first, last }) => first <= address && address <= last)
    return Math.max(-1, ...own.map(({ revision }) => revision))
  }
}

export class Surveys {
  constructor(
    private readonly server: Server,
    private readonly registry: Registry,
    private readonly now: () => number,
  ) {}

  /** Resolves, once durable, with what became of each. */
  readonly store = async (of: DayOfSite, arrivals: readonly Arrival[]): Promise<readonly Settled[]> => {
    const siteId = await this.registry.siteId(of.site)
    const settled = new Map<Arrival, Settled>()
    const plain = plainOnes(arrivals)
    for (const arrival of await this.#insertNew(siteId, of, plain)) settled.set(arrival, NEW)
    const rest = arrivals.filter((arrival) => !settled.has(arrival))
    const merged = rest.length > 0 ? await this.#merge(siteId, of, rest) : []
    for (const [index, arrival] of rest.entries()) settled.set(arrival, merged[index] ?? NEW)
    return arrivals.map((arrival) => settled.get(arrival) ?? NEW)
  }

  /** Those that were not there, of a day that is open. */
  async #insertNew(siteId: number, { day }: DayOfSite, arrivals: readonly Arrival[]): Promise<readonly Arrival[]> {
    const [first] = arrivals
    if (!first) return []
    const zoneId = await this.registry.zoneId(first.zone, day)
    const rows = await this.server.run((sql) =>
      sql.unsafe(INSERT_NEW, [
        siteId,
        day,
        zoneId,
        arrivals.map(({ address }) => address).join(),
        arrivals.map(({ revision }) => revision).join(),
        arrivals.map(({ digest }) => digest).join(),
        arrivals.map(({ readings }) => readings).join(BETWEEN),
      ]),
    )
    // ═══ COMMIT ═══ from here on they may be acknowledged
    if (rows.length === arrivals.length) return arrivals
    const inserted = new Set(rows.map((row: { address: bigint }) => Number(row.address)))
    return arrivals.filter(({ address }) => inserted.has(address))
  }

  async #merge(siteId: number, of: DayOfSite, arrivals: readonly Arrival[]): Promise<readonly Settled[]> {
    const { day } = of
    // before the transaction, which would hold the day for as long, and a second connection
    const zoneIds = new Map<string, number>()
    for (const { zone } of arrivals) if (!zoneIds.has(zone)) zoneIds.set(zone, await this.registry.zoneId(zone, day))
    return this.server.transaction(async (sql) => {
      const known = await holdDay(sql, siteId, day)
      const dropped = known.hasDrops ? await droppedOn(sql, siteId, day) : []
      const work = new Work(of, dropped, this.now())
      const addresses = [...new Set(arrivals.map(({ address }) => address))].join()
      for (const row of await sql.unsafe(FIND, [siteId, day, addresses])) {
        work.rows.set(Number(row.address), rowOf(row))
        zoneIds.set(row.zone, Number(row.zone_id))
      }
      const settled = arrivals.map((arrival) => work.settle(arrival))
      await write(sql, siteId, day, work, zoneIds)
      if (work.isReopened) await forgetAgreement(sql, siteId, day)
      if (work.isChanged) await noteChange(sql, siteId, day)
      if (work.isReopened && work.isChanged && !known.isOpen && !known.hasDrops) {
        await sql.unsafe("UPDATE days SET is_open = true WHERE site = $1 AND day = $2", [siteId, day])
      }
      return settled
    })
    // ═══ COMMIT ═══ from here on they may be acknowledged
  }
}

async function write(
  sql: Runner,
  siteId: number,
  day: Day,
  { rows, written, superseded }: Work,
  zoneIds: ReadonlyMap<string, number>,
): Promise<void> {
  const others = [...written].flatMap((address) => {
    const row = rows.get(address)
    return row ? [{ address, ...row }] : []
  })
  if (others.length > 0) {
    await sql.unsafe(WRITE, [
      siteId,
      day,
      others.map(({ address }) => address).join(),
      others.map(({ revision }) => revision).join(),
      others.map(({ digest }) => digest ?? "").join(),
      others.map(({ zone }) => zoneIds.get(zone)).join(),
      others.map(({ readings }) => readings).join(BETWEEN),
      others.map(({ revisions }) => revisions ?? NULL).join(BETWEEN),
    ])
  }
  const gone = [...superseded.values()]
  if (gone.length > 0) {
    await sql.unsafe(KEEP_SUPERSEDED, [
      siteId,
      day,
      gone.map(([address]) => address).join(),
      gone.map(([, { reading }]) => reading[0]).join(BETWEEN),
      gone.map(([, { reading }]) => reading[1]).join(),
      gone.map(([, { reading }]) => reading[2]).join(),
      gone.map(([, { revision }]) => revision).join(),
    ])
  }
}

/** Deliveries of different devices with a revision, in one zone: nearly all. */
function plainOnes(arrivals: readonly Arrival[]): readonly Arrival[] {
  const first = arrivals.find(isPlain)
  const seen = new Set<number>()
  return arrivals.filter((arrival) => {
    if (!isPlain(arrival) || arrival.zone !== first?.zone || seen.has(arrival.address)) return false
    seen.add(arrival.address)
    return true
  })
}

const isPlain = ({ digest, revision }: Arrival): boolean => digest !== null && revision !== undefined

/** Has the day alone until the end of the transaction: nothing is delivered, dropped or closed of it meanwhile. */
export async function holdDay(
  sql: Runner,
  siteId: number,
  day: Day,
): Promise<{ readonly isOpen: boolean; readonly hasDrops: boolean }> {
  await sql.unsafe("INSERT INTO days (site, day) VALUES ($1, $2) ON CONFLICT (site, day) DO NOTHING", [siteId, day])
  const [row] = await sql.unsafe("SELECT is_open, has_drops FROM days WHERE site = $1 AND day = $2 FOR UPDATE", [
    siteId,
    day,
  ])
  return { isOpen: row.is_open, hasDrops: row.has_drops }
}

async function droppedOn(sql: Runner, siteId: number, day: Day): Promise<Dropped[]> {
  const rows = await sql.unsafe("SELECT first, last, revision FROM dropped WHERE site = $1 AND day = $2", [siteId, day])
  return rows.map((row: Record<keyof Dropped, bigint>) => ({
    first: Number(row.first),
    last: Number(row.last),
    revision: Number(row.revision),
  }))
}

const rowOf = (row: Record<string, unknown>): Row => ({
  revision: Number(row.revision),
  digest: row.digest as bigint | null,
  zone: String(row.zone),
  readings: String(row.readings),
  revisions: row.revisions as string | null,
})

/** What was agreed upon a day that has changed. */
export const forgetAgreement = (sql: Runner, siteId: number, day: Day): Promise<unknown> =>
  sql.unsafe("UPDATE collections SET digest = NULL WHERE site = $1 AND day = $2 AND digest IS NOT NULL", [siteId, day])

/** The day is to be listed when it is closed again. */
const noteChange = (sql: Runner, siteId: number, day: Day): Promise<unknown> =>
  sql.unsafe(`UPDATE collections SET listed = listed | ${CHANGED} WHERE site = $1 AND day = $2`, [siteId, day])
