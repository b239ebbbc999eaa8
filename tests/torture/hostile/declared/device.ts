// A declared device that is hostile: a survey as large as one may be, and then more readings of its day, one a datagram.
import { pause, type Random, systemClock } from "../../../../src/clock"
import { Code, isAcknowledgement } from "../../../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../../../src/coap/option"
import { ContentFormat, reasonOf } from "../../../../src/coap/resource"
import { Endpoint } from "../../../../src/coap/udp/exchange"
import { Uploader } from "../../../../src/device/uploader"
import type { Peer } from "../../../../src/net/udp"
import { UdpSocket } from "../../../../src/net/udp"
import { type Day, dayBefore } from "../../../../src/survey/calendar"
import { formatReading, type Reading } from "../../../../src/survey/reading"
import { formatAddress } from "../../../../src/topology/address"
import { declared, TIME_ZONE } from "../place"

const DAY_SECONDS = 86_400
const STEP_SECONDS = 2 // of the survey: 980 kB; what lies between is for the datagrams
const A_SECOND = 1400 // of the 2,000 datagrams that the gateway takes of one address
const PATIENCE_MS = 60_000
const TRANSMISSION = { ackTimeoutMs: 2000, maxRetransmit: 4 } // RFC 7252 §4.8

/** How it sends its readings. */
export interface Pace {
  readonly inFlight: number
  /** At most. */
  readonly aSecond: number
}

/** As a sensor that tells what it measures. */
export const CALM: Pace = { inFlight: 1, aSecond: 6 }
export const HOSTILE: Pace = { inFlight: 64, aSecond: A_SECOND }

/** For how long there are new times. */
export const MOST_SECONDS = Math.floor(DAY_SECONDS / STEP_SECONDS / A_SECOND) - 1

export class HostileDevice implements Disposable {
  readonly ip: string
  readonly failures: string[] = []
  readonly #day: Day = dayBefore(Date.now(), TIME_ZONE)
  readonly #readings = new Map<number, Reading>()
  /** As the gateway said that it has them. */
  readonly acknowledged: ReadonlyMap<Day, ReadonlyMap<number, Reading>> = new Map([[this.#day, this.#readings]])
  /** Datagrams that were acknowledged. */
  datagrams = 0
  #second = 1

  private constructor(
    private readonly gateway: Peer,
    private readonly random: Random,
    private readonly socket: UdpSocket,
    private readonly endpoint: Endpoint,
    address: number,
  ) {
    this.ip = declared(address)
  }

  static async open(address: number, gateway: Peer, random: Random): Promise<HostileDevice> {
    const socket = await UdpSocket.open({
      address: formatAddress(address),
      port: 0,
      onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
    })
    const endpoint = new Endpoint({
      send: (datagram, peer) => socket.send(datagram, peer),
      clock: systemClock,
      random,
      transmission: TRANSMISSION,
    })
    return new HostileDevice(gateway, random, socket, endpoint, address)
  }

  /** Uploads its survey, in blocks. */
  async uploadSurvey(): Promise<void> {
    const { endpoint, gateway, random, ip } = this
    const readings = Array.from({ length: DAY_SECONDS / STEP_SECONDS }, (_, at) => this.#reading(at * STEP_SECONDS))
    const body = Buffer.from(readings.map(lineOf).join(""))
    const uploader = new Uploader({ endpoint, gateway, ip, clock: systemClock, random })
    await uploader.upload(this.#day, body, AbortSignal.timeout(PATIENCE_MS))
    for (const reading of readings) this.#readings.set(reading.seconds, reading)
  }

  /** Sends reading after reading until the signal aborts; what is in flight then is finished. */
  async run({ inFlight, aSecond }: Pace, until: AbortSignal): Promise<void> {
    const periodMs = (1000 * inFlight) / aSecond
    await Promise.all(Array.from({ length: inFlight }, () => this.#send(periodMs, until)))
  }

  [Symbol.dispose](): void {
    this.endpoint.stop()
    this.socket.close()
  }

  async #send(periodMs: number, until: AbortSignal): Promise<void> {
    while (!until.aborted && this.#second < DAY_SECONDS) {
      const reading = this.#reading(this.#second)
      this.#second += STEP_SECONDS
      const sentAt = performance.now()
      try {
        await this.#put(reading)
      } catch (error) {
        this.failures.push(`${this.ip}: the reading of second ${reading.seconds} was not acknowledged: ${error}`)
        return
      }
      const spareMs = periodMs - (performance.now() - sentAt)
      if (spareMs > 0) await pause(systemClock, spareMs, until)
    }
  }

  async #put(reading: Reading): Promise<void> {
    const reply = await this.endpoint.request(this.gateway, {
      code: Code.Put,
      options: [
        ...["surveys", this.ip, this.#day].map((segment) => textOption(OptionNumber.UriPath, segment)),
        uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
      ],
      payload: Buffer.from(lineOf(reading)),
    })
    if (!isAcknowledgement(reply.code)) throw new Error(reasonOf(reply))
    this.#readings.set(reading.seconds, reading)
    this.datagrams++
  }

  #reading(seconds: number): Reading {
    const temperature = (100 + Math.floor(this.random() * 200)) / 10
    const humidity = 10 + Math.floor(this.random() * 90)
    return { seconds, temperature, humidity }
  }
}

const lineOf = (reading: Reading): string => `${formatReading(reading)}\n`
