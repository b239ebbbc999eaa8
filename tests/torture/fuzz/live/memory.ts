// What the servers' memory grew by since they were warm.

interface Measured {
  memory(): Promise<number>
}

const LOOK_EVERY_MS = 250
const WARM_UP_SHARE = 0.4 // of the work: by then caches are full and compilers have settled

export class Memory implements Disposable {
  readonly #warm = new Map<string, number>()
  readonly #largest = new Map<string, number>()
  readonly #timer

  /** @param progress how much of the work is done, 0 to 1 */
  constructor(
    private readonly servers: Readonly<Record<string, Measured>>,
    private readonly progress: () => number,
  ) {
    this.#timer = setInterval(() => this.#look().catch(() => {}), LOOK_EVERY_MS) // who has ended is told elsewhere
  }

  /** In bytes, by server: from the most while it warmed up to the most behind that. */
  growth(): Record<string, number> {
    return Object.fromEntries(
      [...this.#largest].map(([name, bytes]) => [name, bytes - (this.#warm.get(name) ?? bytes)]),
    )
  }

  async #look(): Promise<void> {
    for (const [name, server] of Object.entries(this.servers)) {
      const bytes = await server.memory()
      if (this.progress() < WARM_UP_SHARE) this.#warm.set(name, Math.max(bytes, this.#warm.get(name) ?? 0))
      else this.#largest.set(name, Math.max(bytes, this.#largest.get(name) ?? 0))
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
