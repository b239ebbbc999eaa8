// A gateway that keeps every transfer, under attack by those that nobody finishes: its memory must show it.
import { join } from "node:path"
import type { Planted } from "../../suite"
import { inMib, MOST_GROWTH_BYTES } from "../growth"
import { growUnder } from "./siege"

const FAULT = { seconds: 60, warmUp: { seconds: 1.5, cpuMs: 1500 }, transfers: 25_000 } // datagrams a second

export async function plantedInTransfers(seed: number, say: (line: string) => void): Promise<Planted> {
  const { transfers, ...limits } = FAULT
  const startedAt = performance.now()
  const bytes = await growUnder(join(import.meta.dir, "fault.ts"), transfers, { seed, ...limits, say })
  const passed = Math.round((performance.now() - startedAt) / 1000)
  const detail = `the gateway's memory grew by ${inMib(bytes)} in ${passed} s`
  return { fault: "no limit on transfers", caught: bytes > MOST_GROWTH_BYTES, detail }
}
