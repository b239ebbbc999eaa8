import { expect, test } from "bun:test"
import { isDaily, readCron } from "../../src/topology/cron"

test.each(["0 6 * * *", "59 23 * * *", "00 06 * * *", "5 0 * * *"])("isDaily() knows %j, and cron agrees", (cron) => {
  expect(isDaily(cron)).toBe(true)
  const [second, minute, hour, ...days] = readCron(cron).toJSON()
  expect([second, minute, hour, ...days]).toEqual([
    "0",
    ...cron
      .split(" ")
      .slice(0, 2)
      .map((n) => `${Number(n)}`),
    "*",
    "*",
    "*",
  ])
})

test.each([
  "0 24 * * *",
  "60 6 * * *",
  "* 6 * * *",
  "0 6 * * 1",
  "0 6 30 2 *",
  "0 0 6 * * *",
  "@daily",
  "0 6 * * * ",
])("isDaily() leaves %j to cron", (cron) => expect(isDaily(cron)).toBe(false))
