// Workers between two devices that name the same script: a fleet asks 64 at a time and does not start one for each.
import type { Clock } from "../../clock"
import type { ScriptWorker } from "../../script/worker"

interface Idle {
  readonly key: string
  readonly worker: ScriptWorker
  readonly cancel: () => void
}

const IDLE_MS = 200 // longer than an upload takes, shorter than anybody waits for the process to end

export class IdleWorkers {
  readonly #idle = new Set<Idle>()

  /** A worker that has loaded this version of the script. */
  take(key: string): ScriptWorker | undefined {
    for (const idle of this.#idle) {
      if (idle.key !== key) continue
      this.#idle.delete(idle)
      idle.cancel()
      if (!idle.worker.ended) return idle.worker
    }
    return undefined
  }

  /** Keeps a worker for whoever asks next; ends it when nobody does. */
  keep(key: string, worker: ScriptWorker, clock: Clock): void {
    const cancel = clock.after(IDLE_MS, () => {
      this.#idle.delete(idle)
      worker.end(new Error("nobody asks"))
    })
    const idle: Idle = { key, worker, cancel }
    this.#idle.add(idle)
  }
}
