// Whether the cloud has all that was acknowledged to devices, as it was acknowledged.
import type { Acknowledged } from "../fuzz/live/honest"
import { differences, storedOf } from "../fuzz/live/stored"
import type { Place } from "./place"

const STORED_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 250

interface Acknowledging {
  readonly ip: string
  readonly acknowledged: Acknowledged
}

/** What is not there, when there was time enough to deliver it. */
export async function notKept({ topology }: Place, devices: readonly Acknowledging[]): Promise<string[]> {
  const { store } = topology.cloud
  const giveUpAt = performance.now() + STORED_WITHIN_MS
  for (;;) {
    const wrong: string[] = []
    for (const { ip, acknowledged } of devices) {
      wrong.push(...differences(acknowledged, await storedOf(store, ip)).map((text) => `${ip} ${text}`))
    }
    if (wrong.length === 0 || performance.now() > giveUpAt) return wrong
    await Bun.sleep(LOOK_EVERY_MS)
  }
}
