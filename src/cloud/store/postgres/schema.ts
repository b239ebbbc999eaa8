// The store's tables in PostgreSQL: those of SQLite, row by row, so that a store can move; and the view for any client.
// Only what PostgreSQL's distributed relatives know too: no serial numbers, advisory locks or temporary tables.
import { StorageError } from "../../../storage/errors"
import { type Origin, otherOrigin } from "../../../storage/prepare"
import { stateOf } from "./errors"
import type { Runner, Server } from "./server"

const NO_TABLE = "42P01"

// days and times compare as bytes, as they do in SQLite
const TEXT = `text COLLATE "C"`

const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE sites (
      id bigint PRIMARY KEY,
      site ${TEXT} NOT NULL UNIQUE,
      time_zone text NOT NULL,
      devices text NOT NULL              -- JSON: [{"ip": "192.168.1.2", "name": "tomatoes"}, …], ip may be a range
    )`,
    // the gateways' spools that have delivered for a site
    `CREATE TABLE spools (
      site bigint NOT NULL REFERENCES sites,
      spool ${TEXT} NOT NULL,
      first_at bigint NOT NULL,          -- ms since 1970
      last_at bigint NOT NULL,
      turns bigint NOT NULL,             -- how often it has come back after another one
      PRIMARY KEY (site, spool)
    )`,
    `CREATE TABLE zones (id bigint PRIMARY KEY, zone ${TEXT} NOT NULL UNIQUE)`,
    // what the zones' clocks are from UTC on the days that are stored
    `CREATE TABLE offsets (
      zone bigint NOT NULL REFERENCES zones,
      day ${TEXT} NOT NULL,
      "offset" text NOT NULL,            -- "+01:00": as the day begins, and in the first pass of what comes twice
      changes_at ${TEXT},                -- the local time behind what is skipped or comes twice; null: nothing is
      offset_after text,                 -- from that time on
      PRIMARY KEY (zone, day)
    )`,
    `CREATE TABLE names (
      site bigint NOT NULL REFERENCES sites,
      first bigint NOT NULL,             -- addresses, both included
      last bigint NOT NULL,
      name text NOT NULL,                -- {ip} stands for the address
      PRIMARY KEY (site, first)
    )`,
    // Whoever delivers of a day holds its row, shared with others who deliver; whoever drops or closes it holds it alone.
    `CREATE TABLE days (
      site bigint NOT NULL REFERENCES sites,
      day ${TEXT} NOT NULL,
      is_open boolean NOT NULL DEFAULT false,    -- whatever comes is new since the day was closed, and nothing was dropped
      has_drops boolean NOT NULL DEFAULT false,
      PRIMARY KEY (site, day)
    )`,
    // a row a device and day; no foreign keys, each delivery would look them up
    `CREATE TABLE surveys (
      site bigint NOT NULL,
      day ${TEXT} NOT NULL,
      address bigint NOT NULL,           -- unsigned 32-bit
      revision bigint NOT NULL,          -- the highest that was delivered; 0: only plain text came
      digest bigint,                     -- of the delivery received last; null: only plain text came
      zone bigint NOT NULL,              -- in which the day was measured, by the highest revision
      readings text NOT NULL,            -- JSON: [["08:00", 20, 30], …], in the order of the day
      revisions text,                    -- JSON: each reading's own revision; null: all have the row's
      PRIMARY KEY (site, day, address)
    )`,
    `CREATE TABLE superseded (
      site bigint NOT NULL REFERENCES sites,
      day ${TEXT} NOT NULL,
      address bigint NOT NULL,
      time ${TEXT} NOT NULL,
      temperature double precision NOT NULL,
      humidity double precision NOT NULL,
      revision bigint NOT NULL,          -- the highest that it came with
      PRIMARY KEY (site, day, address, time, temperature, humidity)
    )`,
    `CREATE TABLE dropped (
      site bigint NOT NULL REFERENCES sites,
      day ${TEXT} NOT NULL,
      first bigint NOT NULL,             -- addresses, both included
      last bigint NOT NULL,
      revision bigint NOT NULL,
      PRIMARY KEY (site, day, first, last)
    )`,
    `CREATE TABLE collections (
      site bigint NOT NULL REFERENCES sites,
      day ${TEXT} NOT NULL,
      surveys bigint NOT NULL,
      digest text,                       -- the sum of theirs, as agreed with the gateway; null: something came since
      report json NOT NULL,              -- what of the gateway's account is understood
      listed bigint NOT NULL DEFAULT 0,  -- bits: 1 it was listed, 2 readings of it have changed since it was closed
      lister text,                       -- the cloud that lists it
      listed_until timestamptz,          -- by then it has said so again, or another one does
      PRIMARY KEY (site, day)
    )`,
    // rules that hold of a device or a site, or did when they were last told
    `CREATE TABLE alerts (
      site bigint NOT NULL REFERENCES sites,
      address bigint NOT NULL,           -- -1: the site itself
      rule ${TEXT} NOT NULL,
      since ${TEXT} NOT NULL,            -- the day
      value double precision,            -- the last day's worst, in % or °C; null: the rule has none
      reason text,                       -- in words, where somebody gave one
      holds bigint NOT NULL,             -- 0: it does not hold any more, and that is not told yet
      told ${TEXT},                      -- the day with which it was told last; null: not yet
      PRIMARY KEY (site, address, rule)
    )`,
    // messages that did not get through yet
    `CREATE TABLE messages (
      id bigint PRIMARY KEY,
      at bigint NOT NULL,                -- ms since 1970
      target text NOT NULL,              -- a fingerprint of the URL, which is a secret
      host ${TEXT} NOT NULL,
      message text NOT NULL,             -- JSON: {"title": …, "text": …}
      reason text                        -- why the last try failed; null: none was made yet
    )`,
    // days that a cloud has closed, until the one that watches the rules has taken them
    `CREATE TABLE closings (
      site bigint NOT NULL REFERENCES sites,
      day ${TEXT} NOT NULL,
      is_run boolean NOT NULL,
      addresses text NOT NULL,           -- JSON: [{"first": …, "last": …}, …], what may have changed what holds
      at timestamptz NOT NULL DEFAULT now()
    )`,
    // what one cloud does for all: it says again that it does, or another one takes over
    `CREATE TABLE duties (duty text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL)`,
    `CREATE VIEW readings AS
      SELECT site, device, day::date AS day, time, temperature, humidity,
        (day || 'T' || CASE WHEN substr(time, 6, 1) = ':' THEN substr(time, 1, 8) ELSE substr(time, 1, 5) || ':00' END ||
          CASE
            WHEN length(time) > 8 THEN right(time, 6)
            WHEN time >= changes_at THEN offset_after
            ELSE "offset"
          END)::timestamptz AS timestamp,
        replace(name, '{ip}', device) AS name
      FROM (
        SELECT sites.site,
          (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS device,
          surveys.day, reading ->> 0 AS time,
          (reading ->> 1)::double precision AS temperature, (reading ->> 2)::double precision AS humidity,
          "offset", changes_at, offset_after,
          (SELECT CASE WHEN last >= address THEN name END FROM names
           WHERE names.site = surveys.site AND first <= address ORDER BY first DESC LIMIT 1) AS name
        FROM surveys
          JOIN sites ON sites.id = surveys.site
          LEFT JOIN offsets ON offsets.zone = surveys.zone AND offsets.day = surveys.day,
          json_array_elements(surveys.readings::json) AS reading
      ) AS shown`,
  ],
]

/** What they take on the server's disk. */
export const TABLE_BYTES = `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS bytes FROM pg_class
  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`

/** The version of these tables. */
export const VERSION = MIGRATIONS.length

/** Makes the tables, or brings them up to date; of several that begin at once one does it, and the others wait. */
export async function prepare(server: Server, origin: Origin): Promise<void> {
  const found = await lookAt(server)
  if (found?.version === VERSION) return checkOrigin(server, found.origin, origin)
  const made = await server.transaction(async (sql) => {
    await sql.unsafe(
      "CREATE TABLE IF NOT EXISTS about (id bigint PRIMARY KEY, version bigint NOT NULL, origin text NOT NULL)",
    )
    await sql.unsafe("INSERT INTO about VALUES (1, 0, $1) ON CONFLICT (id) DO NOTHING", [origin])
    // whoever comes second waits here
    const [about] = await sql.unsafe("SELECT version, origin FROM about WHERE id = 1 FOR UPDATE")
    await migrate(sql, Number(about.version), server.shown)
    return about
  })
  checkOrigin(server, made.origin, origin)
}

/** For whoever only reads. Rejects with StorageError where there is nothing, or another version. */
export async function expectTables(server: Server): Promise<Origin> {
  const found = await lookAt(server)
  if (!found) throw new StorageError(`${server.shown} holds no store yet: nothing was collected there so far`)
  if (found.version !== VERSION) throw otherVersion(server.shown, found.version)
  return found.origin
}

async function migrate(sql: Runner, version: number, shown: string): Promise<void> {
  if (version > VERSION) throw otherVersion(shown, version)
  for (const statement of MIGRATIONS.slice(version).flat()) await sql.unsafe(statement)
  await sql.unsafe("UPDATE about SET version = $1 WHERE id = 1", [VERSION])
}

async function lookAt(server: Server): Promise<{ version: number; origin: Origin } | undefined> {
  try {
    const [about] = await server.run((sql) => sql.unsafe("SELECT version, origin FROM about WHERE id = 1"))
    return about && { version: Number(about.version), origin: about.origin }
  } catch (error) {
    if (error instanceof StorageError && stateOf(error.cause) === NO_TABLE) return undefined
    throw error
  }
}

const otherVersion = (shown: string, version: number): StorageError =>
  new StorageError(
    version > VERSION
      ? `${shown} is of version ${version}: a newer one of this programme has written it, take that one`
      : `${shown} is of version ${version}: start the cloud, which brings it up to date`,
  )

function checkOrigin({ shown }: Server, made: Origin, origin: Origin): void {
  if (made !== origin) throw otherOrigin(shown, "store", made)
}
