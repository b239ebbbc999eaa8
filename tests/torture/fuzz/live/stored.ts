// What was acknowledged beside what the cloud has stored: nothing lost, nothing doubled, nothing wrong.
import { dirname } from "node:path"
import type { StoredRow } from "../../../../src/cloud/store/pages"
import { StoreReader } from "../../../../src/cloud/store/reader"
import { formatTime } from "../../../../src/survey/reading"
import { parseAddress } from "../../../../src/topology/address"
import type { Acknowledged } from "./honest"
import { SITE } from "./places"

const SHOWN = 5

/** One device's stored readings. */
export async function storedOf(store: string, ip: string): Promise<StoredRow[]> {
  await using reader = await StoreReader.open({ store, folder: dirname(store) })
  const selection = { site: SITE, device: parseAddress(ip), from: "0000-01-01", to: "9999-12-31" } as const
  return await Array.fromAsync(reader.rows(selection))
}

/** What differs, in a few words each. */
export function differences(acknowledged: Acknowledged, stored: readonly StoredRow[]): string[] {
  const missing = new Map<string, string>()
  for (const [day, readings] of acknowledged) {
    for (const { seconds, temperature, humidity } of readings.values()) {
      missing.set(`${day} ${formatTime(seconds)}`, `${temperature} ${humidity}`)
    }
  }
  const wrong: string[] = []
  for (const { day, time, temperature, humidity } of stored) {
    const key = `${day} ${time}`
    const expected = missing.get(key)
    const values = `${temperature} ${humidity}`
    if (expected === undefined) wrong.push(`${key} is stored twice, or was never sent: ${values}`)
    else if (expected !== values) wrong.push(`${key} is stored as ${values} instead of ${expected}`)
    missing.delete(key)
  }
  for (const key of missing.keys()) wrong.push(`${key} was acknowledged and is not stored`)
  return wrong.length > SHOWN ? [...wrong.slice(0, SHOWN), `and ${wrong.length - SHOWN} more`] : wrong
}
