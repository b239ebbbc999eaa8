// A gateway and a cloud under siege while honest devices upload: all that they were promised must be kept, and fast.
import { seededRandom } from "../../../virtual-clock"
import type { Programme } from "../../disk/programme"
import { Growth, type WarmUp } from "../growth"
import { HonestDevice } from "../honest"
import { notKept } from "../kept"
import { HONEST_DEVICES, honestAddress, type Place } from "../place"
import { endingOf, inPlace, started } from "../servers"
import { Attackers, type AttackReport } from "./attackers"

export interface SiegeOptions {
  readonly seed: number
  /** How long the attack lasts on a machine that has time for it: a busy one warms up for longer. */
  readonly seconds: number
  /** Of these. */
  readonly warmUp: WarmUp
  readonly say: (line: string) => void
  /** Both legs have keys, and attackers know how OSCORE and TLS begin. */
  readonly isKeyed?: boolean
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
const PEACE_MS = 300 // before the attack
const LOOK_EVERY_MS = 250
const SAY_EVERY_MS = 10_000
const LONGEST = 6 // times as long as it was meant to last

/** Needs Linux: all of 127.0.0.0/8, /proc, and its socket calls. */
export const besiege = (options: SiegeOptions): Promise<SiegeReport> =>
  inPlace(async (place) => {
    await using cloud = await started(place, "cloud")
    await using gateway = await started(place, "gateway")
    return await new Siege(place, { gateway, cloud }, options).run()
  }, options.isKeyed)

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
      return new HonestDevice(honestAddress(index), seededRandom(seed + index), place.isKeyed)
    })
  }

  async run(): Promise<SiegeReport> {
    const { gateway, cloud } = this.place
    const { seed, seconds, isKeyed = false } = this.options
    const over = new AbortController()
    const uploading = this.#devices.map((device) => device.run(gateway, over.signal))
    await Bun.sleep(PEACE_MS)
    await using attackers = await Attackers.start({ gateway, cloud, seed, drips: DRIPPING_PEERS, isKeyed })
    await this.#watch()
    over.abort()
    await Promise.all(uploading) // the last ones finish under fire
    const attack = await attackers.stop()
    this.#wrong.push(...(await notKept(this.place, this.#devices)))
    for (const [name, server] of Object.entries(this.servers)) this.#wrong.push(...(await endingOf(name, server)))

    const devices = this.#devices.flatMap((device) => device.failures)
    const failures = [...this.#wrong, ...this.#growth.excess, ...attack.wrong, ...devices]
    return {
      failures: failures.map((text) => `seed ${seed}, ${seconds} s${isKeyed ? " with keys" : ""}: ${text}`),
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
}
