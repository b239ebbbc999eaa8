// A gateway without the bounds that keep one device's uploads from the others: the hold-up must show.
import { join } from "node:path"
import type { Planted } from "../../suite"
import { holdUp, inWords, isHeldUp } from "./hold-up"

const SECONDS = 0.5 // what has come until then holds the others up for longer than that

export async function plantedInCommits(seed: number): Promise<Planted> {
  const report = await holdUp({ seed, seconds: SECONDS, fault: join(import.meta.dir, "fault.ts") })
  const fault = "uploads of one survey merged one by one, without a bound"
  return { fault, caught: isHeldUp(report), detail: inWords(report) }
}
