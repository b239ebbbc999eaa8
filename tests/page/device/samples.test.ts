import { expect, test } from "bun:test"
import fc from "fast-check"
import { Samples } from "../../../src/page/device/samples"

const sampled = (values: readonly number[], most: number) => {
  const samples = new Samples<{ at: number; temperature: number; humidity: number }>(most)
  for (const [at, value] of values.entries()) {
    samples.add({ at, temperature: value, humidity: 100 - value }, at / values.length)
  }
  return samples.kept.map(({ at }) => at).sort((a, b) => a - b)
}

test("Samples keeps all as long as they are few enough", () => {
  expect(sampled([5, 5, 5, 5, 5, 5, 5, 5], 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test("Samples keeps what reaches furthest in each stretch", () => {
  expect(sampled([5, 9, 5, 5, 1, 5, 5, 5, 5, 5, 5, 2], 8)).toEqual([1, 4, 6, 11])
})

test("Samples keeps no more than it may, each once, the least and the most among them", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 300 }), (values) => {
      const kept = sampled(values, 40)
      expect(kept.length).toBeLessThanOrEqual(40)
      expect(new Set(kept).size).toBe(kept.length)
      const shown = kept.map((at) => values[at] ?? 0)
      expect([Math.min(...shown), Math.max(...shown)]).toEqual([Math.min(...values), Math.max(...values)])
    }),
  )
})
