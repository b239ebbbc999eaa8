import { describe, expect, test } from "bun:test"
import { ReplayWindow } from "../../../src/coap/oscore/window"
import { seeded } from "./ends"
import { type Faults, type Outcome, tellStory } from "./restarts"

const STORIES = 60

test("over restarts of either end, losses and repetitions no nonce is used twice, nothing old is taken, and the device gets through", async () => {
  let taken = 0
  for (let seed = 1; seed <= STORIES; seed++) {
    const outcome = await tellStory(seed)
    expect({ seed, ...outcome, taken: 0 }).toEqual({ seed, reused: [], repeated: [], isStuck: false, taken: 0 })
    taken += outcome.taken
  }
  expect(taken).toBeGreaterThan(STORIES * 20)
})

describe("a planted fault shows", () => {
  const first = async (faults: Faults, isCaught: (outcome: Outcome) => boolean): Promise<number | undefined> => {
    for (let seed = 1; seed <= STORIES; seed++) if (isCaught(await tellStory(seed, faults))) return seed
    return undefined
  }

  test("a device whose next start uses the random bytes of the one before: a nonce comes twice", async () => {
    const isCaught = ({ reused }: Outcome) => reused.length > 0
    expect(await first({ deviceBytes: () => seeded(1) }, isCaught)).toBeDefined()
  })

  test("a gateway whose own numbers begin anew: a nonce comes twice", async () => {
    const isCaught = ({ reused }: Outcome) => reused.length > 0
    expect(await first({ numbersForgotten: true }, isCaught)).toBeDefined()
  })

  test("a gateway whose next start believes the challenges of the one before: old requests are taken", async () => {
    const isCaught = ({ repeated }: Outcome) => repeated.length > 0
    expect(await first({ gatewayBytes: () => seeded(1) }, isCaught)).toBeDefined()
  })

  test("a window that is forgotten: requests are taken twice", async () => {
    const { isNew } = ReplayWindow.prototype
    ReplayWindow.prototype.isNew = () => true
    try {
      expect(await first({}, ({ repeated }) => repeated.length > 0)).toBeDefined()
    } finally {
      ReplayWindow.prototype.isNew = isNew
    }
  })
})
