// Ten sites, two clouds, one server and what happens to them; at the end, when all is calm, everything is looked at. In a
// process of its own, which may be in a network of its own: `bun play.ts '{"seed":1,"faults":13}'` tells its progress on
// stderr and its end in a line of JSON.
import { SQL } from "bun"
import { pause, systemClock } from "../../../src/clock"
import { stateOf } from "../../../src/cloud/store/postgres/errors"
import { seededRandom } from "../../virtual-clock"
import { Balancer } from "./balancer"
import { CloudProcess, writeTopology } from "./clouds"
import { act, isOnClouds, type Kind, kinds, type Stage } from "./faults"
import { Ground, type Surroundings } from "./ground"
import { type Listed, Listings } from "./listings"
import { Pulse } from "./pulse"
import { Site } from "./site"
import { inspectAll, inspectDay, isLoss, unagreed } from "./verdict"

export interface Job {
  readonly seed: number
  /** How many, or which. */
  readonly faults: number | readonly Kind[]
  readonly surroundings?: Surroundings
  /** A module that is loaded into the clouds before the programme. */
  readonly plant?: string
  /** Of the server. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Played {
  readonly failures: readonly string[]
  readonly surveys: number
  readonly days: number
  readonly figures: Readonly<Record<string, string>>
}

type Say = (line: string) => void

const SITES = 10
const CALM_MS = 500
const FINISH_WITHIN_MS = 60_000
const LISTED_WITHIN_MS = 90_000 // a cloud lists for another one after a minute
const LOOK_MS = 1000
const IN_A_PAIR = 0.25 // faults during which a cloud is killed too
const AT_ONCE = 0.2 // faults behind which the next one does not wait for deliveries
const FAILURES_KEPT = 50
const IS_OURS = /^42/ // SQLSTATE: what was asked is wrong, and would be again

export async function play({ seed, faults, surroundings, plant, settings = {} }: Job, say: Say): Promise<Played> {
  const random = seededRandom(seed)
  const failures: string[] = []
  const onFailure = (failure: string) => {
    say(`✖ ${failure}`)
    if (failures.length < FAILURES_KEPT) failures.push(failure)
  }
  await using ground = await Ground.make(surroundings, settings)
  const names = Array.from({ length: SITES }, (_, n) => `site${n + 1}`)
  const listings = new Listings()
  const clouds = addresses().map((address) => {
    const topology = writeTopology(ground.folder, { address, store: ground.url, sites: names })
    return new CloudProcess({ address, topology, fault: plant, onListed: listings.note, onFailure })
  })
  const allReady = () => Promise.all(clouds.map((cloud) => cloud.ready()))
  for (const cloud of clouds) cloud.start()
  await allReady()
  await using balancer = Balancer.open(clouds.map(({ peer }) => peer))
  const sites = names.map((site, n) => {
    const own = { site, number: n + 1, cloud: balancer.peer, random: seededRandom(seed + n + 1), onFailure }
    return new Site({ ...own, inspect: (self, day) => patiently(ground, (sql) => inspectDay(sql, self, day)) })
  })
  const pulse = new Pulse(sites)
  const finish = new AbortController()
  const running = Promise.all(sites.map((site) => site.run(finish.signal)))
  try {
    await pulse.goesOn()
    const isShown = () => plant !== undefined && failures.some(isLoss)
    await happen({ ground, clouds, random }, faults, pulse, say, isShown)
    finish.abort()
    const insist = setTimeout(() => sites.map((site) => site.end()), FINISH_WITHIN_MS)
    await running.finally(() => clearTimeout(insist))
    await allReady()
    for (const site of sites) await closeAgain(site, await patiently(ground, (sql) => unagreed(sql, site)))
    for (const failure of await patiently(ground, (sql) => inspectAll(sql, sites))) onFailure(failure)
  } catch (error) {
    onFailure(String(error))
    running.catch(() => {}) // they are ended
    for (const site of sites) site.end()
  }
  // what is lost is never listed either
  const listed = await allListed(() => listings.judge(sites, pulse.troubles), failures.length === 0)
  for (const failure of listed.failures) onFailure(failure)
  for (const cloud of clouds) await cloud.stop()
  const total = (key: keyof Site["counts"]) => sites.reduce((sum, { counts }) => sum + counts[key], 0)
  return {
    failures,
    surveys: total("surveys"),
    days: sites.reduce((sum, { book }) => sum + book.size, 0),
    figures: {
      "days closed": String(total("closings")),
      dropped: String(total("drops")),
      "delivered again": String(total("differed")),
      "listed in calm": String(listed.calm),
      "listed again by a fault": String(listed.again),
      "behind a fault all sites go on within": describe(pulse.waitedMs),
    },
  }
}

async function happen(
  stage: Stage,
  faults: Job["faults"],
  pulse: Pulse,
  say: Say,
  isOver: () => boolean,
): Promise<void> {
  const { ground, random } = stage
  const isDrawn = typeof faults === "number"
  const all = isDrawn ? kinds(ground.isOfItsOwn, random).take(faults) : faults.values()
  let count = 0
  for (const kind of all) {
    if (isOver()) break
    await pause(systemClock, CALM_MS * (0.2 + random()))
    pulse.trouble()
    const isPair = isDrawn && !isOnClouds(kind) && random() < IN_A_PAIR
    say(`${++count}: ${kind}${isPair ? ", and a cloud killed" : ""}`)
    await Promise.all([act(kind, stage), isPair && act("a cloud killed", stage)])
    if (random() >= AT_ONCE) await pulse.goesOn()
  }
  await pulse.goesOn()
}

/** Days on which something that came late has undone what was agreed: the next run of a gateway closes them again. */
async function closeAgain(site: Site, days: readonly string[]): Promise<void> {
  for (const day of days) {
    const found = [...site.book.values()].find((each) => each.day === day)
    if (found) await site.close(found)
  }
  await site.release()
}

async function allListed(look: () => Listed, isWaitedFor: boolean): Promise<Listed> {
  for (const from = performance.now(); ; ) {
    const listed = look()
    if (listed.failures.length === 0 || !isWaitedFor || performance.now() - from > LISTED_WITHIN_MS) return listed
    await pause(systemClock, LOOK_MS)
  }
}

/** On the server's socket, once more where it goes away meanwhile. */
async function patiently<T>({ server }: Ground, work: (sql: SQL) => Promise<T>): Promise<T> {
  for (;;) {
    const sql = new SQL({ url: server.url(), max: 1 })
    try {
      return await work(sql)
    } catch (error) {
      if (!(error instanceof SQL.SQLError) || IS_OURS.test(stateOf(error))) throw error
      await pause(systemClock, LOOK_MS)
    } finally {
      await sql.close({ timeout: 0 })
    }
  }
}

/** Of this process alone: others on this machine may do the same at the same time. */
const addresses = (): string[] => [1, 2].map((n) => `127.${100 + (process.pid & 63)}.${(process.pid >> 6) & 255}.${n}`)

function describe(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((a, b) => a - b)
  const [median = 0, longest = 0] = [sorted[sorted.length >> 1], sorted.at(-1)]
  return `${(median / 1000).toFixed(1)} s (median), ${(longest / 1000).toFixed(1)} s (longest)`
}

if (import.meta.main) {
  const job: Job = JSON.parse(process.argv[2] ?? "")
  const startedAt = performance.now()
  const say = (line: string) => {
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s  ${line}\n`)
  }
  process.stdout.write(`${JSON.stringify(await play(job, say))}\n`)
  process.exit(0)
}
