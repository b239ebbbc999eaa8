// One course: an installation, what happens to it, calm days behind that, and whether every reading is where it must be.
import type { Engine } from "../engine"
import { DAY_MS, HOUR_MS } from "../network/chance"
import { Killed } from "../network/life"
import { enter, turnForReal } from "../network/stage"
import { describe } from "../network/world"
import { type Declared, instantsFrom } from "./declaration"
import { place } from "./front"
import { inspect } from "./inspection"
import { Installation } from "./installation"
import { carryOut } from "./people"

/** Where courses are played, and for whom. */
export interface Ground {
  readonly folder: string
  /** Where the store is kept; in a file of the folder without it. */
  readonly engine?: Engine | undefined
  /** Gets what happens, a line at a time. */
  readonly tell?: ((line: string) => void) | undefined
}

export interface CourseOptions extends Ground {
  readonly seed: number
  readonly devices: readonly Declared[]
  readonly retentionDays: number
  /** Of a device's day; a few, by chance, without it. */
  readonly readings?: number | undefined
  /** The day of the year on which it begins. */
  readonly firstDay: number
  /** In which something happens. */
  readonly days: number
  /** Puts what happens on the world's clock. */
  readonly plan: (installation: Installation) => void
}

export interface CourseResult {
  /** What must not be, each with the simulated time. */
  readonly failures: readonly string[]
  /** Of all that happened: the same for the same seed. */
  readonly trace: string
  readonly counts: Counts
}

export interface Counts {
  /** Readings that were looked for at the end. */
  readonly readings: number
  /** Acknowledged, and in no database any more by the course's own doing. */
  readonly excused: number
  readonly replaced: number
  readonly strangers: number
  readonly ticks: number
}

const FIRST_DAY = Date.UTC(2026, 0, 1)
const BEFORE_FIRST_RUN_MS = HOUR_MS
const LOOK_AFTER_MS = 7 * HOUR_MS
const CALM_DAYS = 4
const ENOUGH_FAILURES = 20
const STEPS_A_TURN = 256

/** Plays one course; what fails does not make it throw. */
export async function playCourse(options: CourseOptions): Promise<CourseResult> {
  const { firstDay, days, plan } = options
  const instants = instantsFrom(FIRST_DAY + firstDay * DAY_MS, days + CALM_DAYS + 10)
  const [first = 0] = instants
  const startsAt = first - BEFORE_FIRST_RUN_MS
  const installation = new Installation({ ...options, startsAt, instants })
  const { world, powers, watcher } = installation
  const unhandled = (error: unknown) => {
    if (!(error instanceof Killed)) world.fail(`nobody handled ${describe(error)}`)
  }
  process.on("unhandledRejection", unhandled).on("uncaughtException", unhandled)
  enter(world)
  place(installation.front)
  try {
    for (const machine of machinesOf(installation)) machine.powerOn()
    for (let day = 0; day < days + CALM_DAYS; day++) {
      world.clock.after(day * DAY_MS + LOOK_AFTER_MS, () => void watcher.look())
    }
    plan(installation)
    await playUntil(installation, startsAt + days * DAY_MS)
    while (powers.busyUntil > installation.now) await playUntil(installation, powers.busyUntil)
    calm(installation)
    // whatever has kept it until now, it ends at the hour at which it began, when no run is going on
    const played = Math.ceil((installation.now - startsAt) / DAY_MS)
    await playUntil(installation, startsAt + (played + CALM_DAYS) * DAY_MS)
    for (const machine of machinesOf(installation)) machine.powerOff()
    await turnForReal()
  } finally {
    enter(undefined)
    place(undefined)
    process.off("unhandledRejection", unhandled).off("uncaughtException", unhandled)
  }
  const readings = world.failures.length < ENOUGH_FAILURES ? inspect(installation) : 0
  const { oracle, databases, disturbed } = installation
  const counts = {
    readings,
    excused: oracle.excused,
    replaced: databases.replacements,
    strangers: disturbed,
    ticks: watcher.ticks,
  }
  return { failures: world.failures, trace: world.digest, counts }
}

const machinesOf = ({ cloud, gateway, field }: Installation) => [cloud, gateway, field]

/** Everything is right from now on, and a person lets the cloud look again at what it refused. */
function calm(installation: Installation): void {
  const { gateway, cloud, powers, names, front, databases } = installation
  installation.isCalm = true
  for (const machine of machinesOf(installation)) machine.setClock(0)
  front.answers = () => undefined
  names.cloud = names.gateway
  databases.replace("calm: what is laid aside stays there", () => databases.aside.clear())
  powers.whileOff(cloud, { work() {} })
  powers.whileOff(gateway, {
    work: () => carryOut(installation, { ask: "quarantine-retry", kind: "delivery" }),
  })
}

async function playUntil({ world }: Installation, until: number): Promise<void> {
  const { clock, failures } = world
  clock.after(until - clock.now(), () => {})
  for (let step = 1; clock.now() < until && failures.length < ENOUGH_FAILURES; step++) {
    clock.step()
    if (step % STEPS_A_TURN === 0) await turnForReal()
  }
}
