// A cloud that parses JSON without a look through it, and gets bodies that are large: its memory must show it.
import { join } from "node:path"
import type { Planted } from "../../suite"
import { inMib } from "../growth"
import { MOST_BYTES, pourInto } from "./pouring"

export async function plantedInJson(): Promise<Planted> {
  const { growthBytes, bodies } = await pourInto(join(import.meta.dir, "fault.ts"))
  const detail = `the cloud's memory grew by ${inMib(growthBytes)} after ${bodies} bodies`
  return { fault: "JSON parsed without a look through it", caught: growthBytes > MOST_BYTES, detail }
}
