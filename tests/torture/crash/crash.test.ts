import { expect, test } from "bun:test"
import { countCalls } from "./plan"

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
