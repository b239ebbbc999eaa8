// A process in a host, and what it has said so far.
import type { Namespace } from "./namespaces"

export interface Ended {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

export class Running implements AsyncDisposable {
  stdout = ""
  stderr = ""
  /** Resolves when it has ended and all that it said is here. */
  readonly ended: Promise<Ended>
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">
  #onNews = Promise.withResolvers<void>()

  constructor(namespace: Namespace, command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { ...process.env, ...environment }
    // should the tests be killed, it goes with them
    const bound = ["setpriv", "--pdeathsig", "KILL", ...namespace.command(...command)]
    this.#child = Bun.spawn(bound, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env })
    const read = Promise.all([
      this.#read(this.#child.stdout, (text) => void (this.stdout += text)),
      this.#read(this.#child.stderr, (text) => void (this.stderr += text)),
    ])
    this.ended = Promise.all([this.#child.exited, read]).then(([exit]) => {
      const { stdout, stderr } = this
      return { exit, stdout, stderr }
    })
  }

  get pid(): number {
    return this.#child.pid
  }

  /** Resolves when this stands in its log; throws when it ends without having said it. */
  async says(what: string | RegExp): Promise<void> {
    const isSaid = () => (typeof what === "string" ? this.stderr.includes(what) : what.test(this.stderr))
    let isOver = false
    const over = this.ended.then(() => {
      isOver = true
    })
    while (!isSaid()) {
      if (isOver) throw new Error(`process ${this.pid} ended and never said "${what}", but: ${this.stderr}`)
      await Promise.race([this.#onNews.promise, over])
    }
  }

  /** Asks it to end; resolves when it has. */
  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.#child.kill(signal)
    return this.ended
  }

  /** Ends it without asking. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL")
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) {
      take(decoder.decode(chunk, { stream: true }))
      const news = this.#onNews
      this.#onNews = Promise.withResolvers()
      news.resolve()
    }
  }
}
