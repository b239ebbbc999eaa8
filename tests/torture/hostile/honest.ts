// An honest device: the real uploader on a real socket, one survey after the other, and how long each took.
import { pause, type Random, systemClock } from "../../../src/clock"
import { Endpoint } from "../../../src/coap/udp/exchange"
import { Uploader } from "../../../src/device/uploader"
import type { Peer } from "../../../src/net/udp"
import { UdpSocket } from "../../../src/net/udp"
import { addDays, type Day, dayBefore } from "../../../src/survey/calendar"
import { formatReading, type Reading } from "../../../src/survey/reading"
import { parseAddress } from "../../../src/topology/address"
import { hasOscore, protecting } from "../keyed"
import { declared, TIME_ZONE } from "./place"

const DAYS = 60
const FEW_READINGS = 5 // one datagram
const MANY_READINGS = 150 // three blocks or four
const SECONDS_A_ROUND = 200 // of the day's time: no two uploads tell of the same second
const PAUSE_MS = 250
const PATIENCE_MS = 60_000
const TRANSMISSION = { ackTimeoutMs: 2000, maxRetransmit: 4 } // RFC 7252 §4.8

export class HonestDevice {
  /** The readings of each day, by their seconds, as the gateway said that it has them. */
  readonly acknowledged = new Map<Day, Map<number, Reading>>()
  readonly failures: string[] = []
  /** How long each upload took. */
  readonly elapsedMs: number[] = []
  readonly ip: string

  constructor(
    private readonly address: string,
    private readonly random: Random,
    /** It speaks OSCORE. */
    private readonly isKeyed = false,
  ) {
    this.ip = declared(parseAddress(address) ?? 0)
  }

  /** Uploads until the signal aborts, and finishes the last one. */
  async run(gateway: Peer, until: AbortSignal): Promise<void> {
    const { random } = this
    const socket = await UdpSocket.open({
      address: this.address,
      port: 0,
      onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
    })
    const endpoint = new Endpoint({
      send: (datagram, peer) => socket.send(datagram, peer),
      clock: systemClock,
      random,
      transmission: TRANSMISSION,
      ...(this.isKeyed && { isProtected: hasOscore }),
    })
    const uploader = new Uploader({
      endpoint: this.isKeyed ? protecting(endpoint, this.ip) : endpoint,
      isProtected: this.isKeyed,
      gateway,
      ip: this.ip,
      clock: systemClock,
      random,
    })
    try {
      while (!until.aborted) {
        await pause(systemClock, PAUSE_MS * (0.5 + random()), until)
        await this.#upload(uploader)
      }
    } catch (error) {
      this.failures.push(`${this.ip}: upload ${this.elapsedMs.length + 1} was not acknowledged: ${error}`)
    } finally {
      endpoint.stop()
      socket.close()
    }
  }

  async #upload(uploader: Uploader): Promise<void> {
    const turn = this.elapsedMs.length
    const day = addDays(dayBefore(Date.now(), TIME_ZONE), -(turn % DAYS))
    const readings = this.#readings(Math.floor(turn / DAYS))
    const body = Buffer.from(readings.map((reading) => `${formatReading(reading)}\n`).join(""))
    const startedAt = performance.now()
    await uploader.upload(day, body, AbortSignal.timeout(PATIENCE_MS))
    this.elapsedMs.push(performance.now() - startedAt)
    const ofDay = this.acknowledged.get(day) ?? new Map<number, Reading>()
    this.acknowledged.set(day, ofDay)
    for (const reading of readings) ofDay.set(reading.seconds, reading)
  }

  #readings(round: number): Reading[] {
    const count = this.random() < 0.25 ? MANY_READINGS : FEW_READINGS
    return Array.from({ length: count }, (_, index) => ({
      seconds: round * SECONDS_A_ROUND + index,
      temperature: Math.round(this.random() * 5000) / 100,
      humidity: Math.round(this.random() * 10_000) / 100,
    }))
  }
}
