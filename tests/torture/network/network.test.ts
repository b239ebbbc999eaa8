import { expect, test } from "bun:test"
import { network } from "./suite"

test("the real network keeps its promise over links that lose, double, reorder, delay, cut and damage", async () => {
  const { failures, planted } = await network.run({ scale: network.short, seed: 4711, say: () => {} })
  expect(failures).toEqual([])
  expect(planted.filter(({ caught }) => !caught)).toEqual([])
  expect(planted).toHaveLength(4)
}, 120_000)
