// Keeps clouds away from a store on a server: one of those that run holds the duty to watch, and says so every few seconds.
import { type Clock, pause } from "../../../clock"
import { StorageInUse } from "../../../storage/errors"
import type { Server } from "../postgres/server"
import { PostgresStore } from "../postgres/store"

const RENEW_MS = 10_000 // it lasts for thirty
const LOOK_MS = 500

export interface DutyOptions {
  /** Who holds it from now on. */
  readonly own: string
  readonly clock: Clock
  /** Is told who holds it, while it is waited for whether that one still runs. */
  readonly waits: (holder: string) => void
}

interface Held {
  readonly holder: string
  readonly until: string
}

export class Duty {
  readonly #store: PostgresStore
  #renewedAt: number

  private constructor(
    private readonly server: Server,
    private readonly options: DutyOptions,
  ) {
    this.#store = new PostgresStore(server, options.clock.now, options.own)
    this.#renewedAt = options.clock.monotonic()
  }

  /** What a cloud that has ended held passes within half a minute; one that runs renews it: rejects with StorageInUse. */
  static async take(server: Server, options: DutyOptions): Promise<Duty> {
    const duty = new Duty(server, options)
    let first: Held | undefined
    while (!(await duty.#store.watches())) {
      const held = await heldBy(server)
      if (!held) continue // it was given back just now
      if (first && held.until !== first.until) throw inUse(server, held)
      if (!first) options.waits(held.holder)
      first = held
      await pause(options.clock, LOOK_MS)
    }
    return duty
  }

  /** For as long as it is called every few seconds. Rejects with StorageInUse where another one has taken it. */
  async keep(): Promise<void> {
    const now = this.options.clock.monotonic()
    if (now - this.#renewedAt < RENEW_MS) return
    if (!(await this.#store.watches())) throw inUse(this.server, await heldBy(this.server))
    this.#renewedAt = now
  }

  /** The next one need not wait. */
  release(): Promise<void> {
    return this.#store.end()
  }
}

async function heldBy(server: Server): Promise<Held | undefined> {
  const [row] = await server.run((sql) =>
    sql.unsafe("SELECT holder, until::text AS until FROM duties WHERE duty = 'watch'"),
  )
  return row
}

const inUse = ({ shown }: Server, held: Held | undefined): StorageInUse =>
  new StorageInUse(
    `${shown} is in use by ${held?.holder ?? "another one"}: stop all clouds first, their gateways keep what comes meanwhile`,
  )
