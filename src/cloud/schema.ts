// The store's tables, and the view that shows the readings one a row to any SQLite client.
import type { DatabaseKind } from "../storage/database"

export const STORE: DatabaseKind = {
  name: "store",
  id: 0x534d_5354, // "SMST"
  pageBytes: 16_384, // a fleet's day in address order: a fifth more surveys a second than with SQLite's 4096
  migrations: [
    `
    CREATE TABLE sites (
      id INTEGER PRIMARY KEY,
      site TEXT NOT NULL UNIQUE,
      time_zone TEXT NOT NULL,
      devices TEXT NOT NULL            -- JSON: [{"ip": "192.168.1.2", "name": "tomatoes"}, …], ip may be a range
    );

    -- A row a device and day: what the gateway delivered. Its deliveries replace it, and only it is agreed upon.
    CREATE TABLE surveys (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      revision INTEGER,                -- null: the gateway has not delivered, readings were only added
      digest TEXT,                     -- null with the revision
      readings TEXT NOT NULL,          -- JSON: [["08:00", 20, 30], …], in the order of the day
      merged TEXT,                     -- JSON: the same with those added at other times; null: none were added
      PRIMARY KEY (site, day, address)
    ) WITHOUT ROWID;

    -- Readings that came to the cloud as plain text, beside what the gateway delivers. Nothing is ever deleted here:
    -- of several values at one time the last received counts, and the gateway's counts before them.
    CREATE TABLE added (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      time TEXT NOT NULL,              -- local: 08:00
      second_pass INTEGER NOT NULL,    -- 1: in the second pass of the hour that daylight saving repeats
      temperature REAL NOT NULL,
      humidity REAL NOT NULL,
      received_at INTEGER NOT NULL,    -- ms since 1970, rising
      PRIMARY KEY (site, day, address, time, second_pass, temperature, humidity)
    ) WITHOUT ROWID;

    CREATE TABLE collections (
      site INTEGER NOT NULL REFERENCES sites,
      day TEXT NOT NULL,
      surveys INTEGER NOT NULL,
      digest TEXT,                     -- of all its surveys, as agreed with the gateway; null: one came since
      summary TEXT NOT NULL,           -- JSON, as the gateway sent it
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
      FROM surveys JOIN sites ON sites.id = surveys.site, json_each(coalesce(surveys.merged, surveys.readings)) AS reading;
    `,
  ],
}
