// A store that has everything in it that a store may have.
import type { Closing, Store } from "../../../../src/cloud/store/contract"
import type { WritableTables } from "../../../../src/cloud/store/tables"
import { clockChange, type Day } from "../../../../src/survey/calendar"
import { parseSurvey } from "../../../../src/survey/survey"
import { EVERY_ADDRESS, parseAddress } from "../../../../src/topology/address"
import { DAY, HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../../../fixtures"
import { agreementOver } from "../../../survey/agreements"
import { DEVICES, deliveryOf } from "../../fixtures"
import { CHANGE_DAY } from "../arrivals"

export const FAR = parseAddress("203.0.113.7") ?? 0 // above 2^31
export const DROPPED_DAY: Day = "2026-11-18"
const EMPTIED_DAY: Day = "2026-11-17"
const AFTERNOON = "15:00 - -1.5 - 30.25%\n"
const TWICE = "01:30 - 9 - 30%\n02:15 - 9 - 30%\n02:15+01:00 - 8.5 - 31%\n03:00 - 8 - 32%\n"

/** What the gateway says of DAY. */
export const CLOSING: Closing = {
  claimed: agreementOver([
    deliveryOf(AFTERNOON, { address: TOMATOES }).digest,
    deliveryOf(MORNING, { address: HERBS }).digest,
    deliveryOf("", { address: FAR }).digest,
  ]),
  addresses: [EVERY_ADDRESS],
  report: '{"arrived": [], "late": [1.50], "reasons": ["a \\u001e reason"]}',
  toList: true,
  watched: { isRun: true, addresses: [EVERY_ADDRESS] },
}

export async function fillWithEverything(store: Store, tables: WritableTables): Promise<void> {
  const describe = (site: string, timeZone: string, spool: string, devices = DEVICES) =>
    store.describeSite(site, { timeZone, devices, spool })
  await describe(SITE, TIME_ZONE, "a")
  await describe(SITE, TIME_ZONE, "b", [
    { ip: "192.168.1.3", name: 'herbs "of \\ the" house 🌱 \u001e' },
    { ip: "203.0.113.0 - 203.0.113.9", name: "far {ip}" },
  ])
  await describe(SITE, TIME_ZONE, "a")
  await describe("orchard", "Asia/Tokyo", "c", [])
  await describe("farm", "UTC", "")

  for (const [text, more] of [
    [MORNING, { revision: 1 }],
    [AFTERNOON, { revision: 3 }], // which keeps the morning, with its own revision
    [MORNING, { revision: 2, address: HERBS }],
    ["", { revision: 4, address: FAR }],
    [TWICE, { revision: 1, day: CHANGE_DAY }],
    [TWICE.replace("8.5", "7.25"), { revision: 2, day: CHANGE_DAY }],
    [TWICE.replaceAll("+01:00", "+02:00"), { revision: 3, day: CHANGE_DAY, zone: "Europe/Helsinki" }],
    [MORNING, { revision: 1, day: DROPPED_DAY }],
    [MORNING, { revision: 2, day: DROPPED_DAY, address: HERBS }],
    [MORNING, { revision: 1, day: EMPTIED_DAY }],
  ] as const) {
    await store.deliver(SITE, deliveryOf(text, more))
  }
  const text = (day: Day, lines: string, address: number) => {
    const { readings } = parseSurvey(lines, clockChange(day, TIME_ZONE))
    return store.addText(SITE, { day, address, zone: TIME_ZONE, readings })
  }
  await text("2026-11-20", "08:00 - 20 - 30%\n08:30:15 - 20.1 - 30%\n", TOMATOES)
  await text("2026-11-20", "08:00 - 21 - 30%\n", TOMATOES)
  await store.deliver("orchard", deliveryOf(MORNING, { revision: 1, zone: "Asia/Tokyo" }))

  await store.closeCollection(SITE, DAY, CLOSING)
  await store.markListed(SITE, DAY)
  const empty = { ...CLOSING, claimed: agreementOver([]), addresses: [] }
  await store.closeCollection("orchard", DAY, empty) // and is still to be listed
  await store.closeCollection(SITE, EMPTIED_DAY, { ...empty, toList: false })
  await store.drop(SITE, { day: DROPPED_DAY, addresses: { first: TOMATOES, last: TOMATOES }, revision: 5 })
  await store.drop(SITE, { day: EMPTIED_DAY, addresses: EVERY_ADDRESS, revision: 7 })

  await tables.change(
    [
      "INSERT INTO alerts SELECT id, -1, 'late', '2026-11-20', NULL, NULL, 1, NULL FROM sites WHERE site = 'orchard'",
      `INSERT INTO alerts SELECT id, ${FAR}, 'frost', '2026-11-19', -1.55, 'because of "it"', 0, '2026-11-21' FROM sites
       WHERE site = 'greenhouse'`,
      "INSERT INTO messages VALUES (7, 1790000000000, 'f00d', 'example.org', '{\"title\": \"…\"}', NULL)",
      "INSERT INTO messages VALUES (40, 1790000000001, 'f00d', 'example.org', '{}', 'HTTP 500')",
    ].map((sql) => ({ sql, values: [] })),
  )
}
