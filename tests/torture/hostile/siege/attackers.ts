// Starts the attackers' process, and stops it with what it has to report.
import { join } from "node:path"
import type { Peer } from "../../../../src/net/udp"

export interface AttackConfig {
  readonly gateway: Peer
  readonly cloud: Peer
  readonly seed: number
  /** TCP peers that drip. */
  readonly drips: number
  /** Instead of everything: so many datagrams a second of transfers that nobody finishes. */
  readonly onlyTransfers?: number
  /** They speak OSCORE and TLS too, without a key. */
  readonly isKeyed?: boolean
}

export interface AttackReport {
  /** Datagrams, and answers to them. */
  readonly sent: number
  readonly answers: number
  /** Over TCP, and how many of them the cloud ended. */
  readonly connections: number
  readonly dropped: number
  /** Where more came back than was sent. */
  readonly wrong: readonly string[]
}

export class Attackers implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">
  readonly #lines: AsyncIterator<string>

  private constructor(config: AttackConfig) {
    const command = [process.execPath, join(import.meta.dir, "attack.ts"), JSON.stringify(config)]
    this.#child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "inherit" })
    this.#lines = linesOf(this.#child.stdout)
  }

  /** Resolves when the attack is under way. */
  static async start(config: AttackConfig): Promise<Attackers> {
    const attackers = new Attackers(config)
    const { value } = await attackers.#lines.next()
    if (value !== "ready") throw new Error("the attackers did not start")
    return attackers
  }

  async stop(): Promise<AttackReport> {
    this.#child.kill("SIGTERM")
    const { value } = await this.#lines.next()
    return JSON.parse(value ?? "")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.#child.exited
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
}
