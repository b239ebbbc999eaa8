// The page, as the network sees it: a thread of its own, which reads the databases beside their writers.
import { type Clock, systemClock } from "../clock"
import type { Log } from "../log"
import type { Topology } from "../topology/topology"
import { readWritten } from "./in-force"
import type { Begun, FromServer, ToServer } from "./messages"

export interface PageOptions {
  readonly topology: Pick<Topology, "file">
  /** The spool or the store, or both, as far as this process writes them. */
  readonly written?: readonly string[]
  /** What the gateway here has counted since its start. */
  readonly counts: () => Readonly<Record<string, number>> | undefined
  readonly log: Pick<Log, "error">
  readonly clock?: Pick<Clock, "after">
}

// in an executable all parts lie in one folder, but for those that were named when it was built
const PROGRAM = new URL(Bun.isStandaloneExecutable ? "./page/server.js" : "./server.ts", import.meta.url)

const AGAIN_MS = 10_000 // after it has ended by itself

export class Page {
  #worker: Worker | undefined
  #url = ""
  #cancelStart = () => {}

  private constructor(
    private readonly options: PageOptions,
    private readonly begun: Begun,
  ) {}

  /** Rejects with an Error of one clear line when the port cannot be had. */
  static async start(options: PageOptions): Promise<Page> {
    const { written = [], topology } = options
    const { file } = topology
    const page = new Page(options, { file, topology: await readWritten(file), written })
    try {
      await page.#begin()
      return page
    } catch (error) {
      page.stop()
      throw error
    }
  }

  /** Where it is. */
  get url(): string {
    return this.#url
  }

  /** A run has ended, or the topology is another one: whoever looks is shown that. */
  changed(): void {
    this.#tell({ kind: "changed" })
  }

  /** May be called twice. */
  stop(): void {
    const worker = this.#worker
    this.#worker = undefined // which tells that it was meant to end
    this.#cancelStart()
    worker?.terminate()
  }

  async #begin(): Promise<void> {
    const { counts, log } = this.options
    const worker = new Worker(PROGRAM, { smol: true })
    const started = Promise.withResolvers<string>()
    let reason = "it ended by itself"
    worker.onmessage = ({ data }: MessageEvent<FromServer>) => {
      if (data.kind === "listening") started.resolve(data.url)
      if (data.kind === "failed") started.reject(new Error(data.reason))
      if (data.kind === "counts") this.#tell({ kind: "counts", counts: counts() })
      if (data.kind === "problem") log.error(`The page: ${data.reason}`)
    }
    worker.onerror = ({ message }) => {
      reason = message
    }
    worker.addEventListener("close", () => {
      started.reject(new Error(reason))
      if (worker === this.#worker && this.#url !== "") this.#beginAgain(reason)
    })
    this.#worker = worker
    this.#tell({ kind: "start", begun: this.begun })
    this.#url = await started.promise
  }

  #beginAgain(reason: string): void {
    const { log, clock = systemClock } = this.options
    log.error(`The page has ended, in ${AGAIN_MS / 1000} s it is started again: ${reason}`)
    this.#worker = undefined
    this.#cancelStart = clock.after(AGAIN_MS, () => {
      this.#begin().catch((error) => this.#beginAgain(error.message))
    })
  }

  #tell(message: ToServer): void {
    this.#worker?.postMessage(message)
  }
}
