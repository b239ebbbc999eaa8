// What is read of a server's tables is what is read of a file's, by the same SQL.
import { expect, setDefaultTimeout, test } from "bun:test"
import { readHeldOf, readHeldRules } from "../../../../src/cloud/rules/reader"
import { readCloudStatus } from "../../../../src/cloud/status"
import { originOf, type StorePlace } from "../../../../src/cloud/store/open"
import type { Value } from "../../../../src/cloud/store/tables"
import { addDays } from "../../../../src/survey/calendar"
import { missingPostgres, PATIENCE_MS } from "../../../postgres"
import { Bench, DAY, DEVICES, deliveryOf, HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../../fixtures"
import { PostgresBench } from "./bench"

setDefaultTimeout(PATIENCE_MS)

const FLEET = { ip: "10.0.0.0-10.0.0.255", name: "bed {ip}" }
const ACCOUNT = {
  ...{ run: true, adopted: false, surveys: 1, digest: "0".repeat(16), arrived: ["192.168.1.2"] },
  ...{ late: [], missing: [], stale: [], refused: [], changed: [], reasons: [] },
}
/** A day each. */
const ACCOUNTS = [
  {},
  { missing: ["192.168.1.9"], reasons: [["192.168.1.9", "no file"]] },
  { adopted: true },
  { dropped: true },
  { refused: ["192.168.1.3"] },
]
const HELD: readonly (readonly [address: number, rule: string, value: number | null, reason: string | null])[] = [
  [-1, "overdue", null, "one was due"],
  [TOMATOES, "dry", 12.5, null],
  [TOMATOES, "hot", 31.25, null],
  [HERBS, "frost", -2.5, null],
  ...Array.from({ length: 150 }, (_, at) => [0x0a000000 + at, at % 2 ? "dry" : "wet", at / 8, null] as const),
]
const MESSAGES = [
  [1, 5000, "a", "ntfy.example", null],
  [2, 3000, "a", "ntfy.example", "ntfy.example answers 403"],
  [3, 9000, "b", "mail.example", "no answer"],
] as const

/** @param json how a text becomes JSON of a column */
async function fill(
  { store }: Pick<Bench | PostgresBench, "store">,
  json: (text: string) => string,
  run: (sql: string, ...values: Value[]) => unknown,
): Promise<void> {
  for (const site of [SITE, "farm"]) {
    await store.describeSite(site, { timeZone: TIME_ZONE, devices: [...DEVICES, FLEET], spool: "a" })
    await store.deliver(site, deliveryOf(MORNING, { revision: 1 }))
    await store.deliver(site, deliveryOf(`${MORNING}09:00 - 1.5 - 2%\n`, { revision: 2, day: addDays(DAY, 1) }))
  }
  for (const [at, more] of ACCOUNTS.entries()) {
    const day = addDays(DAY, at)
    const report = JSON.stringify({ ...ACCOUNT, scheduledAt: `${addDays(day, 1)}T05:00:00.000Z`, ...more })
    await run(
      `INSERT INTO collections (site, day, surveys, digest, report, listed) VALUES (1, ?1, 1, '0', ${json("?2")}, 1)`,
      ...[day, report],
    )
  }
  for (const held of HELD) await run("INSERT INTO alerts VALUES (1, ?1, ?2, '2026-11-22', ?3, ?4, 1, NULL)", ...held)
  for (const message of MESSAGES) await run("INSERT INTO messages VALUES (?1, ?2, ?3, ?4, '{}', ?5)", ...message)
}

async function readAll(place: StorePlace) {
  const { store, ...status } = await readCloudStatus(place)
  return {
    ...status,
    bytesAYear: store.bytesAYear,
    rules: await readHeldRules(place),
    ofTomatoes: await readHeldOf(place, SITE, TOMATOES),
    origin: await originOf(place),
  }
}

test.skipIf(missingPostgres !== undefined)(
  "the status, what holds, and who made it are told as of a file",
  async () => {
    using file = new Bench()
    const { sqlite } = file.database
    await fill(
      file,
      (text) => text,
      (sql, ...values) => file.database.transaction(() => sqlite.query<unknown, Value[]>(sql).run(...values)),
    )
    const server = await PostgresBench.open()
    try {
      await fill(
        server,
        (text) => `${text}::text::json`,
        (sql, ...values) => server.tables.change([{ sql, values }]),
      )
      const told = await readAll({ store: server.url, folder: "." })
      expect(told).toEqual(await readAll(file.place))
      expect(told.sites[1]).toMatchObject({ site: SITE, lastCompleteDay: DAY, rules: { devices: 153 } })
      expect(told.untold).toHaveLength(2)
      expect((await readCloudStatus({ store: server.url, folder: "." })).store.bytes).toBeGreaterThan(10_000)
    } finally {
      await server.remove()
    }
  },
)
