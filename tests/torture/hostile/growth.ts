// What the servers' memory grew by since they were warm.
import { readMemory } from "../../bench/process"
import type { Programme } from "../disk/programme"

export const MOST_GROWTH_BYTES = 64 * 1024 * 1024

export class Growth {
  readonly #warm = new Map<string, number>()
  readonly #most = new Map<string, number>()

  constructor(private readonly servers: Readonly<Record<string, Programme>>) {}

  /** In bytes, by server: from the most while it warmed up to the most behind that. */
  get bytes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#most].map(([name, bytes]) => [name, bytes - (this.#warm.get(name) ?? 0)]))
  }

  /** Servers that grew more than they may. */
  get excess(): string[] {
    return Object.entries(this.bytes).flatMap(([name, bytes]) =>
      bytes > MOST_GROWTH_BYTES ? [`the ${name}'s memory grew by ${inMib(bytes)}`] : [],
    )
  }

  async look(isWarm: boolean): Promise<void> {
    const most = isWarm ? this.#most : this.#warm
    for (const [name, { pid, exit }] of Object.entries(this.servers)) {
      if (exit !== undefined) continue // which is told in the end
      const { privateDirty } = await readMemory(pid)
      most.set(name, Math.max(privateDirty, most.get(name) ?? 0))
    }
  }
}

export const inMib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
