// One full cycle around a kill: devices upload, the gateway forwards, the cloud stores and lists; whoever is killed
// is started again; and when all have come to their end, everything is looked at.
import { readGatewayStatus } from "../../../src/gateway/report/status"
import { systemSockets } from "../../../src/net/sockets"
import { Network, type Roles } from "../../../src/network"
import { seededRandom } from "../../virtual-clock"
import { Book } from "./book"
import { CHANGING, EARLIER, LARGE, LATE, SMALL, TODAY } from "./ground"
import type { Role } from "./kill"
import type { Ended } from "./programme"
import { makeReadings, type Reading } from "./readings"
import { type CycleOptions, expectComplete, type Scene, surroundings } from "./scene"
import { Sensors } from "./sensors"
import { Tap } from "./tap"
import { judge } from "./verdict"
import { Watched } from "./watched"

export interface CycleResult {
  readonly killed: boolean
  /** What broke the promise. */
  readonly failures: readonly string[]
  /** Of the process that was to be killed, until it ended. */
  readonly elapsedMs: number
  /** Acknowledgements that were given until the end: by the cloud where that is killed, by the gateway otherwise. */
  readonly acknowledgements: number
  /** From the start of whoever took over after the kill until its first acknowledgement. */
  readonly recoveredMs: number | undefined
}

const NOBODY: Roles = { cloud: false, gateway: false, devices: [] }
const HOUR = 60 // minutes
const MOST_RUNS = 3

const CYCLES: Record<Role, (scene: Scene, watched: Watched) => Promise<void>> = { gateway, cloud, device }

/** Never throws for what it finds. */
export async function runCycle(options: CycleOptions): Promise<CycleResult> {
  const book = new Book()
  const tap = new Tap()
  const topology = await options.ground.prepare(options.start, options.grace ?? "10m", book)
  const random = seededRandom(options.seed)
  const scene: Scene = { ...options, topology, book, random, tap, listed: [], failures: [] }
  const watched = new Watched(scene)
  try {
    await CYCLES[options.role](scene, watched)
    await judge(scene)
  } catch (error) {
    scene.failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    watched.release()
  }
  const { killed, elapsedMs, recoveredMs } = watched
  const { count } = options.role === "cloud" ? tap : book
  return { killed, failures: [...scene.failures, ...tap.problems], elapsedMs, acknowledgements: count, recoveredMs }
}

async function gateway(scene: Scene, watched: Watched): Promise<void> {
  await using _cloud = await Network.start(scene.topology, {
    ...surroundings(scene),
    roles: { ...NOBODY, cloud: true },
    sockets: scene.tap.listening(systemSockets),
  })
  const sensors = await Sensors.begin(scene)
  try {
    await Promise.race([watched.run("gateway", "--once"), sensors.failed])
  } finally {
    sensors.close()
  }
  // what came behind the collection goes with the next run
  const undelivered = () => readGatewayStatus(scene.topology, Date.now()).undelivered.surveys
  for (let run = 0; run < MOST_RUNS && undelivered() > 0; run++) await watched.run("gateway", "--once")
}

async function cloud(scene: Scene, watched: Watched): Promise<void> {
  await using gateway = await Network.start(scene.topology, {
    ...surroundings(scene),
    roles: { ...NOBODY, gateway: true },
    sockets: scene.tap.connecting(systemSockets),
  })
  const collect = () => gateway.collect({ patient: true })
  const compare = async () => expectComplete(scene, await collect())
  const first = watched.start("cloud")
  const sensors = await Sensors.begin(scene)
  try {
    const day = Promise.all([collect(), sensors.finished]).then(compare)
    await Promise.race([day.then(() => first.signal("SIGTERM")), first.ended])
    const ended = await first.ended
    scene.listed.push(...linesOf(ended))
    if (!ended.killed) return watched.finish(ended)
    const second = watched.start("cloud")
    await Promise.race([day.then(compare).then(() => second.signal("SIGTERM")), second.ended])
    watched.finish(await second.ended)
    scene.listed.push(...linesOf(await second.ended))
  } finally {
    sensors.close()
  }
}

async function device(scene: Scene, watched: Watched): Promise<void> {
  const { topology, ground, book, random, tap } = scene
  await using network = await Network.start(topology, {
    ...surroundings(scene),
    roles: { ...NOBODY, cloud: true, gateway: true },
    sockets: tap.listening(systemSockets),
  })
  const write = (ip: string, readings: readonly Reading[], day = TODAY) => {
    ground.writeSurvey(day, ip, readings)
    return book.send(ip, day, readings)
  }
  const sent = [SMALL, LATE, CHANGING].map((ip) => write(ip, makeReadings(random, 3 * HOUR)))
  sent.push(write(LARGE, makeReadings(random, HOUR / 6)))
  // of this day it was missing, and owes it
  if (scene.start === "kept") sent.push(write(LATE, makeReadings(random, 2 * HOUR), EARLIER))
  const collecting = network.collect({ patient: true })
  const words = ["device", `${SMALL}-${CHANGING}`, "--once"]
  const first = await watched.start(...words).ended
  // the file has grown while nobody was looking
  if (first.killed) sent.push(write(CHANGING, makeReadings(random, HOUR)))
  watched.finish(first.killed ? await watched.start(...words).ended : first)
  for (const each of sent) book.acknowledge(each)
  await collecting
  expectComplete(scene, await network.collect({ patient: true }))
}

const linesOf = ({ stdout }: Ended): string[] => stdout.split("\n").filter((line) => line !== "")
