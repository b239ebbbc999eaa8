// What a site's devices sent on the days up to the newest. Many devices are asked for at once: each question may be a
// round trip to a server.
import { addDays, type Day } from "../../survey/calendar"
import type { AddressRange } from "../../topology/address"
import { slicesIn } from "../../topology/ranges"
import type { StoredReading } from "../store/stored"
import type { Tables } from "../store/tables"
import { onlyValue } from "./judge"

/** So many devices are looked at together. */
export const PAGE = 1000

export interface Survey {
  readonly address: number
  /** JSON. */
  readonly readings: string
}

/** So many days of a device, up to the newest. */
export interface Span {
  readonly address: number
  readonly days: number
}

export class History {
  readonly #stretches = new Map<number, readonly Day[]>()
  #firstDay: Promise<Day> | undefined

  constructor(
    private readonly tables: Tables,
    private readonly siteId: number,
    /** The newest day that was closed. */
    readonly newest: Day,
  ) {}

  /** The first of so many days up to the newest. */
  firstOf(days: number): Day {
    return this.#stretch(days).at(-1) ?? this.newest
  }

  /** The first day that was ever closed. */
  firstDay(): Promise<Day> {
    this.#firstDay ??= this.tables
      .get<{ day: Day | null }>("SELECT min(day) AS day FROM collections WHERE site = ?1", this.siteId)
      .then((row) => row?.day ?? this.newest)
    return this.#firstDay
  }

  /** What there is on a day of these ranges, which rise and are apart. */
  async *pages(day: Day, ranges: readonly AddressRange[]): AsyncGenerator<readonly Survey[]> {
    const isWide = ({ first, last }: AddressRange) => last - first >= PAGE
    for (const { first, last } of ranges.filter(isWide)) {
      for (let next = first; next <= last; ) {
        const page = await this.#surveysFrom(day, next, last)
        yield page
        next = page.length < PAGE ? last + 1 : (page.at(-1)?.address ?? last) + 1
      }
    }
    const narrow = ranges.filter((range) => !isWide(range))
    for (const addresses of slicesIn(narrow, PAGE)) yield await this.#surveysOf(day, addresses)
  }

  /** Those of these addresses of which there are readings on a day. */
  async heard(day: Day, addresses: readonly number[]): Promise<ReadonlySet<number>> {
    const { sql, values } = listOf(addresses)
    const rows = await this.tables.all<Pick<Survey, "address">>(
      `SELECT address FROM surveys WHERE site = ?1 AND day = ?2 AND address IN ${sql} AND readings <> '[]'`,
      ...[this.siteId, day, ...values],
    )
    return new Set(rows.map(({ address }) => address))
  }

  /** Those of which there are no readings on any of these days. */
  async silent(devices: readonly Span[]): Promise<ReadonlySet<number>> {
    let left = devices
    for (const [ago, day] of this.#stretch(longestOf(devices)).entries()) {
      const asked = left.filter(({ days }) => days > ago)
      if (asked.length === 0) break
      const heard = await this.heard(
        day,
        asked.map(({ address }) => address),
      )
      left = left.filter(({ address }) => !heard.has(address))
    }
    return new Set(left.map(({ address }) => address))
  }

  /** Those whose value of the newest day stood on the first of these days, and no other one on the days between. */
  async unchanged(devices: readonly (Span & { readonly value: string })[]): Promise<ReadonlySet<number>> {
    let left = devices
    const [, ...before] = this.#stretch(longestOf(devices))
    for (const [index, day] of before.entries()) {
      const isAsked = ({ days }: Span) => days > index + 1
      const isFirst = ({ days }: Span) => days === index + 2
      const asked = left.filter(isAsked)
      if (asked.length === 0) break
      const values = await this.#values(
        day,
        asked.map(({ address }) => address),
      )
      left = left.filter((device) => {
        if (!isAsked(device)) return true
        const value = values.get(device.address)
        return value === undefined ? !isFirst(device) : value === device.value
      })
    }
    return new Set(left.map(({ address }) => address))
  }

  /** The one value of a day; null where there are several; nothing without readings. */
  async #values(day: Day, addresses: readonly number[]): Promise<ReadonlyMap<number, string | null>> {
    const values = new Map<number, string | null>()
    for (const { address, readings } of await this.#surveysOf(day, addresses)) {
      const stored: StoredReading[] = JSON.parse(readings)
      if (stored.length > 0) values.set(address, onlyValue(stored) ?? null)
    }
    return values
  }

  /** In the order of their addresses. */
  #surveysOf(day: Day, addresses: readonly number[]): Promise<Survey[]> {
    const { sql, values } = listOf(addresses)
    return this.tables.all<Survey>(
      `SELECT address, readings FROM surveys WHERE site = ?1 AND day = ?2 AND address IN ${sql} ORDER BY address`,
      ...[this.siteId, day, ...values],
    )
  }

  /** The first of these addresses, in their order. */
  #surveysFrom(day: Day, first: number, last: number): Promise<Survey[]> {
    return this.tables.all<Survey>(
      `SELECT address, readings FROM surveys WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4
       ORDER BY address LIMIT ${PAGE}`,
      ...[this.siteId, day, first, last],
    )
  }

  /** So many days up to the newest, from that one back. */
  #stretch(days: number): readonly Day[] {
    const known = this.#stretches.get(days)
    if (known) return known
    const stretch = Array.from({ length: days }, (_, index) => addDays(this.newest, -index))
    this.#stretches.set(days, stretch)
    return stretch
  }
}

const longestOf = (devices: readonly Span[]): number => Math.max(0, ...devices.map(({ days }) => days))

/** Behind ?1 and ?2. As long as a power of two, the last one repeated: an engine keeps each statement that it meets. */
function listOf(addresses: readonly number[]): { sql: string; values: readonly number[] } {
  const length = 2 ** Math.ceil(Math.log2(addresses.length))
  const values = Array.from({ length }, (_, index) => addresses[Math.min(index, addresses.length - 1)] ?? 0)
  const [first, ...others] = values.map((_, index) => `?${index + 3}`)
  return { sql: `(VALUES (CAST(${first} AS BIGINT))${others.map((each) => `, (${each})`).join("")})`, values }
}
