// What honest devices upload while bodies come to the cloud, and how much of it has been delivered there.
import { seededRandom } from "../../../virtual-clock"
import { storedOf } from "../../fuzz/live/stored"
import { HonestDevice } from "../honest"
import { notKept } from "../kept"
import { HONEST_DEVICES, honestAddress, type Place } from "../place"

const FIRST_WITHIN_MS = 20_000
const LOOK_EVERY_MS = 50

export class Deliveries {
  readonly #over = new AbortController()
  readonly #devices: readonly HonestDevice[]
  #uploading: Promise<void>[] = []

  constructor(
    private readonly place: Place,
    seed: number,
  ) {
    this.#devices = Array.from({ length: HONEST_DEVICES }, (_, index) => {
      return new HonestDevice(honestAddress(index), seededRandom(seed + index))
    })
  }

  /** Readings at the cloud. */
  async stored(): Promise<number> {
    const { store } = this.place.topology.cloud
    let sum = 0
    for (const { ip } of this.#devices) sum += (await storedOf(store, ip)).length
    return sum
  }

  /** Resolves with the first delivery: from then on the cloud knows the site. */
  async begin(): Promise<void> {
    this.#uploading = this.#devices.map((device) => device.run(this.place.gateway, this.#over.signal))
    for (const from = performance.now(); (await this.stored()) === 0; await Bun.sleep(LOOK_EVERY_MS)) {
      if (performance.now() - from > FIRST_WITHIN_MS) throw new Error("nothing was delivered before the bodies")
    }
  }

  /** Finishes the last uploads; what was not acknowledged, or not kept. */
  async end(): Promise<string[]> {
    this.#over.abort()
    await Promise.all(this.#uploading)
    return [...this.#devices.flatMap(({ failures }) => failures), ...(await notKept(this.place, this.#devices))]
  }
}
