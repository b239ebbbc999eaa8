// A gateway with faults, under the same fire: they must be found.
import { join } from "node:path"
import type { Planted } from "../../suite"
import { runLive } from "./live"
import { Share } from "./share"

const BATCHES = 400
const LEAST_UPLOADS = 10 // every third is lost, whoever's
const STORED_WITHIN_MS = 1500

const FAULTS = [
  { fault: "an answer longer than its request", found: /an answer of \d+ bytes to|bytes and got/ },
  { fault: "an acknowledgement of what is not stored", found: /was acknowledged and is not stored|is stored as/ },
]

export async function plantedInGateway(seed: number): Promise<Planted[]> {
  const { failures } = await runLive({
    seed,
    datagrams: new Share("datagrams", 0, BATCHES),
    streams: new Share("streams", 0, 0),
    say() {},
    preload: join(import.meta.dir, "fault.ts"),
    leastUploads: LEAST_UPLOADS,
    storedWithinMs: STORED_WITHIN_MS,
  })
  return FAULTS.map(({ fault, found }) => {
    const caught = failures.some((text) => found.test(text))
    return { fault, caught, detail: `${caught ? "" : "not "}within ${BATCHES} batches` }
  })
}
