// One place, one year, one kind of trouble: played from a seed, and judged by what Intl says of the calendar.
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { Chance, DAY_MS, HOUR_MS, randomFor } from "../network/chance"
import { Lan } from "../network/datagrams"
import { enter, turnForReal } from "../network/stage"
import { Wan } from "../network/streams"
import { World } from "../network/world"
import { Field } from "./field"
import { lostClock, Machine } from "./machine"
import { PLACES, type Place, spanOf } from "./places"
import { type Action, type Kind, planOf } from "./plan"
import { FORGETFUL, KEEPERS, RETENTION_DAYS, Site } from "./site"
import { Verdict } from "./verdict"
import { Witness } from "./witness"

export interface YearOptions {
  readonly place: Place
  readonly kind: Kind
  readonly seed: number
  readonly days: number
  /** Where databases may be made. */
  readonly folder: string
}

export interface YearResult {
  readonly failures: readonly string[]
  /** Surveys in the store at the end. */
  readonly surveys: number
}

const SETTLING_DAYS = 3
const CALM_DAYS = 4
const ENOUGH_FAILURES = 20
const GATEWAY = { cloud: false, gateway: true, devices: [{ first: 0, last: 0xffff_ffff }] }
const CLOUD = { cloud: true, gateway: false, devices: [] }

/** Plays one year. Failures do not make it throw. */
export async function playYear({ place, kind, seed, days, folder }: YearOptions): Promise<YearResult> {
  const own = join(folder, String(seed))
  mkdirSync(own, { recursive: true })
  const chance = new Chance(randomFor(seed, `${place.timeZone} ${kind}`))
  const startsAt = Math.floor(chance.between(...spanOf(place)))
  const runAt = chance.pick(360, 0, 15, 30, 75, 120, 135, 150, 1395, 1410)
  const endsAt = startsAt + days * DAY_MS
  const site = new Site({ timeZone: place.timeZone, runAt, kind, startsAt, endsAt, folder: own })
  const year = new Year(site, seed, startsAt, kind)
  enter(year.world)
  await year.play(chance, endsAt - CALM_DAYS * DAY_MS)
  enter(undefined)
  const surveys = year.judge()
  rmSync(own, { recursive: true })
  return { failures: year.world.failures, surveys }
}

class Year {
  readonly world: World
  readonly #field: Field
  readonly #witness: Witness
  readonly #gateway: Machine
  readonly #cloud: Machine
  readonly #begin: number
  #isOver = false

  constructor(
    private readonly site: Site,
    seed: number,
    startsAt: number,
    private readonly kind: Kind,
  ) {
    this.#begin = site.nextRun(startsAt) - HOUR_MS
    const world = new World(this.#begin)
    this.world = world
    this.#field = new Field(seed, site.calendar, world.clock.now)
    this.#witness = new Witness(world, this.#field)
    const shared = {
      world,
      lan: new Lan(world.clock, randomFor(seed, "datagrams"), { loss: 0, doubled: 0, delayMs: 20, stray: 0 }),
      wan: new Wan(world.clock, randomFor(seed, "streams"), { delayMs: 20, refused: 0, dying: 0, damaged: 0 }),
      field: this.#field,
      earliestMs: startsAt - DAY_MS,
      topology: site.topology,
      nextRun: site.nextRun,
      onSaid: this.#witness.said,
      onUploaded: this.#witness.uploaded,
      onRun: (scheduledAt: number) => this.#witness.ran(scheduledAt, site.runs),
    }
    const randomOf = (name: string) => (life: number) => randomFor(seed, `${name} ${life}`)
    this.#gateway = new Machine({ ...shared, name: "gateway", roles: GATEWAY, randomOf: randomOf("gateway") })
    this.#cloud = new Machine({ ...shared, name: "cloud", roles: CLOUD, randomOf: randomOf("cloud") })
  }

  /** Plays until some days behind `calmFrom`, from when on nothing happens any more. */
  async play(chance: Chance, calmFrom: number): Promise<void> {
    const { world } = this
    const { calendar, runAt } = this.site
    const otherZones = PLACES.map(({ timeZone }) => timeZone)
    const from = this.#begin + SETTLING_DAYS * DAY_MS
    this.#perform({ do: "cloud on" })
    this.#perform({ do: "power on" })
    for (const step of planOf({ chance, kind: this.kind, calendar, from, to: calmFrom, runAt, otherZones })) {
      world.clock.after(step.at - this.#begin, () => this.#perform(step.action))
    }
    world.clock.after(calmFrom - this.#begin, () => this.#calm(calmFrom))
    for (let steps = 0; !this.#isOver && world.failures.length < ENOUGH_FAILURES; steps++) {
      world.clock.step()
      if (steps % 64 === 0) await turnForReal()
    }
    this.#gateway.powerOff()
    this.#cloud.powerOff()
  }

  /** Complains of all that is not as it must be. Returns how many surveys the store has. */
  judge(): number {
    const { site, world } = this
    if (world.failures.length >= ENOUGH_FAILURES) return 0
    const verdict = new Verdict({
      world,
      field: this.#field,
      witness: this.#witness,
      topology: site.topology(),
      calendars: site.calendars,
      runs: site.runs.filter(({ at }) => at < world.clock.now()),
      keepers: KEEPERS,
      forgetful: site.hasForgetful ? FORGETFUL : undefined,
      isClockWrong: this.kind === "clocks",
      retentionDays: RETENTION_DAYS[this.kind],
    })
    return verdict.give()
  }

  /** Everything is well from now on; an hour behind one of the next runs it is over. */
  #calm(now: number): void {
    this.#perform({ do: "set clock", aheadMs: 0 })
    this.#perform({ do: "cloud on" })
    this.#perform({ do: "power on" })
    const last = this.site.nextRun(now + (CALM_DAYS - 2) * DAY_MS)
    this.world.clock.after(last + HOUR_MS - now, () => {
      this.#isOver = true
    })
  }

  #perform(action: Action): void {
    switch (action.do) {
      case "power off":
        this.#gateway.powerOff()
        return this.#witness.powerOff()
      case "power on":
        this.site.change(action.timeZone, action.runAt)
        this.#field.calendar = this.site.calendar
        if (action.clockLost) this.#gateway.setClock(lostClock(this.world.clock.now()))
        this.#gateway.powerOn()
        return this.#witness.powerOn()
      case "set clock":
        return this.#gateway.setClock(action.aheadMs)
      case "cloud off":
        return this.#cloud.powerOff()
      case "cloud on":
        return this.#cloud.powerOn()
    }
  }
}
