// A gateway and a cloud under siege while honest devices upload: all that they were promised must be kept, and fast.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seededRandom } from "../../virtual-clock"
import { Programme, startCommand } from "../disk/programme"
import { differences, storedOf } from "../fuzz/live/stored"
import { Attackers, type AttackReport } from "./attackers"
import { Growth, type WarmUp } from "./growth"
import { HonestDevice } from "./honest"
import { HONEST_DEVICES, honestAddress, type Place, preparePlace } from "./place"

export interface SiegeOptions {
  readonly seed: number
  /** How long the attack lasts on a machine that has time for it: a busy one warms up for longer. */
  readonly seconds: number
  /** Of these. */
  readonly warmUp: WarmUp
  readonly say: (line: string) => void
}

export interface SiegeReport {
  readonly failures: readonly string[]
  /** How long each honest upload took. */
  readonly elapsedMs: readonly number[]
  /** Of the servers' memory, in bytes, by server. */
  readonly growth: Readonly<Record<string, number>>
  readonly attack: AttackReport
}

const DRIPPING_PEERS = 1000
const READY = /Waiting for the gateway|Next upload/
const READY_WITHIN_MS = 20_000
const PEACE_MS = 300 // before the attack
const LOOK_EVERY_MS = 250
const SAY_EVERY_MS = 10_000
const LONGEST = 6 // times as long as it was meant to last
const STORED_WITHIN_MS = 30_000

/** Needs Linux: all of 127.0.0.0/8, /proc, and its socket calls. */
export const besiege = (options: SiegeOptions): Promise<SiegeReport> =>
  inPlace(async (place) => {
    await using cloud = await started(place, "cloud")
    await using gateway = await started(place, "gateway")
    return await new Siege(place, { gateway, cloud }, options).run()
  })

/**
 * A gateway with a planted fault, and an attack of half-finished transfers alone, so many datagrams a second: how much
 * its memory has grown when it is too much, or the time is over.
 */
export const growUnder = (fault: string, aSecond: number, options: SiegeOptions): Promise<number> =>
  inPlace(async (place) => {
    await using gateway = await started(place, "gateway", fault)
    await using _ = await Attackers.start({ ...place, seed: options.seed, drips: 0, onlyTransfers: aSecond })
    const growth = new Growth({ gateway }, options.warmUp)
    for (const from = performance.now(); growth.excess.length === 0; await Bun.sleep(LOOK_EVERY_MS)) {
      const seconds = (performance.now() - from) / 1000
      if (seconds > options.seconds) break
      await growth.look(seconds)
    }
    return growth.bytes.gateway ?? 0
  })

async function inPlace<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "hostile-"))
  try {
    return await work(await preparePlace(folder))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function started(place: Place, role: string, fault?: string): Promise<Programme> {
  const server = new Programme(startCommand(place.topology.file, [role], fault))
  await server.until(READY, READY_WITHIN_MS)
  if (server.exit === undefined && READY.test(server.said)) return server
  await server[Symbol.asyncDispose]()
  throw new Error(`the ${role} did not start: ${server.lastLine}`)
}

class Siege {
  readonly #wrong: string[] = []
  readonly #devices: readonly HonestDevice[]
  readonly #growth: Growth

  constructor(
    private readonly place: Place,
    private readonly servers: Readonly<Record<string, Programme>>,
    private readonly options: SiegeOptions,
  ) {
    const { seed, warmUp } = options
    this.#growth = new Growth(servers, warmUp)
    this.#devices = Array.from({ length: HONEST_DEVICES }, (_, index) => {
      return new HonestDevice(honestAddress(index), seededRandom(seed + index))
    })
  }

  async run(): Promise<SiegeReport> {
    const { gateway, cloud } = this.place
    const { seed, seconds } = this.options
    const over = new AbortController()
    const uploading = this.#devices.map((device) => device.run(gateway, over.signal))
    await Bun.sleep(PEACE_MS)
    await using attackers = await Attackers.start({ gateway, cloud, seed, drips: DRIPPING_PEERS })
    await this.#watch()
    over.abort()
    await Promise.all(uploading) // the last ones finish under fire
    const attack = await attackers.stop()
    await this.#checkStore()
    for (const [name, server] of Object.entries(this.servers)) await this.#checkEnd(name, server)

    const devices = this.#devices.flatMap((device) => device.failures)
    const failures = [...this.#wrong, ...this.#growth.excess, ...attack.wrong, ...devices]
    return {
      failures: failures.map((text) => `seed ${seed}, ${seconds} s: ${text}`),
      elapsedMs: this.#devices.flatMap(({ elapsedMs }) => elapsedMs),
      growth: this.#growth.bytes,
      attack,
    }
  }

  async #watch(): Promise<void> {
    const { seconds, warmUp, say } = this.options
    const from = performance.now()
    for (let saidAt = from; ; await Bun.sleep(LOOK_EVERY_MS)) {
      const passed = (performance.now() - from) / 1000
      if ((await this.#growth.look(passed)) >= seconds - warmUp.seconds) return
      if (passed > LONGEST * seconds) {
        this.#wrong.push(`the servers did not come to warm up within ${Math.round(passed)} s`)
        return
      }
      if (performance.now() - saidAt < SAY_EVERY_MS) continue
      saidAt = performance.now()
      const uploads = this.#devices.reduce((sum, { elapsedMs }) => sum + elapsedMs.length, 0)
      say(`hostile: ${Math.round(passed)} s of ${seconds} at least, ${uploads} honest uploads`)
    }
  }

  /** What is not at the cloud as it was acknowledged, when there was time enough to deliver it. */
  async #checkStore(): Promise<void> {
    const { store } = this.place.topology.cloud
    const giveUpAt = performance.now() + STORED_WITHIN_MS
    for (;;) {
      const wrong = this.#devices.flatMap(({ ip, acknowledged }) =>
        differences(acknowledged, storedOf(store, ip)).map((text) => `${ip} ${text}`),
      )
      if (wrong.length === 0) return
      if (performance.now() > giveUpAt) {
        this.#wrong.push(...wrong)
        return
      }
      await Bun.sleep(LOOK_EVERY_MS)
    }
  }

  async #checkEnd(name: string, server: Programme): Promise<void> {
    const { exit } = server
    if (exit !== undefined) this.#wrong.push(`the ${name} ended with ${exit}: ${server.lastLine}`)
    else if ((await server.stop()) !== 0) this.#wrong.push(`the ${name} did not stop in order: ${server.lastLine}`)
    const { surprise } = server
    if (surprise !== undefined) this.#wrong.push(`the ${name} said ${surprise}`)
  }
}
