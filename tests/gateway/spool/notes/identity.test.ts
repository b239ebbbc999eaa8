import { afterEach, beforeEach, expect, test } from "bun:test"
import { identify } from "../../../../src/gateway/spool/notes/identity"
import { Bench, DAY, NOW } from "../../fixtures"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const identifyAs = (site: string, random = Math.random) => identify(bench.database, bench.commits, site, random)

test("a spool has an id of its own, made once", async () => {
  const { id, formerSite } = await identifyAs("greenhouse")
  expect([id, formerSite]).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), undefined])
  bench.reopen()
  expect(await identifyAs("greenhouse")).toEqual({ id, formerSite: undefined })
  expect((await identifyAs("farm", () => 0.5)).id).toBe(id)
})

test("under another site's name every day is to be agreed upon anew, and that is told once", async () => {
  await identifyAs("greenhouse")
  await bench.ledger.open(DAY, NOW, [])
  await bench.ledger.confirm(DAY, true)
  expect(await identifyAs("farm")).toMatchObject({ formerSite: "greenhouse" })
  bench.reopen()
  expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
  expect(await identifyAs("farm")).toMatchObject({ formerSite: undefined })
})
