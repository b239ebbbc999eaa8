// The short form of the crash suite; its faults on purpose are found as well.
import { expect, test } from "bun:test"
import { countCalls } from "./plan"
import { canCrash, crash } from "./suite"

test("countCalls() counts thread by thread, also calls that another thread interrupts", () => {
  const trace = [
    `12  write(1, "a", 1) = 1`,
    `12  fsync(7) = 0`,
    `13  write(4, "b", 1 <unfinished ...>`,
    `12  fsync(7) = 0`,
    `13  <... write resumed>) = 1`,
    `13  write(4, "c", 1) = 1`,
    `13  +++ exited with 0 +++`,
  ]
  expect([...countCalls(trace.join("\n"))]).toEqual([
    ["write", 2],
    ["fsync", 2],
  ])
})

test.skipIf(!canCrash())(
  "what was acknowledged survives a kill at any system call, and faults on purpose are caught",
  async () => {
    const { failures, planted } = await crash.run({ scale: crash.short, seed: 4711, say: () => {} })
    expect(failures).toEqual([])
    expect(planted.filter(({ caught }) => !caught)).toEqual([])
    expect(planted).toHaveLength(4)
  },
  300_000,
)
