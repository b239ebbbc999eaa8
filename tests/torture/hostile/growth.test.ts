import { expect, test } from "bun:test"
import { Growth } from "./growth"

const MIB = 2 ** 20
const WARM_UP = { seconds: 4, cpuMs: 4500 }

/** What the gateway's growth is when these were seen: [seconds of attack, seconds of processor time, MiB]. */
async function growthOf(...seen: readonly (readonly [number, number, number])[]) {
  let load = { privateDirtyBytes: 0, cpuMs: 0 }
  const growth = new Growth({ gateway: { pid: 1, exit: undefined } }, WARM_UP, async () => load)
  let warmSeconds = 0
  for (const [seconds, cpuSeconds, mib] of seen) {
    load = { privateDirtyBytes: mib * MIB, cpuMs: cpuSeconds * 1000 }
    warmSeconds = await growth.look(seconds)
  }
  return { mib: (growth.bytes.gateway ?? 0) / MIB, warmSeconds, excess: growth.excess }
}

test("a server that got little of the processor is not warm, however long it was attacked", async () => {
  const { warmSeconds, excess } = await growthOf(
    [1, 0.3, 23],
    [5, 1.3, 81],
    [7, 2.1, 127],
    [9, 3, 140],
    [15, 4.5, 147],
    [18, 6, 150],
  )
  expect(warmSeconds).toBe(3)
  expect(excess).toEqual([])
})

test("a server that worked at once has its seconds to warm up all the same", async () => {
  const { mib, warmSeconds } = await growthOf([2, 5, 20], [4, 6, 100], [6, 7, 110])
  expect({ mib, warmSeconds }).toEqual({ mib: 10, warmSeconds: 2 })
})

test("what a warm server grows by is too much above 64 MiB, whether it gives it back or not", async () => {
  const { excess } = await growthOf([4, 5, 100], [5, 6, 165], [6, 7, 90])
  expect(excess).toEqual(["the gateway's memory grew by 65 MiB"])
})
