// The short form: every write and fsync of a small cycle fails once, and a disk of 1 MiB fills.
import { expect, test } from "bun:test"
import { disk } from "./suite"
import { missingStrace } from "./syscalls"

const missing = missingStrace()
const SEED = 4711
const WITHIN_MS = 120_000 // some ten seconds on a machine that has nothing else to do

test.skipIf(missing !== undefined)(
  `nothing is acknowledged that a failing disk does not hold${missing ? ` (${missing})` : ""}`,
  async () => {
    const { failures, planted } = await disk.run({ scale: disk.short, seed: SEED, say: () => {} })
    expect(failures).toEqual([])
    expect(planted).toMatchObject([{ caught: true }])
  },
  WITHIN_MS,
)
