// The hostile suite: peers that want the network to fail, beside twenty honest devices that must not notice.
import { join } from "node:path"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import { inMib, MOST_GROWTH_BYTES } from "./growth"
import { besiege, growUnder, type SiegeReport } from "./siege"

const FULL_SECONDS = 600
const SHORT = 1 / 60
const WARM_UP = { share: 0.6, mostSeconds: 60, cpuMs: 4500 }
const FAULT = { seconds: 60, warmUp: { seconds: 1.5, cpuMs: 1500 }, transfers: 25_000 } // datagrams a second

export const hostile: TortureSuite = { name: "hostile", short: SHORT, run }

async function run({ scale, seed, say }: TortureOptions): Promise<TortureResult> {
  const seconds = FULL_SECONDS * scale
  const warmUp = { seconds: Math.min(WARM_UP.mostSeconds, WARM_UP.share * seconds), cpuMs: WARM_UP.cpuMs }
  const siege = besiege({ seed, seconds, warmUp, say })
  const { failures, elapsedMs, growth, attack } = await siege.catch((error) => nothing(seed, error))
  const { sent, answers, connections, dropped } = attack
  return {
    work: `${elapsedMs.length} honest uploads beside ${sent} hostile datagrams and ${connections} connections`,
    failures,
    planted: [await planted(seed, say)],
    figures: {
      "99th percentile of the acknowledgement": `${(percentile(elapsedMs, 0.99) / 1000).toFixed(2)} s`,
      "answers to attackers": String(answers),
      "connections that were ended": String(dropped),
      ...Object.fromEntries(Object.entries(growth).map(([name, bytes]) => [`growth of the ${name}`, inMib(bytes)])),
    },
  }
}

/** Of a siege that came to no end. */
const nothing = (seed: number, error: unknown): SiegeReport => ({
  failures: [`seed ${seed}: ${error}`],
  elapsedMs: [],
  growth: {},
  attack: { sent: 0, answers: 0, connections: 0, dropped: 0, wrong: [] },
})

async function planted(seed: number, say: (line: string) => void): Promise<Planted> {
  const { transfers, ...limits } = FAULT
  const startedAt = performance.now()
  const bytes = await growUnder(join(import.meta.dir, "fault.ts"), transfers, { seed, ...limits, say })
  const passed = Math.round((performance.now() - startedAt) / 1000)
  const detail = `the gateway's memory grew by ${inMib(bytes)} in ${passed} s`
  return { fault: "no limit on transfers", caught: bytes > MOST_GROWTH_BYTES, detail }
}

function percentile(values: readonly number[], share: number): number {
  const rising = values.toSorted((a, b) => a - b)
  return rising[Math.min(rising.length - 1, Math.floor(rising.length * share))] ?? Number.NaN
}
