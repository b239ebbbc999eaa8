// How long a person waits for `bun src/main.ts start --once` on the sample network, beside Bun's own empty start.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Figure, formatSpread, median } from "../figure"
import { keyDevices, makeKeys, withKeys } from "../keys"
import { copySample, ROOT } from "./sample"

const WARM_UPS = 2
const RUNS = 15
const AIM_MS = 150
const AIM_WITH_KEYS_MS = 200
const SAMPLE_DEVICES = ["192.168.1.2-192.168.1.5"]
const PATIENCE_MS = 10_000

/**
 * @param say is told the spread
 * @param keys of both legs
 */
export async function measureStart(say: (text: string) => void, { keys = false } = {}): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), "bench-start-"))
  try {
    await copySample(folder)
    if (keys) {
      makeKeys(folder)
      keyDevices(folder, SAMPLE_DEVICES)
      const file = join(folder, "topology.yaml")
      await Bun.write(file, withKeys(await Bun.file(file).text(), folder))
    }
    const empty: number[] = []
    const ours: number[] = []
    // by turns, so that whatever else the machine does falls on both
    for (let run = -WARM_UPS; run < RUNS; run++) {
      const emptyMs = await time(["bun", "-e", "0"], folder)
      const oursMs = await time(["bun", join(ROOT, "src/main.ts"), "start", "--once"], folder)
      if (run < 0) continue
      empty.push(emptyMs)
      ours.push(oursMs)
    }
    const what = keys ? "start --once with keys" : "start --once"
    const aimMs = keys ? AIM_WITH_KEYS_MS : AIM_MS
    say(`${what}: ${formatSpread(ours, "ms")}, Bun's empty start: ${formatSpread(empty, "ms")}`)
    const value = median(ours)
    return {
      figure: `warm \`${what}\`, sample network`,
      value,
      unit: "ms",
      peer: `bun -e 0: ${Math.round(median(empty))} ms`,
      ratio: value / median(empty),
      aim: `${aimMs} ms or less`,
      met: value <= aimMs,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

export async function time(command: string[], cwd: string): Promise<number> {
  const startedAt = performance.now()
  const child = Bun.spawn(command, { cwd, stdout: "ignore", stderr: "pipe", timeout: PATIENCE_MS })
  const exit = await child.exited
  const elapsedMs = performance.now() - startedAt
  if (exit !== 0) throw new Error(`${command.join(" ")} ended with ${exit}: ${await new Response(child.stderr).text()}`)
  return elapsedMs
}
