// The spool's tables: surveys as they came, where each is, what the cloud has yet to get, the ledger, the quarantine.
import type { Database } from "bun:sqlite"
import type { DatabaseKind } from "../../storage/database"
import type { Addressing } from "../../topology/addressing"

const MIB = 1024 * 1024

// columns for people and their SQL
const DAY_AND_ADDRESS = `
      day TEXT AS (date((slot >> 32) * 86400, 'unixepoch')) VIRTUAL,
      address INTEGER AS (slot & 4294967295) VIRTUAL`

export const SPOOL = {
  name: "spool",
  id: 0x534d_5351, // "SMSQ"
  formerIds: [0x534d_5350, 0x534d_4757], // before the first release
  pageBytes: 8192,
  logBytes: 8 * MIB,
  reserveBytes: 8 * MIB,
  migrations: [
    `
    CREATE TABLE spool (               -- one row: which spool this is, and whose
      id TEXT NOT NULL,                -- random, made with it
      site TEXT NOT NULL
    );

    -- A slot is a day and an address in one number: days since 1970 times 2^32, and the address.
    CREATE TABLE surveys (             -- as they came, one after the other: one a slot
      id INTEGER PRIMARY KEY,          -- of this version of it: the next one is a new row, and this one goes
      slot INTEGER NOT NULL,
      revision INTEGER NOT NULL,       -- ms since the epoch, unless a clock was set back: rises with every change
      readings INTEGER NOT NULL,
      content INTEGER NOT NULL,        -- CRC-32 of the body: two days with the same values have the same
      digest INTEGER NOT NULL,         -- of the body, as the cloud knows it
      upload INTEGER,                  -- digest of the last upload that was merged into it; null: it was the body itself
      arrived_at INTEGER,              -- ms since the epoch; null: at the revision
      late INTEGER NOT NULL,           -- first came when its collection was closed
      body TEXT NOT NULL,              -- canonical survey text; last, as it may be long and is not always read
      ${DAY_AND_ADDRESS.trim()}
    );

    CREATE TABLE slots (               -- in which row a slot's survey is; those of the last rows follow in a quiet moment
      slot INTEGER PRIMARY KEY,
      id INTEGER NOT NULL,
      readings INTEGER NOT NULL,
      content INTEGER NOT NULL,
      late INTEGER NOT NULL,
      ${DAY_AND_ADDRESS.trim()}
    );

    CREATE TABLE settled (             -- one row
      up_to INTEGER NOT NULL,          -- surveys up to this id are in slots, and were in due; later ones may be
      last_id INTEGER NOT NULL         -- no id up to this one is given again
    );
    INSERT INTO settled VALUES (0, 0);

    CREATE TABLE due (                 -- versions that the cloud has not acknowledged yet
      slot INTEGER PRIMARY KEY,
      id INTEGER NOT NULL
    );

    CREATE TABLE days (                -- what there is of each, kept as it changes
      day TEXT PRIMARY KEY,
      zone TEXT NOT NULL,              -- a day stays in the time zone in which it was measured
      surveys INTEGER NOT NULL,
      readings INTEGER NOT NULL,
      bytes INTEGER NOT NULL,          -- of their bodies
      digest INTEGER NOT NULL          -- the sum of theirs, modulo 2^64
    ) WITHOUT ROWID;

    CREATE TABLE refused (             -- what the cloud refuses: tried again on two more runs, then in quarantine
      slot INTEGER PRIMARY KEY,
      id INTEGER NOT NULL,             -- the version that it did
      run INTEGER NOT NULL,            -- the last run on which it did, by its instant in ms since the epoch
      runs INTEGER NOT NULL,           -- on so many; 0: it only has to wait
      reason TEXT NOT NULL
    );

    CREATE TABLE absent (              -- why a device's day is not there
      slot INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,              -- missing, stale, lines: every line was refused
      reason TEXT NOT NULL,
      upload INTEGER                   -- digest of the upload whose lines were refused
    );

    CREATE TABLE again (               -- surveys that are to come once more: their days may not have been over
      slot INTEGER PRIMARY KEY
    );

    CREATE TABLE dropped (             -- what a person dropped: up to this revision nothing comes back
      day TEXT NOT NULL,
      first INTEGER NOT NULL,          -- addresses, both included
      last INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      told INTEGER NOT NULL DEFAULT 0, -- 1: the cloud has dropped it too
      PRIMARY KEY (day, first, last)
    ) WITHOUT ROWID;

    CREATE TABLE replaced (            -- digests of uploads that later ones replaced: delayed copies are to be refused
      address INTEGER NOT NULL,
      day TEXT NOT NULL,
      digest INTEGER NOT NULL,
      replaced_at INTEGER NOT NULL,
      PRIMARY KEY (address, day, digest)
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
} satisfies DatabaseKind

/** Whether a simulated network made this spool. */
export const addressingOf = (sqlite: Database): Addressing =>
  sqlite.query<{ origin: Addressing }, []>("SELECT origin FROM about").get()?.origin ?? "declared"
