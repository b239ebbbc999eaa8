// `bun run resend` as a person types it.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { Network } from "../../src/network"
import { Site, until } from "../end-to-end/fixture"
import { runCommand } from "./command"

let site: Site
beforeEach(async () => {
  site = await Site.collected()
})
afterEach(() => site[Symbol.asyncDispose]())

const resend = (...args: readonly string[]) => runCommand(site.folder, "resend", ...args)

/** The cloud has all readings once more. It lists none of them again: nothing is new. */
const deliveredAgain = () => until(() => site.logged.includes("info Delivered later, readings: 8"))

test("a gateway that runs delivers again at once; what is not held is told", async () => {
  await using _network = await Network.start(site.topology, site.options)
  site.logged.length = 0
  const { stderr, exit } = await resend("--from", "2026-11-20")
  expect(stderr).toContain("holds no surveys of 2026-11-20 to 2026-11-21")
  expect(stderr).toContain("✔ Asked to deliver 2026-11-22 to 2026-11-22 again: 2 surveys")
  expect(stderr).not.toContain("when the gateway starts")
  expect(exit).toBe(0)
  await deliveredAgain()
  expect(site.logged).toContain("info Asked to deliver 2026-11-22 to 2026-11-22 again: 2 surveys")
  expect(await site.stored()).toHaveLength(8)
})

test("where none runs the days are due when it starts", async () => {
  site.logged.length = 0
  const { stderr, exit } = await resend("--from", "2026-11-22")
  expect(stderr).toContain("✔ Asked to deliver 2026-11-22 to 2026-11-22 again: 2 surveys")
  expect(stderr).toContain("What is due for the cloud goes when the gateway starts: bun run start")
  expect(exit).toBe(0)
  await using _network = await Network.start(site.topology, site.options)
  await deliveredAgain()
  expect(await site.stored()).toHaveLength(8)
})

test.each([
  [[], "--from says which day to begin with: --from 2026-11-21"],
  [["--from", "yesterday"], "A day is written 2026-11-21: it is yesterday"],
  [["--last", "48h"], "--last is whole days or weeks, as 7d or 2w: it is 48h"],
  [["--from", "2026-11-21", "--to", "2026-11-20"], "--to is before --from: 2026-11-20 is before 2026-11-21"],
  [["--from", "2026-10-01", "--to", "2026-10-02"], "of 2026-10-01 to 2026-10-02: it holds 1 day, 2026-11-22"],
  [["--from", "2027-01-01"], "of 2027-01-01 and later: it holds 1 day, 2026-11-22"],
])("%p is one clear line, exit 2", async (args, message) => {
  const { stdout, stderr, exit } = await resend(...args)
  expect(stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(message)])
  expect(stdout).toBe("")
  expect(exit).toBe(2)
})
