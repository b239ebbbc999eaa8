// One machine of the network: where its processes run, and where their data is kept.
import { join, resolve } from "node:path"
import type { Namespace } from "./namespaces"
import { type Ended, Running } from "./running"

const MAIN = resolve(import.meta.dir, "../../src/main.ts")

export class Host implements AsyncDisposable {
  readonly #running: Running[] = []

  constructor(
    readonly namespace: Namespace,
    /** $STATE_DIRECTORY of what runs here. */
    readonly state: string,
    private readonly topology: string,
  ) {}

  /** Starts the programme here: `start("device", "192.168.1.2")`. */
  start(...words: readonly string[]): Running {
    return this.#begin([MAIN, "start", ...words, "--topology", this.topology])
  }

  /** Runs a command of the programme to its end. */
  run(command: string, ...words: readonly string[]): Promise<Ended> {
    return this.#begin([MAIN, command, ...words, "--topology", this.topology]).ended
  }

  /** Runs a script to its end. */
  script(file: string, ...words: readonly string[]): Promise<Ended> {
    return this.#begin([join(import.meta.dir, file), ...words]).ended
  }

  /** What its processes have logged so far, for a failure's message. */
  get said(): string {
    return this.#running.map(({ pid, stderr }) => `--- process ${pid} on ${this.namespace.name}\n${stderr}`).join("")
  }

  /** Ends what still runs here, without asking. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((running) => running[Symbol.asyncDispose]()))
  }

  #begin(command: readonly string[]): Running {
    const running = new Running(this.namespace, [process.execPath, ...command], { STATE_DIRECTORY: this.state })
    this.#running.push(running)
    return running
  }
}
