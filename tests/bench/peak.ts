// The most that something was while somebody looked at it now and then.
export class Peak implements Disposable {
  /** So far. */
  most = 0
  readonly #timer: Timer

  constructor(
    private readonly read: () => number | Promise<number>,
    everyMs: number,
  ) {
    this.#timer = setInterval(() => void this.look(), everyMs)
  }

  /** Looks once more. */
  async look(): Promise<number> {
    const now = await this.read()
    this.most = Math.max(this.most, now)
    return this.most
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

/** Of a database with its log, bytes; 0 where there is none. */
export const fileBytes = (database: string): number => Bun.file(database).size + Bun.file(`${database}-wal`).size
