// `bun tests/torture/fuzz/worker.ts SEED TARGET:FROM:TO…`: tries these cases; one by itself tries again what failed.
// Standard output: a line of JSON for each failure, and now and then how far it is.
import { writeSync } from "node:fs"
import { type Report, type Slice, sliceOf } from "./slice"
import { type Failure, tryCases } from "./target"
import { TARGETS } from "./targets"

const MOST_FAILURES = 5 // of one target: more tell nothing new
const STACK_FRAMES = 20
const TELL_EVERY_MS = 5000

/** At once: while cases are tried no event comes to its turn. */
const tell = (report: Report) => writeSync(1, `${JSON.stringify(report)}\n`)

function run(seed: number, { name, from, to }: Slice): void {
  Error.stackTraceLimit = to - from > 1 ? 0 : STACK_FRAMES // refusals are thrown by the million
  let failures = 0
  let toldAt = performance.now()
  const onFailure = ({ text }: Failure) => {
    tell({ failure: text })
    return ++failures < MOST_FAILURES
  }
  tryCases(TARGETS[name](), { seed, from, to }, onFailure, (next) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    tell({ name, next })
  })
}

const [seed = "", ...slices] = process.argv.slice(2)
for (const text of slices) run(Number(seed), sliceOf(text))
