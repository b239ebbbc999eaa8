// An honest device: real code on a real socket, one upload after the other, and what was acknowledged of them.
import { pause, systemClock } from "../../../../src/clock"
import { Endpoint } from "../../../../src/coap/udp/exchange"
import { Uploader } from "../../../../src/device/uploader"
import type { Peer } from "../../../../src/net/udp"
import { UdpSocket } from "../../../../src/net/udp"
import { addDays, type Day, dayBefore } from "../../../../src/survey/calendar"
import { formatReading, type Reading } from "../../../../src/survey/reading"
import { hasOscore, protecting } from "../../keyed"
import { Dice } from "../dice"
import { TIME_ZONE } from "./places"

const DAYS = 6
const MOST_READINGS = 90 // too many for one block
const STEP_SECONDS = 900
const TRANSMISSION = { ackTimeoutMs: 250, maxRetransmit: 4 }
const PAUSE_MS = 50
const PATIENCE_MS = 60_000

/** The readings of one day by their seconds, as the gateway said that it has them. */
export type Acknowledged = ReadonlyMap<Day, ReadonlyMap<number, Reading>>

export class HonestDevice {
  readonly #acknowledged = new Map<Day, Map<number, Reading>>()
  readonly #dice: Dice
  readonly failures: string[] = []
  uploads = 0
  /** The longest that an upload took. */
  slowestMs = 0

  constructor(
    readonly ip: string,
    seed: number,
    /** It speaks OSCORE. */
    private readonly isKeyed = false,
  ) {
    this.#dice = new Dice(seed, Number(ip.split(".").at(-1)))
  }

  get acknowledged(): Acknowledged {
    return this.#acknowledged
  }

  /** Uploads until the signal aborts, and finishes the last one. */
  async run(gateway: Peer, until: AbortSignal): Promise<void> {
    const random = () => (this.#dice.next() >>> 0) / 2 ** 32
    const socket = await UdpSocket.open({
      address: this.ip,
      port: 0,
      onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
    })
    const send = (bytes: Uint8Array, peer: Peer) => socket.send(bytes, peer)
    const { ip } = this
    const isKeyed = this.isKeyed
    const protection = isKeyed && { isProtected: hasOscore }
    const endpoint = new Endpoint({ send, clock: systemClock, random, transmission: TRANSMISSION, ...protection })
    const exchange = isKeyed ? protecting(endpoint, ip) : endpoint
    const uploader = new Uploader({
      endpoint: exchange,
      isProtected: isKeyed,
      gateway,
      ip,
      clock: systemClock,
      random,
    })
    try {
      while (!until.aborted) {
        await this.#upload(uploader)
        await pause(systemClock, PAUSE_MS, until)
      }
    } catch (error) {
      this.failures.push(`${this.ip}: upload ${this.uploads + 1} was not acknowledged: ${error}`)
    } finally {
      endpoint.stop()
      socket.close()
    }
  }

  async #upload(uploader: Uploader): Promise<void> {
    // yesterday first: the gateway's collection waits for it
    const daysBefore = this.uploads === 0 ? 0 : this.#dice.below(DAYS)
    const day = addDays(dayBefore(Date.now(), TIME_ZONE), -daysBefore)
    const readings = this.#readings()
    const body = Buffer.from(readings.map((reading) => `${formatReading(reading)}\n`).join(""))
    const startedAt = performance.now()
    await uploader.upload(day, body, AbortSignal.timeout(PATIENCE_MS))
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt)
    this.uploads++
    const ofDay = this.#acknowledged.get(day) ?? new Map<number, Reading>()
    this.#acknowledged.set(day, ofDay)
    for (const reading of readings) ofDay.set(reading.seconds, reading)
  }

  /** A few, or so many that they need blocks; never the same twice. */
  #readings(): Reading[] {
    const count = this.#dice.below(4) === 0 ? MOST_READINGS : 1 + this.#dice.below(10)
    const first = this.#dice.below(86_400 / STEP_SECONDS - count)
    return Array.from({ length: count }, (_, index) => ({
      seconds: (first + index) * STEP_SECONDS,
      temperature: (this.#dice.below(18_001) - 9000) / 100,
      humidity: this.#dice.below(10_001) / 100,
    }))
  }
}
