import { expect, test } from "bun:test"
import { join } from "node:path"
import { dropFromStore } from "../../src/cloud/drop-offline"
import { StorageInUse } from "../../src/storage/errors"
import { parseTopology } from "../../src/topology/yaml/load"
import { changed } from "../topology/sample"
import { Bench, DAY, HERBS, MORNING, SITE, TOMATOES } from "./fixtures"

const DROP = { day: DAY, addresses: { first: TOMATOES, last: TOMATOES }, revision: 1 }

test("dropFromStore() drops surveys for good in a store that no cloud has open, and tells how many", async () => {
  using bench = new Bench()
  const topology = parseTopology(
    changed(["  address: 10.10.10.2", "  address: 10.10.10.2\n  store: cloud.db"]),
    join(bench.folder, "topology.yaml"),
  )
  await bench.describeSite()
  for (const address of [TOMATOES, HERBS]) await bench.put(MORNING, 5, address)
  await expect(dropFromStore(topology, SITE, DROP)).rejects.toBeInstanceOf(StorageInUse)
  bench.database.close()
  expect(await dropFromStore(topology, SITE, DROP)).toBe(1)
  expect(await dropFromStore(topology, SITE, DROP)).toBe(0)
  bench.reopen()
  expect(bench.readings().map(({ device }) => device)).toEqual(["192.168.1.3"])
  expect(await bench.put(MORNING, 5)).toBe("dropped")
  expect(await bench.put(MORNING, 6)).toBe("new")
})
