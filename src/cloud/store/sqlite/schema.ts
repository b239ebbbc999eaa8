// The store's tables, and the view that shows the readings one a row to any SQLite client.
import type { DatabaseKind } from "../../../storage/database"
import { fillStore } from "./fill"

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
      report TEXT NOT NULL,            -- JSON: what of the gateway's account is understood
      listed INTEGER NOT NULL DEFAULT 0,  -- bits: 1 it was listed, 2 readings of it have changed since it was closed
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
    {
      sql: `
      -- What the zones' clocks are from UTC on the days that are stored: "+01:00".
      CREATE TABLE offsets (
        zone INTEGER NOT NULL REFERENCES zones,
        day TEXT NOT NULL,
        offset TEXT NOT NULL,            -- as the day begins, and in the first pass of what comes twice
        changes_at TEXT,                 -- the local time behind what is skipped or comes twice, "03:00"; null: nothing is
        offset_after TEXT,               -- from that time on
        PRIMARY KEY (zone, day)
      ) WITHOUT ROWID;

      -- Names as the gateways told them last, of devices that have left topology.yaml too.
      CREATE TABLE names (
        site INTEGER NOT NULL REFERENCES sites,
        first INTEGER NOT NULL,          -- addresses, both included
        last INTEGER NOT NULL,
        name TEXT NOT NULL,              -- {ip} stands for the address
        PRIMARY KEY (site, first)
      ) WITHOUT ROWID;

      -- Whatever came to a day since it was agreed upon is listed when it is closed again.
      UPDATE collections SET listed = listed | 2 WHERE digest IS NULL;

      DROP VIEW readings;
      -- time: local; in the second pass of what comes twice its offset stands behind it. New columns stand behind the others.
      CREATE VIEW readings AS
        SELECT
          site, device, day, time, temperature, humidity,
          day || 'T' || iif(substr(time, 6, 1) = ':', substr(time, 1, 8), substr(time, 1, 5) || ':00') ||
            CASE
              WHEN length(time) > 8 THEN substr(time, -6)
              WHEN time >= changes_at THEN offset_after
              ELSE offset
            END AS timestamp,
          replace(name, '{ip}', device) AS name
        FROM (
          SELECT
            sites.site AS site,
            (address >> 24) || '.' || (address >> 16 & 255) || '.' || (address >> 8 & 255) || '.' || (address & 255) AS device,
            surveys.day AS day,
            json_extract(reading.value, '$[0]') AS time,
            json_extract(reading.value, '$[1]') AS temperature,
            json_extract(reading.value, '$[2]') AS humidity,
            offset, changes_at, offset_after, name
          FROM surveys
            JOIN sites ON sites.id = surveys.site
            LEFT JOIN offsets ON offsets.zone = surveys.zone AND offsets.day = surveys.day
            LEFT JOIN names ON names.site = surveys.site AND names.last >= address AND names.first =
              (SELECT max(first) FROM names AS lower WHERE lower.site = surveys.site AND lower.first <= address),
            json_each(surveys.readings) AS reading
        );
      `,
      fill: fillStore,
    },
    `
    -- Rules that hold of a device or a site, or did when they were last told.
    CREATE TABLE alerts (
      site INTEGER NOT NULL REFERENCES sites,
      address INTEGER NOT NULL,        -- -1: the site itself
      rule TEXT NOT NULL,
      since TEXT NOT NULL,             -- the day
      value REAL,                      -- the last day's worst, in % or °C; null: the rule has none
      reason TEXT,                     -- in words, where somebody gave one
      holds INTEGER NOT NULL,          -- 0: it does not hold any more, and that is not told yet
      told TEXT,                       -- the day with which it was told last; null: not yet
      PRIMARY KEY (site, address, rule)
    ) WITHOUT ROWID;

    -- Messages that did not get through yet.
    CREATE TABLE messages (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,             -- ms since 1970
      target TEXT NOT NULL,            -- a fingerprint of the URL, which is a secret
      host TEXT NOT NULL,
      message TEXT NOT NULL,           -- JSON: {"title": …, "text": …}
      reason TEXT                      -- why the last try failed; null: none was made yet
    );
    `,
  ],
}
