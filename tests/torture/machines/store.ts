// What the store holds, read from its tables as anybody may.
import type { Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import type { Engine, Query } from "../engine"
import type { Reading } from "./reading"

export interface StoredValue {
  readonly site: string
  readonly ip: string
  readonly day: Day
  readonly time: string
  readonly reading: Reading
  readonly revision: number
}

export interface StoreContents {
  readonly shown: readonly StoredValue[]
  readonly superseded: readonly StoredValue[]
  readonly dropped: readonly (Dropped & { readonly site: string })[]
}

/** Addresses as numbers, both included. */
export interface Dropped {
  readonly day: Day
  readonly first: number
  readonly last: number
  readonly revision: number
}

const NO_STORE: StoreContents = { shown: [], superseded: [], dropped: [] }

/** Nothing where there is no store; also beside a cloud that runs. */
export function readStore(engine: Engine): StoreContents {
  return engine.read(contentsOf) ?? NO_STORE
}

function contentsOf(query: Query): StoreContents {
  const surveys = query<Survey>(
    "SELECT sites.site, day, address, revision, readings, revisions FROM surveys JOIN sites ON sites.id = surveys.site",
  )
  const superseded = query<Superseded>(
    `SELECT sites.site, day, address, time, temperature, humidity, revision FROM superseded
     JOIN sites ON sites.id = superseded.site`,
  )
  return {
    shown: surveys.flatMap(valuesOf),
    superseded: superseded.map(({ site, day, address, time, temperature, humidity, revision }) => {
      const ip = formatAddress(address)
      return {
        site,
        ip,
        day,
        time,
        reading: `${ip} ${day} ${time} ${temperature} ${humidity}`,
        revision,
      }
    }),
    dropped: query<Dropped & { site: string }>(
      "SELECT sites.site, day, first, last, revision FROM dropped JOIN sites ON sites.id = dropped.site",
    ),
  }
}

interface Survey {
  readonly site: string
  readonly day: Day
  readonly address: number
  readonly revision: number
  readonly readings: string
  readonly revisions: string | null
}

interface Superseded extends Pick<Survey, "site" | "day" | "address" | "revision"> {
  readonly time: string
  readonly temperature: number
  readonly humidity: number
}

function valuesOf({ site, day, address, revision, readings, revisions }: Survey): StoredValue[] {
  const ip = formatAddress(address)
  const own: number[] = revisions === null ? [] : JSON.parse(revisions)
  const rows: [string, number, number][] = JSON.parse(readings)
  return rows.map(([time, temperature, humidity], index) => {
    const reading = `${ip} ${day} ${time} ${temperature} ${humidity}`
    return { site, ip, day, time, reading, revision: own[index] ?? revision }
  })
}

/** Every acknowledged reading that a store has, under whatever site. */
export function heldByStore(engine: Engine): Reading[] {
  const { shown, superseded } = readStore(engine)
  return [...shown, ...superseded].map(({ reading }) => reading)
}
