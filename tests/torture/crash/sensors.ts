// The day of four sensors: a short survey, one that comes late, one of several blocks, and one that changes twice.
import type { Random } from "../../../src/clock"
import type { Topology } from "../../../src/network"
import { bindAddress } from "../../../src/topology/addressing"
import type { Book } from "./book"
import { DEVICES, EARLIER, TODAY } from "./ground"
import { makeReadings } from "./readings"
import { Sensor } from "./sensor"
import type { Tap } from "./tap"

const HOUR = 60 // minutes
const MORNING = 12 * HOUR

export interface DayOf {
  readonly topology: Topology
  readonly book: Book
  readonly tap: Tap
  readonly random: Random
  /** The last change comes while the cloud's word on the survey before it is still under way. */
  readonly interleaved: boolean
}

export class Sensors {
  /** Only ever rejects. */
  readonly failed: Promise<never>
  #closed = false

  private constructor(
    private readonly sensors: readonly Sensor[],
    /** Resolves when all is acknowledged, or nothing more will be; rejects for an answer that nobody may get. */
    readonly finished: Promise<void>,
  ) {
    this.failed = finished.then(() => new Promise(() => {}))
    this.failed.catch(() => {}) // it may happen when nobody waits for it any more
  }

  static async begin({ topology, book, tap, random, interleaved }: DayOf): Promise<Sensors> {
    const { address, port } = topology.gateway.interfaces.devices
    const gateway = { address: bindAddress(address.ip, "simulated"), port }
    const opened = await Promise.all(DEVICES.map((ip) => Sensor.open(ip, gateway, book, random)))
    const [small, late, large, changing] = opened as [Sensor, Sensor, Sensor, Sensor]
    const every = (minutes: number, untilMinute?: number) => makeReadings(random, minutes, untilMinute)
    if (interleaved) tap.withhold()
    const days = [
      () => small.upload(TODAY, every(HOUR)),
      async () => {
        await late.upload(EARLIER, every(2 * HOUR))
        await late.upload(TODAY, every(4 * HOUR))
      },
      () => large.upload(TODAY, every(HOUR / 6)),
      async () => {
        await changing.upload(EARLIER, every(HOUR, MORNING))
        await changing.upload(TODAY, every(3 * HOUR))
        if (interleaved) await tap.withheld
        await changing.upload(TODAY, every(2 * HOUR)).finally(() => tap.release())
      },
    ]
    const settled = Promise.all(days.map((day) => day())).then(() => {})
    const sensors: Sensors = new Sensors(
      opened,
      settled.catch((error) => {
        if (!sensors.#closed) throw error
      }),
    )
    return sensors
  }

  /** What is not acknowledged by now never will be. May be called twice. */
  close(): void {
    this.#closed = true
    for (const sensor of this.sensors) sensor.close()
  }
}
