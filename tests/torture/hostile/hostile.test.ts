import { expect, test } from "bun:test"
import { hostile } from "./suite"

const SEED = 4711
const WITHIN_MS = 120_000

// any address of 127.0.0.0/8 as a source, and /proc, are Linux's
test.skipIf(process.platform !== "linux")(
  "the short form finds nothing, and the planted fault",
  async () => {
    const { failures, planted } = await hostile.run({ scale: hostile.short, seed: SEED, say() {} })
    expect(failures).toEqual([])
    for (const fault of planted) expect(fault).toMatchObject({ caught: true })
  },
  WITHIN_MS,
)
