// From start to exit for the four sample surveys, beside the exercise that this project began as.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Figure, median } from "../figure"
import { copySample, ROOT } from "./sample"
import { time } from "./start"

const RUNS = 15
const WARM_UPS = 2
const PYTHON = "python3"

/** Undefined where there is no Python. */
export async function measureOriginal(): Promise<Figure | undefined> {
  if (!Bun.which(PYTHON)) return undefined
  const folder = await mkdtemp(join(tmpdir(), "bench-original-"))
  try {
    await copySample(folder)
    const original: number[] = []
    const ours: number[] = []
    // by turns, so that whatever else the machine does falls on both
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const originalMs = await time([PYTHON, join(import.meta.dir, "original.py"), join(folder, "surveys")], folder)
      const oursMs = await time(["bun", join(ROOT, "src/main.ts"), "start", "--once"], folder)
      if (run < 0) continue
      original.push(originalMs)
      ours.push(oursMs)
    }
    const [value, peer] = [median(ours), median(original)]
    return {
      figure: "start to exit, four sample surveys",
      value,
      unit: "ms",
      peer: `the original in Python: ${Math.round(peer)} ms`,
      ratio: value / peer,
      aim: "1 × or less",
      met: value <= peer,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
