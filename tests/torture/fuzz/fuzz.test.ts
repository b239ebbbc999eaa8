import { expect, test } from "bun:test"
import type { StoredRow } from "../../../src/cloud/store/pages"
import type { Day } from "../../../src/survey/calendar"
import type { Reading } from "../../../src/survey/reading"
import { Codec } from "./codec"
import { differences } from "./live/stored"
import { firstFailure } from "./target"

const SEED = 4711

test("a case that failed fails again by itself, and says how to try it", () => {
  const faulty = () =>
    new Codec(() => {
      throw new RangeError("planted")
    })
  const failure = firstFailure(faulty(), { seed: SEED, from: 1000, to: 1010 })
  expect(failure).toMatchObject({ index: 1000 })
  expect(failure?.text).toContain(`again: bun tests/torture/fuzz/worker.ts ${SEED} codec:1000:1001`)
  const input = /input \w*/
  const again = firstFailure(faulty(), { seed: SEED, from: 1000, to: 1001 })
  expect(input.exec(again?.text ?? "")).toEqual(input.exec(failure?.text ?? "x"))
})

test("differences() tells what is lost, doubled, wrong or never sent", () => {
  const day: Day = "2026-11-21"
  const reading = (seconds: number): Reading => ({ seconds, temperature: 20, humidity: 30 })
  const acknowledged = new Map([[day, new Map([0, 60, 120].map((seconds) => [seconds, reading(seconds)]))]])
  const row = (time: string, temperature = 20): StoredRow => ({
    ...{ site: "greenhouse", address: 1, day, time, zone: "UTC", humidity: 30 },
    temperature,
  })
  expect(
    differences(
      acknowledged,
      ["00:00", "00:01", "00:02"].map((time) => row(time)),
    ),
  ).toEqual([])
  expect(differences(acknowledged, [row("00:00"), row("00:00"), row("00:01", 21), row("09:00")])).toEqual([
    "2026-11-21 00:00 is stored twice, or was never sent: 20 30",
    "2026-11-21 00:01 is stored as 21 30 instead of 20 30",
    "2026-11-21 09:00 is stored twice, or was never sent: 20 30",
    "2026-11-21 00:02 was acknowledged and is not stored",
  ])
})
