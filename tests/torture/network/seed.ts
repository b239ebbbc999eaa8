// One seed: a network, what happens to it, and whether it kept its promise.
import { mkdirSync, rmSync } from "node:fs"
import { DAY_MS, HOUR_MS, MINUTE_MS, randomFor } from "./chance"
import { inspect } from "./inspection"
import { Killed, Life } from "./life"
import { Plan } from "./plan"
import { runSensor } from "./sensor"
import { buildSite, type Site, type SiteOptions } from "./site"
import { enter, turnForReal } from "./stage"
import { describe, type World } from "./world"

export interface SeedResult {
  /** What must not be, each with the simulated time. */
  readonly failures: readonly string[]
  /** Of all that happened: the same for the same seed. */
  readonly trace: string
  readonly counts: Counts
}

/** What it took. */
export interface Counts {
  readonly datagrams: number
  readonly lost: number
  readonly damaged: number
  readonly kills: number
}

const CALM_DAYS = 3 // at the end: whatever is owed has its time then
const ENOUGH_FAILURES = 20
const STEPS_A_TURN = 64

/** Plays one seed; what fails does not make it throw. */
export async function playSeed(options: SiteOptions): Promise<SeedResult> {
  mkdirSync(options.folder)
  const site = buildSite(options)
  const { world } = site.ground
  const unhandled = (error: unknown) => {
    if (!(error instanceof Killed)) world.fail(`nobody handled ${describe(error)}`)
  }
  process.on("unhandledRejection", unhandled).on("uncaughtException", unhandled)
  enter(world)
  try {
    await play(site, options.seed)
    await turnForReal()
  } finally {
    enter(undefined)
    process.off("unhandledRejection", unhandled).off("uncaughtException", unhandled)
  }
  inspect(site.ground, [...[...site.fields.values()].flat(), ...(site.sensor ? [site.sensor.ip] : [])])
  rmSync(options.folder, { recursive: true })
  const { sent, lost, damaged } = site.ground.lan.counts
  const counts = { datagrams: sent, lost, damaged, kills: world.kills }
  return { failures: world.failures, trace: world.digest, counts }
}

async function play({ ground, hosts, fields, sensor }: Site, seed: number): Promise<void> {
  const { world, lan, wan, instants } = ground
  const [first = 0, last = 0] = [instants[0], instants.at(-1)]
  for (const host of hosts) host.start()
  if (sensor) {
    const life = new Life({ name: "sensor", world, skewMs: 0, random: randomFor(seed, "sensor") })
    const failed = (error: unknown) => world.fail(`the sensor failed: ${describe(error)}`)
    life.perform(() => void runSensor(sensor.ip, life, ground, sensor.blockBytes).catch(failed))
  }
  const calmFrom = last - CALM_DAYS * DAY_MS + 12 * HOUR_MS
  const span = { from: first + HOUR_MS / 2, to: calmFrom }
  new Plan({ ground, random: randomFor(seed, "what happens"), hosts, fields, ...span }).make()
  await runUntil(world, calmFrom)

  lan.faults = { ...lan.faults, loss: 0, damaged: 0 }
  wan.faults = { ...wan.faults, refused: 0, dying: 0, damaged: 0 }
  for (const host of hosts) host.start()
  await runUntil(world, last + 6 * HOUR_MS)
  for (const host of hosts.toReversed()) {
    let isStopped = false
    host.stop(() => {
      isStopped = true
    })
    await runUntil(world, world.clock.now() + MINUTE_MS)
    if (!isStopped) world.fail(`${host.name} does not stop`)
  }
}

/** Ends early where enough has failed. */
async function runUntil({ clock, failures }: World, until: number): Promise<void> {
  clock.after(until - clock.now(), () => {})
  for (let step = 1; clock.now() < until && failures.length < ENOUGH_FAILURES; step++) {
    clock.step()
    if (step % STEPS_A_TURN === 0) await turnForReal()
  }
}
