// A whole network in this process, cloud, gateway and devices, through its days; a tracer records what it writes.
import { Database } from "bun:sqlite"
import { existsSync, readFileSync } from "node:fs"
import { Network } from "../../../src/network"
import { dayOf } from "../../../src/survey/calendar"
import { seededRandom, VirtualClock } from "../../virtual-clock"
import { Links } from "./links"
import { MARKS_FILE, type Mark, Marks } from "./marks"
import { Witness } from "./witness"
import { DAYS, oldestKept, surveysOf, TURNS_A_DAY, topologyIn, turnAt } from "./workload"

const [folder = ".", seedText = "1", synchronous = "FULL"] = process.argv.slice(2)
const seed = Number(seedText)
const AFTER_TURN_MS = 180_000 // who is late comes within that, and is delivered
const RESTART_MS = 300_000
const TURNS = 20 // of the event loop between two timers: no timer may pass a commit by
const PAGE_BYTES = [1024, 1024, 4096, undefined] // by the seed; undefined: as it is

tune(synchronous)
const begun = lastTurn()
const random = seededRandom(begun ? seed + 1 : seed)
const clock = new VirtualClock(begun ? begun.now + RESTART_MS : turnAt(0).at, TURNS)
using marks = new Marks(folder)
let turn = begun?.turn ?? 0

const restartAt = Math.floor((turn + DAYS * TURNS_A_DAY) / 2)
let network = await start()
for (; turn < DAYS * TURNS_A_DAY; turn++) {
  const { at, scheduledAt } = turnAt(turn)
  await clock.advance(Math.max(0, at - clock.now()))
  if (turn === restartAt) {
    await clock.run(network.stop())
    network = await start()
  }
  marks.note({ kind: "turn", turn, now: clock.now(), oldest: oldestKept(dayOf(clock.now(), "UTC")) })
  await clock.run(network.collect({ scheduledAt, patient: true }))
  await clock.advance(AFTER_TURN_MS)
}
await clock.run(network.stop())

function start(): Promise<Network> {
  const { monotonic, after } = clock
  const wholeMs = { now: () => Math.floor(clock.now()), monotonic, after } // as a system's clock tells it
  return Network.start(topologyIn(folder), {
    clock: wholeMs,
    random,
    sockets: new Links(clock, random, new Witness(marks.note)),
    readSurvey: surveysOf(seed, () => turn),
    listener: (event) => {
      if (event.kind === "disk-failed") throw event.error
    },
  })
}

/** Where a process before this one, which was killed, had begun. */
function lastTurn() {
  const file = `${folder}/${MARKS_FILE}`
  const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : []
  const all = lines.filter((line) => line !== "").map((line): Mark => JSON.parse(line))
  return all.findLast((mark) => mark.kind === "turn")
}

/** Checkpoints come after a few pages instead of thousands; anything but FULL is the fault that must be noticed. */
function tune(level: string): void {
  const pageBytes = PAGE_BYTES[seed % PAGE_BYTES.length]
  const checkpointPages = 8 + 4 * (seed % 5)
  const run = Database.prototype.run
  Database.prototype.run = function (this: Database, sql: string, ...bindings: never[]) {
    if (pageBytes && /journal_mode\s*=\s*WAL/i.test(sql)) run.call(this, `PRAGMA page_size = ${pageBytes}`)
    const tuned = sql
      .replace(/(synchronous\s*=\s*)FULL/i, `$1${level}`)
      .replace(/(wal_autocheckpoint\s*=\s*)\d+/i, `$1${checkpointPages}`)
    return run.call(this, tuned, ...bindings)
  }
}
