// Takes up requests to deliver again: the days' surveys are due once more, and their collections unconfirmed.
import type { Database } from "bun:sqlite"
import { existsSync, renameSync, rmSync } from "node:fs"
import type { Clock } from "../clock"
import type { Log } from "../log"
import { countSurveys } from "./history"
import type { Ledger } from "./ledger"
import { type DayRange, readRequest, takenFile, waitingFile } from "./request"
import type { Spool } from "./spool"

export interface ResendOptions {
  /** The spool's file, beside which requests are left. */
  readonly file: string
  readonly sqlite: Database
  readonly spool: Spool
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Pick<Log, "info" | "warn" | "error">
  /** Something is due again. */
  readonly onDue: () => void
}

const LOOK_MS = 60_000

/** Looks for requests at the start and once a minute. */
export class Resend {
  #cancelLook = () => {}
  #working: Promise<void> | undefined

  constructor(private readonly options: ResendOptions) {}

  start(): void {
    const { clock, log } = this.options
    this.#cancelLook = clock.after(LOOK_MS, () => this.start())
    this.#working ??= this.#takeUp()
      .catch((error) => log.error(`A request to deliver again could not be met, it is kept: ${error}`))
      .finally(() => {
        this.#working = undefined
      })
  }

  /** Looks no more; resolves when what is under way is done. May be called twice. */
  async stop(): Promise<void> {
    this.#cancelLook()
    await this.#working
  }

  async #takeUp(): Promise<void> {
    const [taken, waiting] = [takenFile(this.options.file), waitingFile(this.options.file)]
    if (existsSync(taken)) await this.#carryOut(taken)
    if (!existsSync(waiting)) return
    // out of the way first: what is asked for from now on must not be deleted with it
    renameSync(waiting, taken)
    await this.#carryOut(taken)
  }

  async #carryOut(request: string): Promise<void> {
    const ranges = readRequest(request)
    if (!ranges) this.options.log.warn(`${request} is not a request to deliver again: it is deleted`)
    for (const range of ranges ?? []) await this.#makeDue(range)
    rmSync(request, { force: true })
  }

  async #makeDue({ from, to }: DayRange): Promise<void> {
    const { sqlite, spool, ledger, log, onDue } = this.options
    let surveys = 0
    for (const held of countSurveys(sqlite, from, to)) {
      await spool.redeliver(held.day)
      await ledger.confirm(held.day, false)
      surveys += held.surveys
    }
    log.info(`Asked to deliver ${from} to ${to} again: ${surveys} ${surveys === 1 ? "survey" : "surveys"}`)
    onDue()
  }
}
