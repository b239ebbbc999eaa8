// Random and mutated inputs: millions to the parsers, each judged by a second opinion; and through live servers.
import type { TortureOptions, TortureResult, TortureSuite } from "../suite"
import { DATAGRAMS_A_BATCH } from "./live/datagrams"
import { type LiveResult, runLive } from "./live/live"
import { plantedInGateway } from "./live/planted"
import { Share } from "./live/share"
import { plantedInCode } from "./planted"
import { FULL } from "./targets"
import { runWorkers } from "./workers"

const SHORT = 0.02
const DATAGRAMS = { short: 300_000, full: 50_000_000 }
const STREAMS = { short: 10_000, full: 10_000_000 }
const KEYED_SHARE = 0.1 // of the same at a network with keys, beside it
const MIB = 2 ** 20
const MOST_GROWTH_BYTES = 64 * MIB

export const fuzz: TortureSuite = { name: "fuzz", short: SHORT, run }

async function run(options: TortureOptions): Promise<TortureResult> {
  // elsewhere there is only 127.0.0.1, and no /proc
  const hasServers = process.platform === "linux"
  const [code, servers] = await Promise.all([runInCode(options), hasServers ? runInServers(options) : NOTHING])
  return {
    work: [...code.work, ...servers.work].join(", "),
    failures: [...code.failures, ...servers.failures],
    planted: [...code.planted, ...servers.planted],
    figures: servers.figures,
  }
}

interface Part extends Pick<TortureResult, "failures" | "planted"> {
  readonly work: readonly string[]
  readonly figures: Readonly<Record<string, string>>
}

const NOTHING: Part = { work: [], failures: [], planted: [], figures: {} }

async function runInCode({ scale, seed, say }: TortureOptions): Promise<Part> {
  const planted = plantedInCode(seed)
  const failures = await runWorkers({ seed, scale, say })
  const { topologies, formats, ...inputs } = FULL
  const work = [
    `${shown(Object.values(inputs).reduce((sum, cases) => sum + cases * scale, 0))} inputs`,
    `${shown(topologies * scale)} topologies`,
    `${shown(formats * scale)} files of others`,
  ]
  return { work, failures, planted, figures: {} }
}

async function runInServers({ scale, seed, say }: TortureOptions): Promise<Part> {
  const batches = Math.ceil(amount(DATAGRAMS, scale) / DATAGRAMS_A_BATCH)
  const streams = Math.ceil(amount(STREAMS, scale))
  const shares = { datagrams: new Share("datagrams", 0, batches), streams: new Share("streams", 0, streams) }
  const live = await runLive({ seed, ...shares, say })
  const [keyedBatches, keyedStreams] = [batches, streams].map((amount) => Math.ceil(KEYED_SHARE * amount))
  const keyed = await runLive({
    seed,
    datagrams: new Share("datagrams", 0, keyedBatches ?? 0, true),
    streams: new Share("streams", 0, keyedStreams ?? 0, true),
    say,
  })
  return {
    work: [
      `${shown(batches * DATAGRAMS_A_BATCH)} datagrams`,
      `${shown(streams)} streams`,
      `${shown((keyedBatches ?? 0) * DATAGRAMS_A_BATCH)} and ${shown(keyedStreams ?? 0)} at a network with keys`,
    ],
    failures: [...live.failures, ...grown(live, seed), ...keyed.failures, ...grown(keyed, seed)],
    planted: await plantedInGateway(seed),
    figures: {
      "honest uploads": shown(live.uploads),
      "honest uploads with keys": shown(keyed.uploads),
      "slowest of them": `${(live.slowestMs / 1000).toFixed(1)} s`,
      ...Object.fromEntries(
        Object.entries(live.growth).map(([name, bytes]) => [`growth of the ${name}`, inMib(bytes)]),
      ),
    },
  }
}

/** Sockets cost more than memory does: their short form is a smaller share. Linear up to it, and from there on. */
function amount({ short, full }: { short: number; full: number }, scale: number): number {
  if (scale <= SHORT) return (short * scale) / SHORT
  return short + ((full - short) * (scale - SHORT)) / (1 - SHORT)
}

const grown = ({ growth }: LiveResult, seed: number): string[] =>
  Object.entries(growth)
    .filter(([, bytes]) => bytes > MOST_GROWTH_BYTES)
    .map(([name, bytes]) => `seed ${seed}: the ${name}'s memory grew by ${inMib(bytes)}`)

const inMib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`

const shown = (count: number): string => Math.round(count).toLocaleString("en")
