// Takes up what was asked of the gateway while it runs, or while it did not.
import { existsSync, renameSync, rmSync } from "node:fs"
import type { Clock } from "../../clock"
import type { Log } from "../../log"
import { readRequests, type SpoolRequest, takenFile, waitingFile } from "./request"

export interface RequestsOptions {
  /** The spool's file, beside which requests are left. */
  readonly file: string
  readonly clock: Clock
  readonly log: Pick<Log, "info" | "warn" | "error">
  /** Resolves with what was done, in words; done twice, it must do no harm. */
  readonly carryOut: (request: SpoolRequest) => Promise<string>
}

const LOOK_MS = 60_000

/** Looks for requests at the start and once a minute. */
export class Requests {
  #cancelLook = () => {}
  #working: Promise<void> | undefined

  constructor(private readonly options: RequestsOptions) {}

  start(): void {
    const { clock, log } = this.options
    this.#cancelLook = clock.after(LOOK_MS, () => this.start())
    this.#working ??= this.#takeUp()
      .catch((error) => log.error(`What was asked for could not be done, it is kept: ${error}`))
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

  async #carryOut(file: string): Promise<void> {
    const { log, carryOut } = this.options
    const requests = readRequests(file)
    if (!requests) log.warn(`${file} is no request: it is deleted`)
    for (const request of requests ?? []) log.info(await carryOut(request))
    rmSync(file, { force: true })
  }
}
