// The hostile suite: peers that want the network to fail, beside twenty honest devices that must not notice.
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import { plantedInJson } from "./bodies/planted"
import { type PouringReport, pour } from "./bodies/pouring"
import { type HoldUpReport, holdUp } from "./declared/hold-up"
import { plantedInCommits } from "./declared/planted"
import { inMib } from "./growth"
import { percentile } from "./percentile"
import { plantedInTransfers } from "./siege/planted"
import { besiege, type SiegeReport } from "./siege/siege"

const FULL_SECONDS = 600
const SHORT = 1 / 60
// what is not collected yet goes up and down by 50 MiB, and has its full height after two minutes; it is level from then on
const WARM_UP = { share: 0.6, mostSeconds: 180, cpuMs: 4500 }
const DEVICE = { share: 0.05, leastSeconds: 2 } // of the time
const ROUNDS_OF_BODIES = 5
const KEYED_SHARE = 0.5 // of the time of the siege without keys

export const hostile: TortureSuite = { name: "hostile", short: SHORT, run }

async function run({ scale, seed, say }: TortureOptions): Promise<TortureResult> {
  const seconds = FULL_SECONDS * scale
  const warmUp = { seconds: Math.min(WARM_UP.mostSeconds, WARM_UP.share * seconds), cpuMs: WARM_UP.cpuMs }
  const siege = await besiege({ seed, seconds, warmUp, say }).catch((error) => noSiege(seed, error))
  say("hostile: the same with keys")
  const keyedSeconds = KEYED_SHARE * seconds
  const keyedWarmUp = { ...warmUp, seconds: KEYED_SHARE * warmUp.seconds }
  const keyed = await besiege({ seed, seconds: keyedSeconds, warmUp: keyedWarmUp, say, isKeyed: true }).catch((error) =>
    noSiege(seed, error),
  )
  say("hostile: a device that sends its readings one by one")
  const deviceSeconds = Math.max(DEVICE.leastSeconds, DEVICE.share * seconds)
  const device = await holdUp({ seed, seconds: deviceSeconds }).catch((error) => noHoldUp(seed, error))
  say("hostile: large bodies, and the planted faults")
  const rounds = Math.max(1, Math.round(ROUNDS_OF_BODIES * scale))
  // memory is looked at here, so they may slow each other down
  const [pouring, ...greedy] = await Promise.all([
    pour({ seed, rounds }).catch((error) => noPouring(seed, error)),
    orNotCaught(plantedInTransfers(seed, say)),
    orNotCaught(plantedInJson()),
  ])
  const slow = await orNotCaught(plantedInCommits(seed))
  return {
    work: workOf(siege, keyed, device, pouring),
    failures: [siege, keyed, device, pouring].flatMap(({ failures }) => failures),
    planted: [...greedy, slow],
    figures: {
      ...figuresOf(siege, device, pouring),
      "with keys: 99th percentile of the acknowledgement": inSeconds(percentile(keyed.elapsedMs, 0.99)),
      ...growthOf(keyed, "with keys: "),
    },
  }
}

function workOf(siege: SiegeReport, keyed: SiegeReport, device: HoldUpReport, { bodies }: PouringReport): string {
  const sent = siege.attack.sent + keyed.attack.sent
  const connections = siege.attack.connections + keyed.attack.connections
  const uploads = siege.elapsedMs.length + keyed.elapsedMs.length + device.honestUploads
  const hostile = `${sent} hostile datagrams, ${connections} connections, ${device.datagrams} readings of one device`
  return `${uploads} honest uploads beside ${hostile} and ${bodies} large bodies`
}

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

const growthOf = ({ growth }: SiegeReport, prefix = ""): Record<string, string> =>
  Object.fromEntries(Object.entries(growth).map(([name, bytes]) => [`${prefix}growth of the ${name}`, inMib(bytes)]))

function figuresOf(siege: SiegeReport, device: HoldUpReport, pouring: PouringReport) {
  const { elapsedMs, attack } = siege
  return {
    "99th percentile of the acknowledgement": inSeconds(percentile(elapsedMs, 0.99)),
    "before the hostile device's attack": inSeconds(device.quietMs),
    "under it": inSeconds(device.attackedMs),
    "answers to attackers": String(attack.answers),
    "connections that were ended": String(attack.dropped),
    ...growthOf(siege),
    "growth of the cloud for large bodies": inMib(pouring.growthBytes),
  }
}

// of what came to no end

const noSiege = (seed: number, error: unknown): SiegeReport => ({
  failures: [`seed ${seed}: ${error}`],
  elapsedMs: [],
  growth: {},
  attack: { sent: 0, answers: 0, connections: 0, dropped: 0, wrong: [] },
})

const noHoldUp = (seed: number, error: unknown): HoldUpReport => ({
  failures: [`seed ${seed}, a hostile device: ${error}`],
  honestUploads: 0,
  datagrams: 0,
  quietMs: Number.NaN,
  attackedMs: Number.NaN,
})

const noPouring = (seed: number, error: unknown): PouringReport => ({
  failures: [`seed ${seed}, large bodies: ${error}`],
  bodies: 0,
  growthBytes: 0,
})

const orNotCaught = (planted: Promise<Planted>): Promise<Planted> =>
  planted.catch((error) => ({ fault: "a run with a planted fault", caught: false, detail: String(error) }))
