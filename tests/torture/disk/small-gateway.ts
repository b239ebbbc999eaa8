// What a gateway takes and keeps, on a disk that is small, without its sockets; and what fills that.
import { statfsSync } from "node:fs"
import { join } from "node:path"
import { type Clock, pause, systemClock } from "../../../src/clock"
import type { GatewayEvent } from "../../../src/gateway/events"
import { Collector } from "../../../src/gateway/intake/collector"
import { Room } from "../../../src/gateway/intake/room"
import { Ledger } from "../../../src/gateway/ledger/ledger"
import { Quarantine } from "../../../src/gateway/quarantine/quarantine"
import { RefusedMessages } from "../../../src/gateway/quarantine/refused-messages"
import { SPOOL } from "../../../src/gateway/spool/schema"
import { type Delivery, Spool } from "../../../src/gateway/spool/spool"
import { DurableDatabase } from "../../../src/storage/database"
import { REFUSED_RETRY_SECONDS } from "../../../src/storage/errors"
import { GroupCommit } from "../../../src/storage/group-commit"
import type { Day } from "../../../src/survey/calendar"

/** The cloud here refuses nothing, so that none is passed over on this run. */
export const NO_RUN = 0
const PAGE = 64 // surveys
const TRIES = 100
const AGAIN_MS = 2

const FIRST = 0x0a00_0000

/** So many devices' addresses, of which the one with each index is at this offset. */
export function addresses(count: number, at: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => FIRST + at(index))
}

/** A survey with a reading every hour, from one hour on. */
export function surveyText(readings: number, firstHour = 0): string {
  const hours = Array.from({ length: readings }, (_, index) => String(firstHour + index).padStart(2, "0"))
  return hours.map((hour) => `${hour}:00 - 20.5 - 30.25%\n`).join("")
}

/** Whether more than this part of a folder's disk is left. */
export function hasLeft(folder: string, part: number): boolean {
  const { bavail, blocks } = statfsSync(folder)
  return bavail > blocks * part
}

export class SmallGateway {
  /** What it told a person. */
  readonly said: string[] = []
  readonly spool: Spool
  readonly ledger: Ledger
  readonly #database: DurableDatabase
  readonly #commits: GroupCommit
  readonly #collector: Collector

  /** @param folder on the small disk */
  constructor(
    folder: string,
    private readonly clock: Clock,
  ) {
    const file = join(folder, "gateway.db")
    const say = (what: string) => void this.said.push(what)
    const log = { debug: say, info: say, warn: say, error: say }
    const database = DurableDatabase.open(file, SPOOL, "simulated")
    const commits = new GroupCommit(database, (error) => say(`fatal: ${error}`))
    const quarantine = new Quarantine(database, 100)
    const spool = new Spool(database, commits, quarantine, "UTC", clock)
    const ledger = new Ledger(database, commits, clock.now)
    const emit = (event: GatewayEvent) => {
      if (event.kind === "uploads-refused") say(event.error.message)
    }
    const options = { spool, ledger, commits, now: clock.now, emit }
    this.#collector = new Collector({
      ...options,
      refusals: new RefusedMessages({ quarantine, commits, clock, emit }),
      room: new Room({ ...options, database, clock, maxWaiting: 16_384, log }),
      timeZone: "UTC",
      retentionDays: 90,
    })
    this.#database = database
    this.#commits = commits
    this.spool = spool
    this.ledger = ledger
  }

  /** `soon`: it is asked to come again at once. `full`: there is no room. */
  async take(address: number, day: Day, text: string): Promise<"taken" | "soon" | "full"> {
    const outcome = await this.#collector.take({ address, day, text, peer: "" })
    if (outcome.kind === "taken") return "taken"
    return outcome.retryAfterSeconds < REFUSED_RETRY_SECONDS ? "soon" : "full"
  }

  /** How many of these are taken in the end, with the patience of a device. */
  async takeAll(addresses: readonly number[], day: Day, text: string): Promise<number> {
    let taken = 0
    let left = addresses
    for (let tries = 0; tries < TRIES && left.length > 0; tries++) {
      const outcomes = await Promise.all(left.map((address) => this.take(address, day, text)))
      taken += outcomes.filter((outcome) => outcome === "taken").length
      left = left.filter((_, index) => outcomes[index] === "soon")
      if (left.length > 0) await pause(systemClock, AGAIN_MS)
    }
    return taken
  }

  /** Everything up to this day goes to the cloud; how many surveys of how many bytes. */
  async deliver(upTo: Day): Promise<{ surveys: number; bytes: number }> {
    let [surveys, bytes] = [0, 0]
    await this.spool.settle()
    const due = (after?: Delivery) => this.spool.due(upTo, NO_RUN, PAGE, after)
    for (let page = due(); page.length > 0; page = due(page.at(-1))) {
      await this.spool.markDelivered(page)
      surveys += page.length
      bytes += page.reduce((sum, { body }) => sum + body.length, 0)
    }
    return { surveys, bytes }
  }

  /** The collection of a day, from its opening to the cloud's word that it has all. */
  async collect(day: Day): Promise<void> {
    await this.ledger.open(day, this.clock.now(), [])
    await this.ledger.close(day)
    await this.deliver(day)
    await this.ledger.confirm(day, true)
  }

  stop(): void {
    this.spool.stop()
    this.#commits.flush()
    this.#database.close()
  }
}
