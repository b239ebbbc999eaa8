import { expect, test } from "bun:test"
import { type ControlRequest, readRequest } from "../../../src/gateway/control/request"
import { DAY, TOMATOES } from "../fixtures"

test.each<ControlRequest>([
  { ask: "resend", from: DAY, to: "2026-12-31" },
  { ask: "quarantine-retry", from: DAY, to: DAY, address: TOMATOES, kind: "line" },
  { ask: "quarantine-clear", upTo: 7 },
  { ask: "drop", day: DAY, first: 0, last: TOMATOES },
  { ask: "reload" },
  { ask: "counters" },
])("readRequest() reads what JSON makes of %p", (request) => {
  expect(readRequest(JSON.stringify(request))).toEqual(request)
})

test.each([
  "",
  "{",
  "[]",
  "null",
  '{"ask":"dance"}',
  '{"ask":"resend","from":"yesterday","to":"2026-11-21"}',
  '{"ask":"quarantine-clear","kind":"everything"}',
  '{"ask":"drop","day":"2026-11-21"}',
  // of other versions, of which some chose by other words: one of them must not clear everything
  '{"ask":"quarantine-clear","day":"2026-11-21"}',
  '{"ask":"clear","upTo":7}',
  '{"ask":"retry"}',
])("readRequest() takes %p for none", (text) => {
  expect(readRequest(text)).toBeUndefined()
})
