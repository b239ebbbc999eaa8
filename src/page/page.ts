// The page, as the network sees it: a thread of its own, which reads the databases beside their writers.
import type { Log } from "../log"
import type { Topology } from "../topology/topology"
import type { FromServer, ToServer } from "./messages"

export interface PageOptions {
  readonly topology: Pick<Topology, "file">
  /** What the gateway here has counted since its start. */
  readonly counts: () => Readonly<Record<string, number>> | undefined
  readonly log: Pick<Log, "warn" | "error">
}

// in an executable all parts lie in one folder, but for those that were named when it was built
const PROGRAM = new URL(Bun.isStandaloneExecutable ? "./page/server.js" : "./server.ts", import.meta.url)

export class Page {
  private constructor(
    private readonly worker: Worker,
    /** Where it is. */
    readonly url: string,
  ) {}

  /** Rejects with an Error of one clear line when the port cannot be had. */
  static async start({ topology, counts, log }: PageOptions): Promise<Page> {
    const worker = new Worker(PROGRAM, { smol: true })
    const started = Promise.withResolvers<string>()
    worker.onmessage = ({ data }: MessageEvent<FromServer>) => {
      if (data.kind === "listening") started.resolve(data.url)
      if (data.kind === "failed") started.reject(new Error(data.reason))
      if (data.kind === "counts") post(worker, { kind: "counts", counts: counts() })
      if (data.kind === "problem") log.error(`The page: ${data.reason}`)
    }
    worker.onerror = ({ message }) => {
      started.reject(new Error(message))
      log.error(`The page has ended: ${message}`)
    }
    post(worker, { kind: "start", file: topology.file })
    try {
      return new Page(worker, await started.promise)
    } catch (error) {
      worker.terminate()
      throw error
    }
  }

  /** A run has ended, or the topology is another one: whoever looks is shown that. */
  changed(): void {
    post(this.worker, { kind: "changed" })
  }

  /** May be called twice. */
  stop(): void {
    this.worker.terminate()
  }
}

const post = (worker: Worker, message: ToServer): void => worker.postMessage(message)
