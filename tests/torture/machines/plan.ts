// What happens within a course, drawn from its seed: when, and which of the troubles.
import { type Chance, DAY_MS, HOUR_MS, MINUTE_MS } from "../network/chance"
import { misbehave } from "./badly"
import { addStrangers } from "./company"
import type { Installation } from "./installation"
import { loosenRules } from "./older"
import { dropSomething, redeclare, removeDevice, rename } from "./people"
import { emptySpool, emptyStore, oldSpool, oldStore, powerCut, swapSpools } from "./replacements"

/** Something that happens at a moment; what follows from it is put on the world's clock. */
export type Trouble = (installation: Installation, chance: Chance) => void

const TROUBLES: readonly (readonly [weight: number, trouble: Trouble])[] = [
  [3, emptySpool],
  [4, oldSpool],
  [4, swapSpools],
  [2, emptyStore],
  [3, oldStore],
  [2, rename],
  [4, setClock],
  [2, removeDevice],
  [1, redeclare],
  [3, dropSomething],
  [3, misbehave],
  [2, powerCut],
  [3, correct],
  [1, loosenRules],
]
const APART_MS = 12 * HOUR_MS
const COPIES_APART_MS = 14 * HOUR_MS
const STRANGERS_APART_MS = 18 * HOUR_MS
const LONGEST_AHEAD_MS = 2 * DAY_MS
const RUN_AFTER_MS = HOUR_MS // behind the beginning of a course's day

export class Plan {
  constructor(
    private readonly installation: Installation,
    private readonly chance: Chance,
    private readonly days: number,
  ) {}

  /** Puts everything on the world's clock. */
  make(): void {
    const { installation, chance } = this
    const from = installation.now + 2 * HOUR_MS
    const to = installation.now + this.days * DAY_MS
    this.#letSensorsSend(to)
    for (const at of chance.times(from, to, COPIES_APART_MS)) {
      const kind = chance.pick("spool", "store", "spool")
      installation.at(at, () => void installation.files.copy(kind))
    }
    for (const at of chance.times(from, to, APART_MS)) {
      const trouble = this.#draw()
      installation.at(chance.is(0.3) ? this.#nearRun(at) : at, () => trouble(installation, chance))
    }
    for (const at of chance.times(from, to, STRANGERS_APART_MS)) addStrangers(installation, chance, at)
  }

  #draw(): Trouble {
    const total = TROUBLES.reduce((sum, [weight]) => sum + weight, 0)
    let left = this.chance.between(0, total)
    for (const [weight, trouble] of TROUBLES) {
      left -= weight
      if (left < 0) return trouble
    }
    return correct
  }

  /** Within the minutes in which most is under way, of the same day or of the next. */
  #nearRun(at: number): number {
    const { startsAt } = this.installation.options
    const day = Math.ceil((at - startsAt - RUN_AFTER_MS) / DAY_MS)
    return startsAt + day * DAY_MS + RUN_AFTER_MS + this.chance.between(-MINUTE_MS, 10 * MINUTE_MS)
  }

  /** In the evening what there is until then, and in the night the rest, or all of it; now and then in plain text. */
  #letSensorsSend(to: number): void {
    const { installation, chance } = this
    const { devices, startsAt } = installation.options
    for (const { ip } of devices.filter(({ source }) => source === "sensor")) {
      for (let midnight = startsAt - 5 * HOUR_MS + DAY_MS; midnight < to; midnight += DAY_MS) {
        const evening = midnight - chance.between(0.5, 6) * HOUR_MS
        const night = midnight + chance.between(0.5, 5.8) * HOUR_MS
        if (chance.is(0.6))
          installation.at(evening, () => installation.sensors.send(ip, installation.measured.daysAgo(0)))
        const from = chance.is(0.5) ? "16:00" : undefined
        const isPlain = chance.is(0.15)
        installation.at(night, () => {
          if (isPlain) installation.sensors.sayPlainly(ip)
          else installation.sensors.send(ip, installation.measured.yesterday, from)
        })
      }
    }
  }
}

/** A clock is wrong for a while. */
function setClock(installation: Installation, chance: Chance): void {
  const { gateway, cloud, field } = installation
  const machine = chance.pick(gateway, gateway, cloud, field)
  const aheadMs = chance.pick(-1, 1) * chance.between(HOUR_MS, LONGEST_AHEAD_MS)
  machine.setClock(aheadMs)
  installation.tell(`${machine.name}: the clock is ${(aheadMs / HOUR_MS).toFixed(1)} hours ahead`)
  installation.at(installation.now + chance.between(1, 50) * HOUR_MS, () => {
    machine.setClock(0)
    installation.tell(`${machine.name}: the clock is right`)
  })
}

/** A survey of one of the last days gets other values and one time more, and comes once more. */
function correct(installation: Installation, chance: Chance): void {
  const { devices } = installation.options
  const { ip, source } = chance.pick(...(devices as [(typeof devices)[number]]))
  const day = installation.measured.daysAgo(chance.whole(1, 3))
  installation.measured.correct(ip, day)
  if (source === "sensor") installation.sensors.send(ip, day)
  else installation.field.collectAgain(Date.parse(day) + DAY_MS + 8 * HOUR_MS)
}
