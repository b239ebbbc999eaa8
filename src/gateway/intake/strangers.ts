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

/** A stranger as it is kept; times are ms since the epoch. */
export interface KnownStranger extends Stranger {
  readonly tries: number
  readonly firstAt: number
  readonly lastAt: number
}

const MAX_STRANGERS = 1000
const MAX_OF_ONE_SENDER = 20 // devices that it spoke for: one that names many must not hide the others
const WRITE_EVERY_MS = 1000

export interface StrangersOptions {
  readonly database: DurableDatabase
  readonly commits: GroupCommit
  readonly clock: Clock
  readonly emit: (event: GatewayEvent) => void
}

export class Strangers {
  readonly #named = new Bounded()
  #pending = new Map<string, KnownStranger>()
  #pendingBounds = new Bounded()
  #cancelWrite: (() => void) | undefined

  constructor(private readonly options: StrangersOptions) {}

  /** Counts a refusal; it is written with all others of the same second. */
  readonly note = (stranger: Stranger): void => {
    const { clock, emit } = this.options
    const key = `${stranger.sender} ${stranger.address}`
    if (this.#named.admit(key, stranger.sender) === "new") emit({ kind: "stranger", ...stranger })
    if (this.#pendingBounds.admit(key, stranger.sender) === "full") return
    const known = this.#pending.get(key)
    const now = clock.now()
    this.#pending.set(key, { ...stranger, tries: (known?.tries ?? 0) + 1, firstAt: known?.firstAt ?? now, lastAt: now })
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
    this.#pendingBounds = new Bounded()
    this.options.commits
      .add(() => this.#store(pending.values()))
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
    sqlite
      .query(
        `DELETE FROM strangers WHERE (sender, address) IN
           (SELECT sender, address FROM
              (SELECT *, row_number() OVER (PARTITION BY sender ORDER BY tries DESC, last_at DESC) AS place FROM strangers)
            WHERE place > ?1)`,
      )
      .run(MAX_OF_ONE_SENDER)
    // a flood of forged addresses tries once each: it must not drive out a sensor that comes again and again
    sqlite
      .query(
        `DELETE FROM strangers WHERE (sender, address) IN
           (SELECT sender, address FROM strangers ORDER BY tries DESC, last_at DESC LIMIT -1 OFFSET ?1)`,
      )
      .run(MAX_STRANGERS)
  }
}

/** Names that are remembered: so many of one sender, and so many in all. */
class Bounded {
  readonly #names = new Set<string>()
  readonly #ofSender = new Map<string, number>()

  admit(name: string, sender: string): "known" | "new" | "full" {
    if (this.#names.has(name)) return "known"
    const own = this.#ofSender.get(sender) ?? 0
    if (own >= MAX_OF_ONE_SENDER || this.#names.size >= MAX_STRANGERS) return "full"
    this.#names.add(name)
    this.#ofSender.set(sender, own + 1)
    return "new"
  }
}

/** Everybody who is kept, the latest first. */
export function readStrangers(sqlite: Database): KnownStranger[] {
  return sqlite
    .query<KnownStranger, []>(
      `SELECT sender, address, reason, tries, first_at AS firstAt, last_at AS lastAt FROM strangers
       ORDER BY last_at DESC, sender, address`,
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
