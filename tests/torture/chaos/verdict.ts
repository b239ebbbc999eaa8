// Compares what the sites were told with what plain SQL finds: each survey once, each value right, nothing back, nothing else.
import type { SQL } from "bun"
import { digestNumber, digestText } from "../../../src/survey/digest"
import { formatAddress } from "../../../src/topology/address"
import type { DeviceDay, SiteDay } from "./book"
import type { Site } from "./site"

interface Stored {
  readonly site: string
  readonly day: string
  readonly address: string
  readonly text: string
}

const SURVEYS = `
  SELECT sites.site, day, address::text,
    json_build_array(revision, digest::text, readings::json, revisions::json)::text AS text
  FROM surveys JOIN sites ON sites.id = surveys.site`
const SUPERSEDED = `
  SELECT sites.site, day, address::text, json_build_array(time, temperature, humidity, revision)::text AS text
  FROM superseded JOIN sites ON sites.id = superseded.site`
const SHOWN = "SELECT count(*)::int AS readings FROM readings"
const COLLECTIONS = `
  SELECT sites.site, day, collections.surveys::text, collections.digest,
    (SELECT count(*) FROM surveys WHERE site = sites.id AND surveys.day = collections.day)::text AS stored,
    (SELECT coalesce(sum(digest::numeric), 0) FROM surveys WHERE site = sites.id AND surveys.day = collections.day)::text AS sum
  FROM collections JOIN sites ON sites.id = collections.site`

/** Whether it speaks of what was acknowledged, and not of an answer or a listing. */
export const isLoss = (failure: string): boolean => /: (?:acknowledged and lost|wrong): /.test(failure)

/** What is wrong with one day. */
export async function inspectDay(sql: SQL, site: Site, day: SiteDay): Promise<string[]> {
  const of = "WHERE sites.site = $1 AND day = $2"
  const surveys: Stored[] = await sql.unsafe(`${SURVEYS} ${of}`, [site.name, day.day])
  const superseded: Stored[] = await sql.unsafe(`${SUPERSEDED} ${of}`, [site.name, day.day])
  // which of its surveys a cloud had last may be another one: the digest is what they differ in
  return differences([[site.name, [day]]], surveys, superseded, false)
}

/** What is wrong with the store. */
export async function inspectAll(sql: SQL, sites: readonly Site[]): Promise<string[]> {
  const books = sites.map(({ name, book }) => [name, [...book.values()]] as const)
  const wrong = differences(books, await sql.unsafe(SURVEYS), await sql.unsafe(SUPERSEDED), true)
  const devices = books.flatMap(([, days]) => days.flatMap((day) => [...day.devices.values()]))
  const promised = devices.reduce((sum, { row }) => sum + (row?.readings.length ?? 0), 0)
  const [shown] = await sql.unsafe(SHOWN)
  if (shown.readings !== promised) wrong.push(`the view shows ${shown.readings} readings and not ${promised}`)
  const agreed = new Set<string>()
  for (const { site, day, surveys, digest, stored, sum } of await sql.unsafe(COLLECTIONS)) {
    agreed.add(`${site} ${day}`)
    if (digest === digestText(BigInt(sum)) && surveys === stored) continue
    wrong.push(
      `${site} ${day}: agreed on ${surveys} surveys, ${digest}; the store has ${stored}, ${digestText(BigInt(sum))}`,
    )
  }
  for (const [site, days] of books) {
    for (const { day } of days) if (!agreed.has(`${site} ${day}`)) wrong.push(`${site} ${day} was never closed`)
  }
  return wrong
}

/** Its days whose agreement something that came since has undone. */
export async function unagreed(sql: SQL, { name }: Site): Promise<string[]> {
  const rows: { day: string }[] = await sql.unsafe(
    "SELECT day FROM collections JOIN sites ON sites.id = collections.site WHERE sites.site = $1 AND digest IS NULL",
    [name],
  )
  return rows.map(({ day }) => day)
}

type Books = readonly (readonly [site: string, days: readonly SiteDay[]])[]

function differences(
  books: Books,
  surveys: readonly Stored[],
  superseded: readonly Stored[],
  withDigest: boolean,
): string[] {
  const found = new Map<string, string[]>()
  const note = (table: string, { site, day, address, text }: Stored) => {
    const key = `${site} ${day} ${formatAddress(Number(address))} ${table}`
    found.set(key, [...(found.get(key) ?? []), text])
  }
  for (const row of surveys) note("surveys", row)
  for (const row of superseded) note("superseded", row)
  const wrong: string[] = []
  const expect = (key: string, texts: readonly string[]) => {
    const [wanted, there] = [texts, found.get(key) ?? []].map((list) =>
      list
        .map((t) => plain(t, withDigest))
        .sort()
        .join(" "),
    )
    found.delete(key)
    if (wanted === there) return
    const how = there === "" ? "acknowledged and lost" : wanted === "" ? "dropped, and back" : "wrong"
    wrong.push(`${key}: ${how}: ${there || "nothing"} and not ${wanted || "nothing"}`)
  }
  for (const [site, days] of books) {
    for (const device of days.flatMap(({ devices }) => [...devices.values()])) {
      const key = `${site} ${device.day} ${formatAddress(device.address)}`
      expect(`${key} surveys`, rowOf(device))
      expect(
        `${key} superseded`,
        device.superseded.map(({ reading, revision }) => JSON.stringify([...reading, revision])),
      )
    }
  }
  for (const [key, texts] of found) wrong.push(`${key}: nobody sent ${texts.join(" ")}`)
  return wrong
}

function rowOf({ row }: DeviceDay): string[] {
  if (!row) return []
  const { revision, digest, readings, revisions } = row
  const own = revisions.every((each) => each === revision) ? null : revisions
  return [JSON.stringify([revision, String(digestNumber(digest)), readings, own])]
}

/** As JSON.stringify() writes it, a survey's with its digest or without. */
function plain(json: string, withDigest: boolean): string {
  const values: unknown[] = JSON.parse(json)
  if (!withDigest && Array.isArray(values[2])) values[1] = ""
  return JSON.stringify(values)
}
