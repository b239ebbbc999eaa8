// The spool's tables: surveys with their place in the delivery, the ledger of collections, the quarantine.
import type { Database } from "bun:sqlite"
import type { DatabaseKind } from "../storage/database"
import type { Addressing } from "../topology/addressing"

export const SPOOL: DatabaseKind = {
  name: "spool",
  id: 0x534d_5350, // "SMSP"
  pageBytes: 16_384, // half a survey is lost at each page's end: 28 bytes a survey with SQLite's 4096, 6 with these
  migrations: [
    `
    CREATE TABLE surveys (
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      body TEXT NOT NULL,              -- canonical survey text
      readings INTEGER NOT NULL,
      digest TEXT NOT NULL,            -- of the body, as the cloud knows it
      upload TEXT NOT NULL,            -- digest of the last upload that was merged into it
      arrived_at INTEGER NOT NULL,     -- ms since the epoch
      late INTEGER NOT NULL,           -- first came when its collection was closed
      delivered INTEGER NOT NULL DEFAULT 0,  -- the revision that the cloud acknowledged
      delivered_at INTEGER,
      refused INTEGER NOT NULL DEFAULT 0,    -- the revision that the cloud refused for good
      PRIMARY KEY (day, address)
    ) WITHOUT ROWID;

    CREATE INDEX due ON surveys (day, address) WHERE delivered < revision AND refused < revision;

    CREATE TABLE replaced (            -- digests of uploads that later ones replaced: strays to be refused
      address INTEGER NOT NULL,
      day TEXT NOT NULL,
      digest TEXT NOT NULL,
      replaced_at INTEGER NOT NULL,
      PRIMARY KEY (address, day, digest)
    ) WITHOUT ROWID;

    CREATE TABLE collections (
      day TEXT PRIMARY KEY,
      scheduled_at INTEGER NOT NULL,   -- the instant that the schedule named, ms since the epoch
      expected TEXT NOT NULL,          -- JSON: ranges of the addresses that were declared and not paused
      closed_at INTEGER,               -- complete, or its grace was over
      confirmed INTEGER NOT NULL DEFAULT 0   -- the cloud's store agreed
    ) WITHOUT ROWID;

    CREATE TABLE quarantine (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,              -- line, reading, message, delivery
      peer TEXT,
      address INTEGER,
      day TEXT,
      reason TEXT NOT NULL,
      bytes BLOB NOT NULL
    );

    CREATE TABLE strangers (           -- who was refused: not declared, or speaking for another
      sender TEXT NOT NULL,            -- the address that it came from
      address TEXT NOT NULL,           -- the device that it spoke for
      reason TEXT NOT NULL,
      tries INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      PRIMARY KEY (sender, address)
    ) WITHOUT ROWID;
    `,
    // Version 2: a device-day costs 64 bytes beside its text, and a fleet's uploads are appended, not looked up a place for.
    `
    CREATE TABLE placed (
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      revision INTEGER NOT NULL,       -- ms since the epoch, unless a clock was set back: rises with every change
      body TEXT NOT NULL,              -- canonical survey text
      readings INTEGER NOT NULL,
      digest BLOB NOT NULL,            -- of the body, as the cloud knows it
      upload BLOB,                     -- digest of the last upload that was merged into it; null: it was the body itself
      arrived_at INTEGER,              -- ms since the epoch; null: at the revision
      late INTEGER NOT NULL,           -- first came when its collection was closed
      delivered INTEGER,               -- the cloud acknowledged this revision so many seconds after it; null: not yet
      refused INTEGER NOT NULL DEFAULT 0,  -- the cloud refused this revision for good
      PRIMARY KEY (day, address)
    ) WITHOUT ROWID;
    INSERT INTO placed
      SELECT day, address, revision, body, readings, unhex(digest), unhex(upload), nullif(arrived_at, revision), late,
        CASE WHEN delivered >= revision THEN max(0, (coalesce(delivered_at, revision) - revision) / 1000) END,
        refused >= revision
      FROM surveys ORDER BY day, address;
    DROP TABLE surveys;
    ALTER TABLE placed RENAME TO surveys;
    CREATE INDEX due ON surveys (day, address) WHERE delivered IS NULL AND refused = 0;

    CREATE TABLE arrivals (            -- surveys that have not been put in their place among the others yet
      id INTEGER PRIMARY KEY,
      day TEXT NOT NULL,
      address INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      body TEXT NOT NULL,
      readings INTEGER NOT NULL,
      digest BLOB NOT NULL,
      upload BLOB,
      arrived_at INTEGER,
      late INTEGER NOT NULL
    );
    `,
    // Version 3: what is refused takes from its sender's share of the room, and says whether other rules may take it.
    `
    CREATE TABLE refusals (
      id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: a person may have seen it in a list
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,              -- line, message, stranger, delivery, reading
      sender TEXT NOT NULL,            -- whose share it takes: the device's address, a stranger's own
      peer TEXT,
      address INTEGER,
      day TEXT,
      reason TEXT NOT NULL,
      bytes BLOB NOT NULL,
      size INTEGER NOT NULL,           -- of all its bytes, where they are not all kept
      again INTEGER NOT NULL           -- 1: today's rules may take it; 0: damaged, cut or superseded
    );
    INSERT INTO refusals
      SELECT id, at, kind,
        format('%d.%d.%d.%d', address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255),
        peer, address, day, reason, bytes, length(bytes),
        kind = 'delivery' OR (length(bytes) < 4096 AND (kind = 'line' OR reason LIKE '%UTF-8%'))
      FROM quarantine;
    DROP TABLE quarantine;
    ALTER TABLE refusals RENAME TO quarantine;
    CREATE INDEX quarantine_shares ON quarantine (kind = 'stranger', sender, id);
    CREATE INDEX refused_surveys ON surveys (day, address) WHERE refused = 1;
    `,
    // Version 4: a day stays in the time zone in which it was measured.
    `
    CREATE TABLE zones (
      day TEXT PRIMARY KEY,
      zone TEXT NOT NULL
    ) WITHOUT ROWID;
    `,
    // Version 5: day and address are one number, and with it the rowid: pages fill whole, and nothing is kept twice. What is
    // due stands aside: to mark a survey as delivered would write its text once more.
    `
    CREATE TABLE placed (
      place INTEGER PRIMARY KEY,       -- days since 1970 times 2^32, and the address
      revision INTEGER NOT NULL,       -- ms since the epoch, unless a clock was set back: rises with every change
      body TEXT NOT NULL,              -- canonical survey text
      readings INTEGER NOT NULL,
      digest BLOB NOT NULL,            -- of the body, as the cloud knows it
      upload BLOB,                     -- digest of the last upload that was merged into it; null: it was the body itself
      arrived_at INTEGER,              -- ms since the epoch; null: at the revision
      late INTEGER NOT NULL,           -- first came when its collection was closed
      refused INTEGER NOT NULL DEFAULT 0,  -- the cloud refused this revision for good
      day TEXT AS (date((place >> 32) * 86400, 'unixepoch')) VIRTUAL,
      address INTEGER AS (place & 4294967295) VIRTUAL
    );
    INSERT INTO placed
      SELECT (unixepoch(day) / 86400 << 32) + address, revision, body, readings, digest, upload, arrived_at, late, refused
      FROM surveys ORDER BY day, address;
    CREATE TABLE awaiting (
      place INTEGER PRIMARY KEY,
      revision INTEGER NOT NULL        -- that the cloud has not acknowledged yet
    );
    INSERT INTO awaiting
      SELECT (unixepoch(day) / 86400 << 32) + address, revision FROM surveys
      WHERE delivered IS NULL AND refused = 0 ORDER BY day, address;
    DROP TABLE surveys;
    ALTER TABLE placed RENAME TO surveys;
    ALTER TABLE awaiting RENAME TO due;
    -- its column is the same everywhere, and takes no room: it is the place that it orders
    CREATE INDEX refused_surveys ON surveys (refused) WHERE refused = 1;

    CREATE TABLE appended (
      id INTEGER PRIMARY KEY,
      place INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      body TEXT NOT NULL,
      readings INTEGER NOT NULL,
      digest BLOB NOT NULL,
      upload BLOB,
      arrived_at INTEGER,
      late INTEGER NOT NULL,
      day TEXT AS (date((place >> 32) * 86400, 'unixepoch')) VIRTUAL,
      address INTEGER AS (place & 4294967295) VIRTUAL
    );
    INSERT INTO appended
      SELECT id, (unixepoch(day) / 86400 << 32) + address, revision, body, readings, digest, upload, arrived_at, late
      FROM arrivals;
    DROP TABLE arrivals;
    ALTER TABLE appended RENAME TO arrivals;
    `,
  ],
}

/** Whether a simulated network made this spool. */
export const addressingOf = (sqlite: Database): Addressing =>
  sqlite.query<{ origin: Addressing }, []>("SELECT origin FROM about").get()?.origin ?? "declared"
