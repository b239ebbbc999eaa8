// How far the sending of older days has come, told now and then, and which of them their source does not have.
import type { Clock } from "../clock"
import type { Log } from "../log"
import { type Day, shortDays } from "../survey/calendar"
import type { Device } from "../topology/devices"
import type { Uploaded } from "./events"

const TELL_EVERY_MS = 60_000
const NAMED_AT_ONCE = 10 // devices; the rest is counted

/** One run's older days. */
export class CatchUp {
  /** By address, with the reason of the oldest of the days. */
  readonly #absent = new Map<number, { readonly device: Device; readonly days: Day[]; readonly reason: string }>()
  #surveys = 0
  #toldAt: number

  /** @param told by address, the latest day that was told to be absent: it is said once */
  constructor(
    private readonly told: Map<number, Day>,
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly log: Pick<Log, "info" | "warn">,
  ) {
    this.#toldAt = clock.monotonic()
  }

  /** An older day has arrived. */
  sent({ device, day, place, days }: Uploaded): void {
    this.#surveys++
    if (this.clock.monotonic() - this.#toldAt < TELL_EVERY_MS) return
    this.#toldAt = this.clock.monotonic()
    const surveys = `${this.#surveys} older ${this.#surveys === 1 ? "survey has" : "surveys have"} arrived`
    this.log.info(`Catching up: ${surveys}, now ${device.ip} of ${shortDays([day])}, ${place} of ${days} days`)
  }

  /** An older day is owed, and its source does not have it. */
  absent(device: Device, day: Day, reason: string): void {
    const known = this.#absent.get(device.address)
    if (known) known.days.push(day)
    else if (day > (this.told.get(device.address) ?? "")) {
      this.#absent.set(device.address, { device, days: [day], reason })
    }
  }

  /** Names what is absent. */
  finish(): void {
    const all = [...this.#absent.values()]
    for (const { device, days, reason } of all.slice(0, NAMED_AT_ONCE)) {
      this.log.warn(`Still owed: ${labelOf(device)}, ${shortDays(days)}: ${reason}`)
    }
    if (all.length > NAMED_AT_ONCE) this.log.warn(`Still owed: days of ${all.length - NAMED_AT_ONCE} more devices`)
    for (const { device, days } of all) this.told.set(device.address, days.at(-1) ?? "0000-01-01")
    this.#absent.clear()
  }
}

const labelOf = ({ ip, name }: Device): string => (name === undefined ? ip : `${ip} ${name}`)
