// Whether a year's days are all in the store, once, under their right names, by the oracle's calendar; what cannot come
// is named, and nothing is owed.
import { Database } from "bun:sqlite"
import { readCollections } from "../../../src/gateway/ledger/ledger"
import { readGatewayStatus } from "../../../src/gateway/report/status"
import type { Topology } from "../../../src/network"
import { formatAddress } from "../../../src/topology/address"
import { DAY_MS } from "../network/chance"
import type { World } from "../network/world"
import type { Field } from "./field"
import type { Witness } from "./witness"
import type { Run, ZoneCalendar } from "./zone-calendar"

export interface VerdictOptions {
  readonly world: World
  readonly field: Field
  readonly witness: Witness
  readonly topology: Topology
  /** Of all zones in which the site has been. */
  readonly calendars: readonly ZoneCalendar[]
  /** All runs of the schedule at the end. */
  readonly runs: readonly Run[]
  /** Devices whose sources keep all their days. */
  readonly keepers: readonly string[]
  /** A device whose source has the last day only. */
  readonly forgetful: string | undefined
  /** Days outside of the year may be there as well: the clock was wrong. */
  readonly isClockWrong: boolean
  readonly retentionDays: number
}

/** By device and day, readings in their order. */
type Surveys = Map<string, string>

export class Verdict {
  readonly #stored: Surveys
  readonly #days: readonly string[]

  constructor(private readonly options: VerdictOptions) {
    const { topology, witness, runs, calendars } = options
    this.#stored = readStore(topology)
    this.#days = daysBetween(witness.firstRun?.before ?? "", runs.at(-1)?.before ?? "").filter((day) =>
      calendars.every((calendar) => calendar.get(day)),
    )
  }

  /** Complains to the world. Returns how many surveys there are. */
  give(): number {
    const { keepers, forgetful, world, isClockWrong } = this.options
    const surveys = this.#stored.size
    const known = new Set(this.#days)
    for (const ip of keepers) for (const day of this.#days) this.#compare(ip, day)
    const lost = forgetful === undefined ? [] : this.#judgeForgetful(forgetful)
    for (const key of this.#stored.keys()) {
      const [ip = "", day = ""] = key.split(" ")
      if (isClockWrong || !known.has(day)) this.#compareOther(ip, day)
      else world.fail(`${key} should not be there`)
    }
    this.#judgeStatus(lost)
    return surveys
  }

  #compare(ip: string, day: string): void {
    const { field, world } = this.options
    const key = `${ip} ${day}`
    const held = this.#stored.get(key)
    this.#stored.delete(key)
    const expected = field.whole(ip, day).join("\n")
    if (held === undefined) world.fail(`${key} was never delivered`)
    else if (held !== expected) world.fail(`${key} is not what was measured: ${difference(held, expected)}`)
  }

  /** A day outside of the year: before it where the clock was behind, or one that another zone leaves out. */
  #compareOther(ip: string, day: string): void {
    const { isClockWrong, calendars, world } = this.options
    const isOdd = calendars.some((calendar) => calendar.get(day) === undefined)
    if (isClockWrong || isOdd) this.#compare(ip, day)
    else world.fail(`${ip} ${day} is no day of this year`)
  }

  /** A run that found the machine without power until the next one has lost its day. Returns these days. */
  #judgeForgetful(ip: string): string[] {
    const { runs, witness, world } = this.options
    const isPowered = (from: number, to: number) => witness.powered.some((span) => span.from < to && span.to > from)
    const lost: string[] = []
    for (const [index, { at, before }] of runs.entries()) {
      if (!this.#days.includes(before)) continue
      if (isPowered(at, runs[index + 1]?.at ?? Number.POSITIVE_INFINITY)) {
        this.#compare(ip, before)
        if (witness.saidLost.has(before)) world.fail(`${before} of ${ip} was said to be lost`)
      } else {
        lost.push(before)
        // twice if the power failed just then
        const said = witness.saidLost.get(before) ?? 0
        if (said < 1 || said > 2) world.fail(`${before} of ${ip} is lost, and that was said ${said} times`)
      }
    }
    return lost
  }

  #judgeStatus(lost: readonly string[]): void {
    const { world, topology, runs, isClockWrong, retentionDays } = this.options
    const { owed, lost: told, undelivered } = readGatewayStatus(topology, world.clock.now())
    if (owed.surveys > 0) world.fail(`owed: ${JSON.stringify(owed.devices)}`)
    if (undelivered.surveys > 0) world.fail(`${undelivered.surveys} surveys are not delivered`)
    const kept = dayBefore(runs.at(-2)?.before ?? "", retentionDays)
    const expected = lost.filter((day) => day >= kept).join(", ")
    const days = told.devices.flatMap((device) => device.days).join(", ")
    if (days !== expected) world.fail(`status has ${days || "nothing"} as lost: it is ${expected || "nothing"}`)

    using sqlite = new Database(topology.gateway.spool, { readonly: true })
    const known = new Set(this.#days)
    for (const { day, closed, confirmed, doubtful } of readCollections(sqlite)) {
      const isYetToCome = day > (this.#days.at(-1) ?? "")
      // the clock was ahead when it was collected: it counts when its day has come
      if (doubtful && isYetToCome) continue
      if (doubtful) world.fail(`${day} was collected while the clock was ahead, and not again`)
      if (!known.has(day) && !isClockWrong) world.fail(`the ledger has ${day}`)
      if (isYetToCome) world.fail(`the ledger has ${day}, which is yet to come`)
      if (!closed || !confirmed) world.fail(`${day} is ${closed ? "not confirmed" : "not closed"}`)
    }
  }
}

function readStore({ cloud }: Topology): Surveys {
  using store = new Database(cloud.store, { readonly: true })
  const rows = store
    .query<{ day: string; address: number; readings: string }, []>("SELECT day, address, readings FROM surveys")
    .all()
  return new Map(
    rows.map(({ day, address, readings }) => {
      const list: (string | number)[][] = JSON.parse(readings)
      return [`${formatAddress(address)} ${day}`, list.map((reading) => reading.join(" ")).join("\n")]
    }),
  )
}

function daysBetween(first: string, last: string): string[] {
  const days: string[] = []
  for (let day = first; day <= last; day = dayBefore(day, -1)) days.push(day)
  return days
}

const dayBefore = (day: string, days: number): string =>
  new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10)

function difference(held: string, expected: string): string {
  const [have, want] = [held.split("\n"), expected.split("\n")]
  const index = want.findIndex((line, place) => line !== have[place])
  return `${have.length} of ${want.length} readings, number ${index + 1} is ${have[index]} instead of ${want[index]}`
}
