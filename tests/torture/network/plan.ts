// What happens to the machines and their cables while a simulation lasts: kills, outages, cuts, and surveys that change.
import type { Random } from "../../../src/clock"
import { EXCHANGE_LIFETIME_MS } from "../../../src/coap/resource"
import { dayBefore } from "../../../src/survey/calendar"
import { Chance, DAY_MS, HOUR_MS, MINUTE_MS } from "./chance"
import type { Ground, Host } from "./host"
import type { Life, Moment } from "./life"

export interface PlanOptions {
  readonly ground: Ground
  readonly random: Random
  readonly hosts: readonly Host[]
  /** Hosts with devices, and whose they are. */
  readonly fields: ReadonlyMap<Host, readonly string[]>
  /** Nothing happens before and after these, ms since the epoch: nobody owes a day from before the first run. */
  readonly from: number
  readonly to: number
}

const KILLS_APART_MS = 6 * DAY_MS // of each machine
const CUTS_APART_MS = 10 * DAY_MS // of each cable
const SERVER_CUTS_APART_MS = 3 * DAY_MS // of the way to the store's
const CHANGES_APART_MS = 4 * DAY_MS
const BUSY_MS = 20 * MINUTE_MS // around the schedule's instant, when most is under way
const SENDING_MS = 90_000 // after the schedule's instant, when most devices have sent
const NEVER_STRUCK_MS = HOUR_MS // a blow that waits for a moment is dealt then at the latest
const OUTAGE_SHARE = 0.4 // of the time that the gateway keeps what it has
const POSTPONED_MS = 5 * MINUTE_MS

export class Plan {
  readonly #chance: Chance
  /** When the last long outage ends: one at a time, so that no day grows older than the gateway keeps it. */
  #outageUntil = 0

  constructor(private readonly options: PlanOptions) {
    this.#chance = new Chance(options.random)
  }

