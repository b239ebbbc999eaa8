// The store's tables, and the view that shows the readings one a row to any SQLite client.
import type { DatabaseKind } from "../../storage/database"

export const STORE: DatabaseKind = {
  name: "store",
  id: 0x534d_434c, // "SMCL"
  formerIds: [0x534d_5354], // before the first release
  pageBytes: 16_384, // a fleet's day in address order: a fifth more surveys a second than with SQLite's 4096
  migrations: [
    `
    CREATE TABLE sites (
      id INTEGER PRIMARY KEY,
      site TEXT NOT NULL UNIQUE,
      time_zone TEXT NOT NULL,
      devices TEXT NOT NULL            -- JSON: [{"ip": "192.168.1.2", "name": "tomatoes"}, …], ip may be a range
    );

    -- The gateways' spools that have delivered for a site, by the random id that each has.
    CREATE TABLE spools (
      site INTEGER NOT NULL REFERENCES sites,
      spool TEXT NOT NULL,
      first_at INTEGER NOT NULL,       -- ms since 1970
      last_at INTEGER NOT NULL,
      turns INTEGER NOT NULL,          -- how often it has come back after another one
      PRIMARY KEY (site, spool)
    ) WITHOUT ROWID;

    CREATE TABLE zones (
      id INTEGER PRIMARY KEY,
      zone TEXT NOT NULL UNIQUE
    );

    -- A row a device and day: every value that ever came, at each time the one of the highest revision.
    CREATE TABLE surveys (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      revision INTEGER NOT NULL,       -- the highest that was delivered; 0: only plain text came
      digest INTEGER,                  -- of the delivery received last; null: only plain text came
      zone INTEGER NOT NULL REFERENCES zones,  -- in which the day was measured, by the highest revision
      readings TEXT NOT NULL,          -- JSON: [["08:00", 20, 30], …], in the order of the day
      revisions TEXT,                  -- JSON: each reading's own revision; null: all have the row's
      PRIMARY KEY (site, day, address)
    ) WITHOUT ROWID;

    -- Values that gave way to others of the same time. Nothing is ever deleted here.
    CREATE TABLE superseded (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      time TEXT NOT NULL,
      temperature REAL NOT NULL,
      humidity REAL NOT NULL,
      revision INTEGER NOT NULL,       -- the highest that it came with
      PRIMARY KEY (site, day, address, time, temperature, humidity)
    ) WITHOUT ROWID;

    -- What a person dropped: up to this revision it does not come back.
    CREATE TABLE dropped (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      first INTEGER NOT NULL,          -- addresses, both included
      last INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      PRIMARY KEY (site, day, first, last)
    ) WITHOUT ROWID;

    CREATE TABLE collections (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      surveys INTEGER NOT NULL,
      digest TEXT,                     -- the sum of theirs, as agreed with the gateway; null: something came since
      report TEXT NOT NULL,            -- JSON, as the gateway sent it
      listed INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (site, day)
    ) WITHOUT ROWID;

    CREATE VIEW readings AS
      SELECT
        sites.site AS site,
        (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS device,
        day,
        json_extract(reading.value, '$[0]') AS time,
        json_extract(reading.value, '$[1]') AS temperature,
        json_extract(reading.value, '$[2]') AS humidity
      FROM surveys JOIN sites ON sites.id = surveys.site, json_each(surveys.readings) AS reading;
    `,
  ],
}
