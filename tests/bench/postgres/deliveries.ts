// A cloud's commit path on a server, in a process of its own: `bun deliveries.ts '{"url":…,"day":…,"first":…,"surveys":…}'`.
// It says "ready", begins when a line comes, and tells how many milliseconds it took.

import { systemClock } from "../../../src/clock"
import { openPostgresStore } from "../../../src/cloud/store/postgres/open"
import type { Day } from "../../../src/survey/calendar"
import { bodiesOf, SITE, type Survey, ZONE } from "./surveys"

export interface Job {
  readonly url: string
  readonly day: Day
  readonly first: number
  readonly surveys: number
}

const WINDOW = 4096 // deliveries on their way, as of a gateway

if (import.meta.main) {
  const { url, day, first, surveys }: Job = JSON.parse(process.argv[2] ?? "")
  const options = { addressing: "simulated", clock: systemClock, own: String(process.pid) } as const
  const { store, close } = await openPostgresStore({ url, password: undefined, folder: "." }, options)
  await store.describeSite(SITE, { timeZone: ZONE, devices: [], spool: "bench" })
  const all = bodiesOf(first, surveys, day)
  process.stdout.write("ready\n")
  await new Response(Bun.stdin.stream()).text()
  const startedAt = performance.now()
  const next = all[Symbol.iterator]()
  const lane = async () => {
    for (const survey of next as Iterable<Survey>)
      await store.deliver(SITE, { day, revision: 1, zone: ZONE, ...survey })
  }
  await Promise.all(Array.from({ length: WINDOW }, lane))
  process.stdout.write(`${performance.now() - startedAt}\n`)
  await close()
}
