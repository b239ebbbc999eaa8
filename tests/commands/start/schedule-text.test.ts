import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { join, resolve } from "node:path"
import { missedText, setBackText, tooOldText } from "../../../src/commands/start/schedule-text"
import { parseTopology } from "../../../src/topology/yaml/load"
import { DAY_MS, MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { changed } from "../../topology/sample"

const MAIN = resolve(import.meta.dir, "../../../src/main.ts")
const topology = parseTopology(changed(["gateway:\n", "gateway:\n  retention: 14d\n"]), "topology.yaml")
const runs = (daysAgo: number, missed: number) => ({
  last: MONDAY_AT_SIX - daysAgo * DAY_MS,
  missed: Array.from({ length: missed }, (_, index) => MONDAY_AT_SIX - (missed - index) * DAY_MS),
  scheduledAt: MONDAY_AT_SIX,
  now: MONDAY_AT_SIX + 3_600_000,
})

describe("missedText() and tooOldText()", () => {
  test("say nothing of a run that comes when it should, or later on its day", () => {
    expect([missedText(runs(1, 0), topology), tooOldText(runs(1, 0), topology)]).toEqual([undefined, undefined])
  })

  test("say since when runs were missed", () => {
    expect(missedText(runs(3, 2), topology)).toBe(
      "Missed 2 runs since Saturday 21 November 06:00 Europe/Rome: days that still have a source are sent now, oldest first",
    )
    expect(tooOldText(runs(3, 2), topology)).toBeUndefined()
  })

  test("name the days of which nothing can come any more", () => {
    expect(tooOldText(runs(18, 13), topology)).toBe(
      "Never comes: every device, 5 November to 8 November: older than gateway.retention",
    )
    // seen so early that the first of those made up for is too old as well
    expect(
      tooOldText({ ...runs(18, 14), scheduledAt: MONDAY_AT_SIX + DAY_MS, now: MONDAY_AT_SIX + DAY_MS - 1 }, topology),
    ).toBe("Never comes: every device, 5 November to 9 November: older than gateway.retention")
  })
})

test("setBackText() says what comes again", () => {
  expect(setBackText(MONDAY_AT_SIX, [], topology)).toBe(
    "The clock was set back: it is Monday 23 November 2026 06:00 Europe/Rome",
  )
  expect(setBackText(MONDAY_AT_SIX, ["2026-11-23", "2026-11-24"], topology)).toEndWith(
    ". Collected again when it is over: 23 November to 24 November",
  )
})

describe("bun run start with a clock in 1970", () => {
  let site: Site
  beforeEach(async () => {
    site = await Site.make()
    await site.write(
      "clock.ts",
      "const { now } = Date\nconst startedAt = now()\nDate.now = () => now() - startedAt + 18e6\n",
    )
  })
  afterEach(() => site[Symbol.asyncDispose]())

  test("--once says what is wrong, collects nothing and ends with 1", async () => {
    const command = [process.execPath, "--preload", join(site.folder, "clock.ts"), MAIN, "start", "--once", "--quiet"]
    const child = Bun.spawn(command, { cwd: site.folder, stdout: "pipe", stderr: "pipe" })
    expect(await child.stdout.text()).toBe("")
    expect(await child.stderr.text()).toContain(
      "✖ The clock says Thursday 1 January 1970 06:00 Europe/Rome, which is wrong: nothing is collected until it is set",
    )
    expect(await child.exited).toBe(1)
  })
})
