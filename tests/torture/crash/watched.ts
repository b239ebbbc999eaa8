// The process that is to be killed, and its successor, which a supervisor starts by the same command.
import type { Ended, Running } from "./programme"
import type { Scene } from "./scene"
import type { Tap } from "./tap"

export class Watched {
  killed = false
  /** Of the first process, until it ended. */
  elapsedMs = 0
  /** Until whoever was started after a kill gave its first acknowledgement. */
  recoveredMs: number | undefined
  #running: Running | undefined
  #cancel = () => {}

  constructor(private readonly scene: Scene) {}

  /** Starts it: the first time with its kill, its fault, its debugger. */
  start(...words: readonly string[]): Running {
    const { programme, topology, kill, fault, traceTo } = this.scene
    const isFirst = this.#running === undefined
    const running = programme.start(words, { topology: topology.file, ...(isFirst && { kill, fault, traceTo }) })
    this.#running = running
    if (isFirst) this.#watch(running)
    else if (this.killed) this.#awaitAcknowledgement()
    return running
  }

  /** Runs it to its end, once more should it be killed. */
  async run(...words: readonly string[]): Promise<void> {
    const first = await this.start(...words).ended
    this.finish(first.killed ? await this.start(...words).ended : first)
  }

  /** Its end must be its own, and a good one. */
  finish({ exit, killed, stderr }: Ended): void {
    if (killed) this.scene.failures.push("it was killed a second time")
    else if (exit !== 0) this.scene.failures.push(`it ended with ${exit} and said: ${stderr}`)
  }

  /** Ends what still runs. */
  release(): void {
    this.#cancel()
    this.#running?.signal("SIGKILL")
  }

  #watch(running: Running): void {
    const startedAt = performance.now()
    const ended = ({ killed }: Ended) => {
      this.killed = killed
      this.elapsedMs = performance.now() - startedAt
    }
    running.ended.then(ended, () => {}) // whoever waits for it hears of the rest
    const { kill } = this.scene
    if (kill?.at === "time") {
      const timer = setTimeout(() => running.signal("SIGKILL"), kill.afterMs)
      this.#cancel = () => clearTimeout(timer)
    } else if (kill?.at === "acknowledgement") {
      this.#observer.onAcknowledged = (count) => {
        if (count === kill.index) running.signal("SIGKILL")
      }
    }
  }

  #awaitAcknowledgement(): void {
    const startedAt = performance.now()
    this.#observer.onAcknowledged = () => {
      this.recoveredMs ??= performance.now() - startedAt
    }
  }

  /** Who hears what it acknowledges. */
  get #observer(): Pick<Tap, "onAcknowledged"> {
    const { role, tap, book } = this.scene
    return role === "cloud" ? tap : book
  }
}
