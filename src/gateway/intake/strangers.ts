// Who was refused, kept in the spool so that `status` can name them; a flood of them costs one small commit a second.
import type { Database } from "bun:sqlite"
import type { Clock } from "../../clock"
import type { DurableDatabase } from "../../storage/database"
import { StorageRefused } from "../../storage/errors"
import type { GroupCommit } from "../../storage/group-commit"
import { broadcastAddress, contains, formatAddress, networkAddress, parseAddress } from "../../topology/address"
import type { Addressing } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import type { GatewayEvent, Stranger } from "../events"
import { Named, putLatest } from "./named"

/** A stranger as it is kept; times are ms since the epoch. */
export interface KnownStranger extends Stranger {
  readonly tries: number
  readonly firstAt: number
  readonly lastAt: number
}

const MAX_STRANGERS = 1000
const MAX_OF_ONE_SENDER = 20 // devices that it spoke for: one that names many gives up its own oldest
const WRITE_EVERY_MS = 1000

const PLACED =
  "SELECT *, row_number() OVER (PARTITION BY sender ORDER BY last_at DESC, address) AS place FROM strangers"

export interface StrangersOptions {
  readonly database: DurableDatabase
  readonly commits: GroupCommit
  readonly clock: Clock
  readonly emit: (event: GatewayEvent) => void
}

export class Strangers {
  readonly #named: Named
  /** By sender and by device, those that were heard last behind the others. */
  #pending = new Map<string, Map<string, KnownStranger>>()
  #cancelWrite: (() => void) | undefined

  constructor(private readonly options: StrangersOptions) {
    this.#named = new Named(options.clock, options.emit)
  }

  /** Counts a refusal; it is written with all others of the same second. */
  readonly note = (stranger: Stranger): void => {
    const { clock } = this.options
    const { sender, address } = stranger
    this.#named.note(stranger)
    const own = this.#pending.get(sender) ?? new Map<string, KnownStranger>()
    const now = clock.now()
    const { tries = 0, firstAt = now } = own.get(address) ?? {}
    putLatest(own, address, { ...stranger, tries: tries + 1, firstAt, lastAt: now }, MAX_OF_ONE_SENDER)
    putLatest(this.#pending, sender, own, MAX_STRANGERS)
    this.#cancelWrite ??= clock.after(WRITE_EVERY_MS, () => this.#write())
  }

  /** Forgets whom nobody heard of since then (ms since the epoch); within the caller's transaction. */
  prune(before: number): void {
    this.options.database.sqlite.query("DELETE FROM strangers WHERE last_at < ?1").run(before)
  }

  /** Hands what waits to the next commit. */
  stop(): void {
    if (this.#cancelWrite) this.#write()
  }

  #write(): void {
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    const pending = this.#pending
    this.#pending = new Map()
    this.options.commits
      .add(() => this.#store([...pending.values()].flatMap((own) => [...own.values()])))
      .catch((error) => {
        if (error instanceof StorageRefused) this.options.emit({ kind: "uploads-refused", error })
      })
  }

  #store(strangers: Iterable<KnownStranger>): void {
    const { sqlite } = this.options.database
    const put = sqlite.query(
      `INSERT INTO strangers VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET
         reason = excluded.reason, tries = tries + excluded.tries, last_at = excluded.last_at`,
    )
    for (const { sender, address, reason, tries, firstAt, lastAt } of strangers) {
      put.run(sender, address, reason, tries, firstAt, lastAt)
    }
    // each sender's latest before any other's second. Half are those who came last, so that a new one has room, half those
    // who tried most: a flood of forged addresses, each new, must not drive out a sensor that comes again and again
    sqlite
      .query(
        `DELETE FROM strangers WHERE (sender, address) IN (
           SELECT sender, address FROM (
             SELECT sender, address, place,
               row_number() OVER (ORDER BY place, last_at DESC) AS latest,
               row_number() OVER (ORDER BY place, tries DESC, last_at DESC) AS steadiest
             FROM (${PLACED}))
           WHERE place > ?1 OR (latest > ?2 AND steadiest > ?2))`,
      )
      .run(MAX_OF_ONE_SENDER, MAX_STRANGERS / 2)
  }
}

/** Everybody who is kept: of each sender the latest, the latest of these first, then of each its second. */
export function readStrangers(sqlite: Database): KnownStranger[] {
  return sqlite
    .query<KnownStranger, []>(
      `SELECT sender, address, reason, tries, first_at AS firstAt, last_at AS lastAt FROM (${PLACED})
       ORDER BY place, last_at DESC, sender, address`,
    )
    .all()
}

/** The line that takes a stranger in; undefined where no device can be: outside the network, or declared already. */
export function lineFor(
  { sender, address }: Stranger,
  { devices, gateway }: Pick<Topology, "devices" | "gateway">,
  addressing: Addressing,
): string | undefined {
  const network = gateway.interfaces.devices.address
  const simulated = addressing === "simulated"
  const own = parseAddress(simulated && sender === "127.0.0.1" ? address : sender) ?? 0
  const declared = simulated && own >>> 24 === 127 ? (network.address >>> 24) * 2 ** 24 + (own % 2 ** 24) : own
  const taken = [network.address, networkAddress(network), broadcastAddress(network)]
  if (!contains(network, declared) || taken.includes(declared) || devices.has(declared)) return undefined
  return `- { ip: ${formatAddress(declared)} }`
}
