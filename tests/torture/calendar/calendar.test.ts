import { expect, test } from "bun:test"
import { calendar } from "./suite"

const SEED = 20_261_123

test("a year in three zones is kept, and days computed in UTC are not", async () => {
  const { failures, planted } = await calendar.run({ scale: calendar.short, seed: SEED, say() {} })
  expect(failures).toEqual([])
  expect(planted).toMatchObject([{ fault: "days computed in UTC", caught: true }])
}, 120_000)
