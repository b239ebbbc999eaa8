// A real gateway and a real cloud under fire, while honest devices upload: all that they were promised must be kept.
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatagramAttack } from "./datagrams"
import { HonestDevice } from "./honest"
import { Memory } from "./memory"
import { HONEST, makeKeysIn, othersPair, topologyIn } from "./places"
import { ServerProcess } from "./process"
import { type Attack, again, type Share } from "./share"
import { differences, storedOf } from "./stored"
import { StreamAttack } from "./streams"

export interface LiveOptions {
  readonly seed: number
  /** In batches. */
  readonly datagrams: Share
  readonly streams: Share
  readonly say: (line: string) => void
  /** A script that changes the gateway before it starts. */
  readonly preload?: string
  /** How many uploads of each honest device it takes at least, however soon the fire is over. */
  readonly leastUploads?: number
  /** How long the last uploads may take to the cloud. */
  readonly storedWithinMs?: number
}

export interface LiveResult {
  readonly failures: readonly string[]
  readonly uploads: number
  readonly slowestMs: number
  /** By server, in bytes. */
  readonly growth: Readonly<Record<string, number>>
}

const IN_MEMORY = "/dev/shm" // what is committed need not outlive the machine here
const STORED_WITHIN_MS = 20_000
const LOOK_EVERY_MS = 100
const SAY_EVERY_MS = 5000

/** Needs Linux: all of 127.0.0.0/8, and /proc. */
export async function runLive(options: LiveOptions): Promise<LiveResult> {
  const folder = await mkdtemp(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "fuzz-"))
  try {
    return await underFire(folder, options)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function underFire(folder: string, options: LiveOptions): Promise<LiveResult> {
  const { seed, datagrams, streams, say, preload, leastUploads = 0, storedWithinMs = STORED_WITHIN_MS } = options
  const isKeyed = datagrams.isKeyed || streams.isKeyed
  if (isKeyed) makeKeysIn(folder)
  const { gateway: declaredGateway, cloud: declaredCloud } = topologyIn(folder)
  await using cloud = new ServerProcess("cloud", [folder])
  const cloudPeer = { address: declaredCloud.address, port: await cloud.port }
  await using gateway = new ServerProcess("gateway", [folder, String(cloudPeer.port)], preload)
  const gatewayPeer = { address: declaredGateway.interfaces.devices.address.ip, port: await gateway.port }

  const ended = new AbortController()
  const devices = HONEST.map((ip) => new HonestDevice(ip, seed, isKeyed))
  const uploading = devices.map((device) => device.run(gatewayPeer, ended.signal))
  const attacks = [
    new DatagramAttack(gatewayPeer, seed, datagrams),
    new StreamAttack(cloudPeer, seed, streams, othersPair(folder)),
  ]
  using memory = new Memory({ gateway, cloud }, progressOf(attacks, [datagrams, streams]))
  const telling = setInterval(() => say(`fuzz: ${describeProgress(attacks, [datagrams, streams])}`), SAY_EVERY_MS)
  await Promise.all(attacks.map((attack) => attack.run()))
  clearInterval(telling)
  const owes = ({ uploads, failures }: HonestDevice) => uploads < leastUploads && failures.length === 0
  while (devices.some(owes)) await Bun.sleep(LOOK_EVERY_MS)
  ended.abort()
  await Promise.all(uploading)
  for (const attack of attacks) attack.stop()
  const growth = memory.growth()

  const wrong = [
    ...[gateway, cloud].flatMap(({ faults }) => faults),
    ...devices.flatMap((device) => device.failures),
    ...(await notStored(declaredCloud.store, devices, storedWithinMs)),
  ]
  const failures = [
    ...wrong.map((text) => `seed ${seed}: ${text}; again: ${again(seed, datagrams, streams)}`),
    ...attacks.flatMap((attack) => attack.failures),
  ]
  const uploads = devices.reduce((sum, device) => sum + device.uploads, 0)
  return { failures, uploads, slowestMs: Math.max(...devices.map(({ slowestMs }) => slowestMs)), growth }
}

/** What is not at the cloud as it was acknowledged, when there was time enough to deliver it. */
async function notStored(store: string, devices: readonly HonestDevice[], withinMs: number): Promise<string[]> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const wrong: string[] = []
    for (const { ip, acknowledged } of devices) {
      wrong.push(...differences(acknowledged, await storedOf(store, ip)).map((text) => `${ip} ${text}`))
    }
    if (wrong.length === 0 || performance.now() > giveUpAt) return wrong
    await Bun.sleep(LOOK_EVERY_MS)
  }
}

const describeProgress = (attacks: readonly Attack[], shares: readonly Share[]): string =>
  attacks.map(({ done }, index) => `${shares[index]?.name} case ${done} of ${shares[index]?.cases}`).join(", ")

/** How much of the work is done, 0 to 1, where least is. */
const progressOf = (attacks: readonly Attack[], shares: readonly Share[]) => (): number =>
  Math.min(...attacks.map(({ done }, index) => done / Math.max(1, shares[index]?.cases ?? 1)))
