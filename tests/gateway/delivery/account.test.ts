// Who the cloud is told is missing, while surveys still come.
import { expect, test } from "bun:test"
import { accountOf } from "../../../src/gateway/delivery/account"
import { Bench, DAY, HERBS, MORNING, NOW, TOMATOES } from "../fixtures"

test("accountOf() names nobody missing whose survey came a moment ago", async () => {
  using bench = new Bench()
  const collection = await bench.ledger.open(DAY, NOW, [{ first: TOMATOES, last: HERBS + 1 }])
  await bench.accept(MORNING)
  await bench.spool.settle()
  await bench.accept(MORNING, HERBS)
  const { missing } = accountOf(bench.database.sqlite, bench.spool, collection)
  expect(missing).toEqual(["192.168.1.4"])
  expect([...bench.spool.arrived(DAY, false)]).toEqual([TOMATOES, HERBS])
})
