// Delivers what nobody waits for: surveys that come when their collection is closed, and what a restart finds undelivered.
import { type Clock, pause } from "../../clock"
import type { Log } from "../../log"
import { StorageRefused } from "../../storage/errors"
import type { GatewayEvent } from "../events"
import type { Ledger } from "../ledger/ledger"
import type { Spool } from "../spool/spool"
import type { Forwarder } from "./forwarder"

export interface BetweenRunsOptions {
  readonly spool: Pick<Spool, "isDue" | "untold">
  readonly ledger: Ledger
  readonly forwarder: Pick<Forwarder, "forward">
  readonly clock: Clock
  readonly log: Pick<Log, "error">
  readonly emit: (event: GatewayEvent) => void
  /** Aborts when the gateway stops. */
  readonly signal: AbortSignal
}

const PAUSE_MS = 1000 // they often come several at a time: one connection serves them all

export class BetweenRuns {
  #running: Promise<void> | undefined

  constructor(private readonly options: BetweenRunsOptions) {}

  /** Resolves when what has begun is over. */
  get finished(): Promise<void> | undefined {
    return this.#running
  }

  /** Something is due: delivers it soon. */
  begin(): void {
    this.#running ??= this.#forwardAfterPause().finally(() => {
      this.#running = undefined
      // something may have come for a day that had been looked through already
      if (!this.options.signal.aborted && this.#isStillDue()) this.begin()
    })
  }

  /** The same if anything is due, or a day is closed that the cloud has not confirmed. */
  resume(): void {
    if (this.#isDue || this.options.ledger.all().some(({ closed, confirmed }) => closed && !confirmed)) this.begin()
  }

  get #isDue(): boolean {
    const { spool, ledger } = this.options
    const { lastClosedDay, lastRun } = ledger
    if (spool.untold().length > 0) return true
    if (lastClosedDay === undefined) return false
    return spool.isDue(lastClosedDay, lastRun?.scheduledAt ?? 0)
  }

  #isStillDue(): boolean {
    try {
      return this.#isDue
    } catch (error) {
      this.options.log.error(`What is due could not be read: ${error}`)
      return error instanceof StorageRefused
    }
  }

  async #forwardAfterPause(): Promise<void> {
    const { clock, forwarder, emit, log, signal } = this.options
    await pause(clock, PAUSE_MS, signal)
    try {
      emit({ kind: "delivered-between-runs", ...(await forwarder.forward(undefined, signal)) })
    } catch (error) {
      if (!signal.aborted) log.error(`The delivery failed: ${error}`)
    }
  }
}
