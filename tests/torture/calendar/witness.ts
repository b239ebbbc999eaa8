// Sees what happens during a year, and complains at once of what must not: days out of order, runs that were not due.
import { SqliteStore } from "../../../src/cloud/store/sqlite/store"
import { Pipeline } from "../../../src/gateway/delivery/pipeline"
import type { Uploaded } from "../../../src/network"
import type { World } from "../network/world"
import type { Field } from "./field"
import type { Run } from "./zone-calendar"

/** From one moment to another the power was on. */
export interface Span {
  readonly from: number
  to: number
}

let witness: Witness | undefined

export class Witness {
  readonly powered: Span[] = []
  /** How often a day was said to be lost, of whatever device. */
  readonly saidLost = new Map<string, number>()
  firstRun: Run | undefined
  readonly #due = new Map<number, Run>()
  readonly #uploads = new Map<string, { readonly day: string; readonly place: number }>()
  /** Days that go to the cloud for the first time now, and those that went before. */
  readonly #going = new Set<string>()
  readonly #gone = new Set<string>()

  constructor(
    private readonly world: World,
    private readonly field: Field,
  ) {
    witness = this
  }

  powerOn(): void {
    if (this.powered.at(-1)?.to === Number.POSITIVE_INFINITY) return
    this.powered.push({ from: this.world.clock.now(), to: Number.POSITIVE_INFINITY })
  }

  powerOff(): void {
    const last = this.powered.at(-1)
    if (last) last.to = Math.min(last.to, this.world.clock.now())
  }

  /** @param due by the schedule in force, all that the oracle knows of */
  ran(scheduledAt: number, due: readonly Run[]): void {
    this.#uploads.clear()
    for (const run of due) this.#due.set(run.at, run)
    this.firstRun ??= this.#due.get(scheduledAt)
    const [first, last] = [due[0]?.at ?? 0, due.at(-1)?.at ?? 0]
    // of another year nobody knows here
    if (scheduledAt < first || scheduledAt > last || this.#due.has(scheduledAt)) return
    this.world.fail(`a run of ${new Date(scheduledAt).toISOString()}, when none was due`)
  }

  readonly uploaded = ({ device: { ip }, day, place, days }: Uploaded): void => {
    this.field.taken(ip, day)
    const last = this.#uploads.get(ip)
    this.#uploads.set(ip, { day, place })
    if (place > days) this.world.fail(`${ip} sends day ${place} of ${days}`)
    if (last && place > last.place && day <= last.day) this.world.fail(`${ip} sends ${day} behind ${last.day}`)
  }

  readonly said = (text: string): void => {
    const [, list] = /^Never comes: [^,]*, (.*?): .* holds one day only$/.exec(text) ?? []
    if (list === undefined) return
    const year = this.field.calendar.at(this.world.clock.now())?.day.slice(0, 4) ?? ""
    for (const day of daysOf(list, year)) this.saidLost.set(day, (this.saidLost.get(day) ?? 0) + 1)
  }

  /** What is due begins to go to the cloud. */
  begins(): void {
    for (const day of this.#going) this.#gone.add(day)
    this.#going.clear()
  }

  /** Another survey goes. */
  delivers(day: string): void {
    // what went on a connection that broke may go once more, while the cloud still takes what that one brought
    if (this.#gone.has(day)) return
    const last = [...this.#going].at(-1) ?? ""
    if (day < last) this.world.fail(`${day} is delivered behind ${last}`)
    this.#going.add(day)
  }
}

/** Lets the witness see what goes to the cloud. Call once in a process. */
export function watchDeliveries(): void {
  const { deliver: deliverDue } = Pipeline.prototype
  Pipeline.prototype.deliver = function (upTo, run) {
    witness?.begins()
    return deliverDue.call(this, upTo, run)
  }
  const { deliver } = SqliteStore.prototype
  SqliteStore.prototype.deliver = function (site, delivery) {
    witness?.delivers(delivery.day)
    return deliver.call(this, site, delivery)
  }
}

const MONTHS = "January February March April May June July August September October November December".split(" ")
const DAY_MS = 86_400_000

/** "30 December 2026 to 2 January, 4 January", said in 2027. */
function daysOf(list: string, year: string): string[] {
  const parse = (text: string) => {
    const [date = "", month = "", given = year] = text.split(" ")
    return Date.UTC(Number(given), MONTHS.indexOf(month), Number(date))
  }
  return list.split(", ").flatMap((span) => {
    const [from = "", to = from] = span.split(" to ")
    const days = Math.round((parse(to) - parse(from)) / DAY_MS) + 1
    return Array.from({ length: days }, (_, index) => new Date(parse(from) + index * DAY_MS).toISOString().slice(0, 10))
  })
}
