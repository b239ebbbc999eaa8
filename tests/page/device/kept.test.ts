import { expect, test } from "bun:test"
import { Kept } from "../../../src/page/device/kept"

class Bench {
  now = 0
  made = 0
  readonly kept = new Kept<number>({ monotonic: () => this.now })

  /** @param takesMs how long it takes to work it out */
  get(key = "a", takesMs = 0): Promise<number> {
    return this.kept.get(key, async () => {
      this.now += takesMs
      return ++this.made
    })
  }
}

test("Kept gives what was worked out within the last second, by its key", async () => {
  const bench = new Bench()
  expect([await bench.get(), await bench.get(), await bench.get("b")]).toEqual([1, 1, 2])
  bench.now += 1000
  expect(await bench.get()).toBe(3)
})

test("Kept gives what took long for ten times as long", async () => {
  const bench = new Bench()
  expect(await bench.get("a", 2000)).toBe(1)
  bench.now += 19_999
  expect(await bench.get()).toBe(1)
  bench.now += 1
  expect(await bench.get()).toBe(2)
})

test("Kept works out once what several ask for at a time", async () => {
  const bench = new Bench()
  expect(await Promise.all([bench.get(), bench.get()])).toEqual([1, 1])
})

test("Kept keeps no failure, and nothing after a change", async () => {
  const bench = new Bench()
  const failing = bench.kept.get("a", () => Promise.reject(new Error("the disk")))
  await expect(failing).rejects.toThrow("the disk")
  expect(await bench.get()).toBe(1)
  bench.kept.clear()
  expect(await bench.get()).toBe(2)
})

test("Kept lets the oldest go when there are many", async () => {
  const bench = new Bench()
  for (let key = 0; key <= 32; key++) await bench.get(String(key))
  expect([await bench.get("1"), await bench.get("0")]).toEqual([2, 34])
})
