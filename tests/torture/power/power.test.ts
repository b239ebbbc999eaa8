import { expect, test } from "bun:test"
import { canRecord } from "./recording"
import { power } from "./suite"

const SEED = 4712
const TIME_LIMIT_MS = 300_000

test.skipIf(!canRecord())(
  "power cuts lose nothing that was acknowledged, and with synchronous=NORMAL it is noticed that they do",
  async () => {
    const { failures, planted } = await power.run({ scale: power.short, seed: SEED, say() {} })
    expect(failures).toEqual([])
    expect(planted.filter(({ caught }) => !caught)).toEqual([])
  },
  TIME_LIMIT_MS,
)