  /** Puts everything on the world's clock. */
  make(): void {
    const { hosts, fields, from, to, ground } = this.options
    const { lan, wan, topology, engine } = ground
    for (const host of hosts) {
      const busyMs = fields.has(host) ? SENDING_MS : BUSY_MS
      for (const at of this.#chance.times(from, to, KILLS_APART_MS)) this.#planKill(host, this.#moved(at, busyMs))
    }
    const cables = [...fields.values()].flat()
    for (const cable of [...cables, topology.gateway.interfaces.devices.address.ip]) {
      this.#planCuts((until) => lan.cutUntil.set(cable, until))
    }
    this.#planCuts((until) => {
      wan.cutUntil = Math.max(wan.cutUntil, until)
    })
    for (const [host, ips] of fields) {
      for (const at of this.#chance.times(from, to, CHANGES_APART_MS)) this.#planChange(host, ips, at)
    }
    const { way } = engine
    if (way) {
      this.#planCuts((until) => {
        way.cutUntil = Math.max(way.cutUntil, until)
      }, SERVER_CUTS_APART_MS)
    }
  }

  /** Most of it where it hurts: when the devices send, or shortly before. */
  #moved(at: number, busyMs: number): number {
    const instant = this.#instantBefore(at)
    const chance = this.#chance
    if (instant === undefined || chance.is(0.1)) return at
    const moved = chance.is(0.7) ? instant + chance.between(0, busyMs) : instant - chance.between(0, BUSY_MS)
    return Math.max(moved, this.options.from)
  }

  #planKill(host: Host, at: number): void {
    const chance = this.#chance
    const moment = chance.is(0.5) ? undefined : chance.pick<Moment>("before commit", "after commit", "send")
    const count = chance.whole(1, 15)
    const silently = chance.is(0.3)
    const downMs = this.#downMs(at)
    this.#at(at, () => {
      const { life } = host
      if (!life?.isAlive) return
      const die = () => this.#kill(host, life, silently, downMs)
      if (!moment) return die()
      life.doom(moment, count, die)
      this.#at(this.#now + NEVER_STRUCK_MS, die)
    })
  }

  #kill(host: Host, life: Life, silently: boolean, downMs: number): void {
    if (!life.isAlive || this.#now >= this.options.to) return
    host.kill(silently)
    this.#at(this.#restart(host, this.#now + downMs), () => host.start())
  }

  #downMs(at: number): number {
    const chance = this.#chance
    const roll = chance.random()
    if (roll < 0.6) return chance.between(1000, MINUTE_MS)
    if (roll < 0.8) return chance.between(MINUTE_MS, 30 * MINUTE_MS)
    if (at < this.#outageUntil || roll < 0.97) return chance.between(HOUR_MS, 12 * HOUR_MS)
    const { from, to, ground } = this.options
    const longestMs = Math.min(OUTAGE_SHARE * ground.topology.gateway.retention.total("milliseconds"), (to - from) / 3)
    const downMs = longestMs * chance.random() ** 2
    this.#outageUntil = at + downMs + 3 * DAY_MS
    return downMs
  }

  /** Devices that come back with nothing to send ask every minute, until the next run: most come back shortly before. */
  #restart(host: Host, at: number): number {
    const { fields, ground } = this.options
    const instant = this.#instantBefore(at)
    const next = ground.instants.find((each) => each > at)
    const ips = fields.get(host)
    if (!ips || instant === undefined || next === undefined || this.#chance.is(0.02)) return at
    const day = dayBefore(instant, ground.topology.timeZone)
    const hasSent = ips.every((ip) => ground.fields.account(ip, day).acknowledged >= 0)
    return hasSent || at - this.#now > HOUR_MS ? Math.max(at, next - this.#chance.between(0, BUSY_MS)) : at
  }

  #planCuts(cut: (until: number) => void, apartMs = CUTS_APART_MS): void {
    const { from, to } = this.options
    const chance = this.#chance
    for (const at of chance.times(from, to, apartMs)) {
      const lastsMs = chance.is(0.9) ? chance.between(MINUTE_MS, HOUR_MS) : chance.between(HOUR_MS, 20 * HOUR_MS)
      this.#at(this.#moved(at, BUSY_MS), () => cut(Math.min(to, this.#now + lastsMs)))
    }
  }

  /** A survey gets more readings and other values, and somebody lets it be sent again; often once more soon after. */
  #planChange(host: Host, ips: readonly string[], at: number): void {
    const chance = this.#chance
    const instant = this.#instantBefore(at)
    if (instant === undefined) return
    let next = instant + chance.between(MINUTE_MS, 6 * HOUR_MS)
    do {
      this.#at(next, () => this.#change(host, ips, instant, 3))
      next += chance.between(MINUTE_MS, 10 * MINUTE_MS)
    } while (chance.is(0.5))
  }

  /** Not while an older version may be on its way: whoever comes last is the newer. */
  #change(host: Host, ips: readonly string[], instant: number, tries: number): void {
    const { fields, lan, topology } = this.options.ground
    const day = dayBefore(instant, topology.timeZone)
    const isQuiet = (ip: string) => this.#now - (lan.lastSent.get(ip) ?? 0) > EXCHANGE_LIFETIME_MS
    if (!ips.every((ip) => fields.isSettled(ip, day) || isQuiet(ip))) {
      if (tries > 0) this.#at(this.#now + POSTPONED_MS, () => this.#change(host, ips, instant, tries - 1))
      return
    }
    for (const ip of ips) fields.account(ip, day).version++
    host.collectAgain(instant)
  }

  #instantBefore(at: number): number | undefined {
    return this.options.ground.instants.findLast((instant) => instant <= at)
  }

  get #now(): number {
    return this.options.ground.world.clock.now()
  }

  #at(at: number, work: () => void): void {
    if (at < this.options.to) this.options.ground.world.clock.after(at - this.#now, work)
  }
}
