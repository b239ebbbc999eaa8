// The spool's tables: surveys with their place in the delivery, the ledger of collections, the quarantine.
import type { Database } from "bun:sqlite"
import type { DatabaseKind } from "../../storage/database"
import type { Addressing } from "../../topology/addressing"

export const SPOOL: DatabaseKind = {
  name: "spool",
  id: 0x534d_4757, // "SMGW"
  formerIds: [0x534d_5350], // before the first release
  pageBytes: 16_384, // half a survey is lost at each page's end: 28 bytes a survey with SQLite's 4096, 6 with these
  migrations: [
    `
    CREATE TABLE spool (               -- one row: which spool this is, and whose
      id TEXT NOT NULL,                -- random, made with it
      site TEXT NOT NULL
    );

    -- A place is a day and an address in one number: days since 1970 times 2^32, and the address.
    CREATE TABLE surveys (
      place INTEGER PRIMARY KEY,
      revision INTEGER NOT NULL,       -- ms since the epoch, unless a clock was set back: rises with every change
      body TEXT NOT NULL,              -- canonical survey text
      readings INTEGER NOT NULL,
      digest INTEGER NOT NULL,         -- of the body, as the cloud knows it
      upload INTEGER,                  -- digest of the last upload that was merged into it; null: it was the body itself
      arrived_at INTEGER,              -- ms since the epoch; null: at the revision
      late INTEGER NOT NULL,           -- first came when its collection was closed
      day TEXT AS (date((place >> 32) * 86400, 'unixepoch')) VIRTUAL,
      address INTEGER AS (place & 4294967295) VIRTUAL
    );

    CREATE TABLE arrivals (            -- surveys that have not been put in their place among the others yet
      id INTEGER PRIMARY KEY,
      place INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      body TEXT NOT NULL,
      readings INTEGER NOT NULL,
      digest INTEGER NOT NULL,
      upload INTEGER,
      arrived_at INTEGER,
      late INTEGER NOT NULL,
      day TEXT AS (date((place >> 32) * 86400, 'unixepoch')) VIRTUAL,
      address INTEGER AS (place & 4294967295) VIRTUAL
    );

    CREATE TABLE due (                 -- aside: to mark a survey as delivered would write its text once more
      place INTEGER PRIMARY KEY,
      revision INTEGER NOT NULL        -- that the cloud has not acknowledged yet
    );

    CREATE TABLE refused (             -- what the cloud refuses: tried again on two more runs, then in quarantine
      place INTEGER PRIMARY KEY,
      revision INTEGER NOT NULL,
      run INTEGER NOT NULL,            -- the last run on which it did, by its instant in ms since the epoch
      runs INTEGER NOT NULL,           -- on so many; 0: it only has to wait
      reason TEXT NOT NULL
    );

    CREATE TABLE absent (              -- why a device's day is not there
      place INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,              -- missing, stale, lines: every line was refused
      reason TEXT NOT NULL,
      upload INTEGER                   -- digest of the upload whose lines were refused
    );

    CREATE TABLE again (               -- surveys that came while the clock was ahead: their days may not have been over
      place INTEGER PRIMARY KEY
    );

    CREATE TABLE dropped (             -- what a person dropped: up to this revision nothing comes back
      day TEXT NOT NULL,
      first INTEGER NOT NULL,          -- addresses, both included
      last INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      told INTEGER NOT NULL DEFAULT 0, -- 1: the cloud has dropped it too
      PRIMARY KEY (day, first, last)
    ) WITHOUT ROWID;

    CREATE TABLE replaced (            -- digests of uploads that later ones replaced: strays to be refused
      address INTEGER NOT NULL,
      day TEXT NOT NULL,
      digest INTEGER NOT NULL,
      replaced_at INTEGER NOT NULL,
      PRIMARY KEY (address, day, digest)
    ) WITHOUT ROWID;

    CREATE TABLE zones (               -- a day stays in the time zone in which it was measured
      day TEXT PRIMARY KEY,
      zone TEXT NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE declared (            -- whose surveys may be here: devices that were declared on that day
      day TEXT PRIMARY KEY,
      devices TEXT NOT NULL            -- JSON: ranges of addresses
    ) WITHOUT ROWID;

    CREATE TABLE collections (
      day TEXT PRIMARY KEY,
      scheduled_at INTEGER NOT NULL,   -- the instant that the schedule named, ms since the epoch
      expected TEXT NOT NULL,          -- JSON: ranges of the addresses that were declared and not paused
      closed_at INTEGER,               -- complete, or its grace was over
      confirmed INTEGER NOT NULL DEFAULT 0,  -- the cloud's store agreed
      doubtful INTEGER NOT NULL DEFAULT 0    -- the clock was set back behind it: it is to come again
    ) WITHOUT ROWID;

    CREATE TABLE quarantine (
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
    CREATE INDEX quarantine_shares ON quarantine (kind = 'stranger', sender, id);

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
  ],
}

/** Whether a simulated network made this spool. */
export const addressingOf = (sqlite: Database): Addressing =>
  sqlite.query<{ origin: Addressing }, []>("SELECT origin FROM about").get()?.origin ?? "declared"
