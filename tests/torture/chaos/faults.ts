// What happens to the server and the clouds, drawn by seed: each kind once before any comes again.
import { pause, type Random, systemClock } from "../../../src/clock"
import type { CloudProcess } from "./clouds"
import type { Ground } from "./ground"

export interface Stage {
  readonly ground: Ground
  readonly clouds: readonly CloudProcess[]
  readonly random: Random
}

/** Resolves when it is over and everything has been started again. */
type Act = (stage: Stage) => Promise<void>

const OURS = "FROM pg_stat_activity WHERE application_name LIKE 'smart-meter%'"
const BACK_WITHIN_MS = 5000
const LOOK_MS = 50

const ON_CLOUDS = {
  "a cloud killed": async ({ clouds, random }) => {
    const cloud = clouds[Math.floor(random() * clouds.length)]
    await cloud?.kill()
    await lasting(random, 100, 1500)
    cloud?.start()
  },
  "both clouds killed": async ({ clouds, random }) => {
    for (const cloud of clouds) await cloud.kill()
    await lasting(random, 100, 1000)
    for (const cloud of clouds) cloud.start()
  },
} satisfies Record<string, Act>

const ON_SERVER = {
  "all sessions ended": ({ ground }) => ask(ground, `SELECT pg_terminate_backend(pid) ${OURS}`),
  "a session ended": ({ ground }) => ask(ground, `SELECT pg_terminate_backend(pid) ${OURS} ORDER BY random() LIMIT 1`),
  "a backend killed": async ({ ground: { server } }) => {
    const [row] = await server.run(`SELECT pid ${OURS} ORDER BY random() LIMIT 1`).catch(() => [])
    if (row) process.kill(Number(row.pid), "SIGKILL")
  },
  "stopped smart": async ({ ground: { server }, random }) => {
    // it waits for whoever is connected, and takes nobody new
    const stopped = server.stop("smart")
    await Promise.race([stopped, lasting(random, 300, 2000)])
    await server.stop("fast")
    await stopped
    await server.begin()
  },
  "stopped fast": ({ ground, random }) => stopped(ground, random, "fast"),
  "stopped at once": ({ ground, random }) => stopped(ground, random, "immediate"),
  "frozen for a while": ({ ground, random }) => frozen(ground, random, 200, 4000),
  "frozen for longer than the deadline": ({ ground, random }) => frozen(ground, random, 10_500, 12_000),
} satisfies Record<string, Act>

/** Where the server has a network and a disk of its own. */
const ON_GROUND = {
  "link down": async ({ ground, random }) => {
    await ground.cutLink()
    await lasting(random, 300, 4000)
    await ground.mendLink()
  },
  "packets dropped": async ({ ground, random }) => {
    await ground.dropPackets()
    await lasting(random, 300, 4000)
    await ground.passPackets()
  },
  "packets dropped for longer than the deadline": async ({ ground, random }) => {
    await ground.dropPackets()
    await lasting(random, 10_500, 12_000)
    await ground.passPackets()
  },
  "disk full": async ({ ground, random }) => {
    await ground.fillDisk()
    // a new segment of the log has no room
    for (let n = 0; n < 4; n++) await ask(ground, "CREATE TABLE IF NOT EXISTS more (n int); SELECT pg_switch_wal()")
    await lasting(random, 200, 2500)
    ground.freeDisk()
    await backOrStarted(ground)
  },
} satisfies Record<string, Act>

const ALL: Readonly<Record<string, Act>> = { ...ON_CLOUDS, ...ON_SERVER, ...ON_GROUND }

export type Kind = keyof typeof ON_CLOUDS | keyof typeof ON_SERVER | keyof typeof ON_GROUND

const SECOND_LONG_ONE: Kind = "packets dropped for longer than the deadline"

/** Without end; in the first round one alone is longer than the deadline. */
export function* kinds(isOfItsOwn: boolean, random: Random): Generator<Kind> {
  const possible = Object.keys({ ...ON_CLOUDS, ...ON_SERVER, ...(isOfItsOwn && ON_GROUND) }) as Kind[]
  for (let round = 0; ; round++) {
    const placed = possible.map((kind) => ({ kind, place: random() })).sort((a, b) => a.place - b.place)
    for (const { kind } of placed) if (round > 0 || kind !== SECOND_LONG_ONE) yield kind
  }
}

export const isOnClouds = (kind: Kind): boolean => kind in ON_CLOUDS

export const act = (kind: Kind, stage: Stage): Promise<void> => ALL[kind]?.(stage) ?? Promise.resolve()

const lasting = (random: Random, leastMs: number, mostMs: number): Promise<void> =>
  pause(systemClock, leastMs + random() * (mostMs - leastMs))

/** By its socket, which nobody cuts; it may be away at the moment. */
async function ask({ server }: Ground, sql: string): Promise<void> {
  await server.run(sql).catch(() => {})
}

async function stopped({ server }: Ground, random: Random, mode: "fast" | "immediate"): Promise<void> {
  await server.stop(mode)
  await lasting(random, 0, 1500)
  await server.begin()
}

async function frozen({ server }: Ground, random: Random, leastMs: number, mostMs: number): Promise<void> {
  const first = server.pid
  process.kill(first, "SIGSTOP") // it starts no others from here on
  const all = server.pids
  const signal = (name: NodeJS.Signals) => {
    for (const pid of all) {
      try {
        process.kill(pid, name)
      } catch {
        // it had ended, and its parent could not look
      }
    }
  }
  signal("SIGSTOP")
  await lasting(random, leastMs, mostMs)
  signal("SIGCONT")
}

/** After a crash it recovers by itself, or has ended where it had no room even for that. */
async function backOrStarted({ server }: Ground): Promise<void> {
  for (const from = performance.now(); performance.now() - from < BACK_WITHIN_MS; ) {
    if (server.hasEnded) return server.begin()
    if (await server.answers()) return
    await pause(systemClock, LOOK_MS)
  }
  if (server.hasEnded) await server.begin()
}
