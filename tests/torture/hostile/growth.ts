// What the servers' memory grew by since they were warm.
import { readCpuMs, readMemory } from "../../bench/process"
import type { Programme } from "../disk/programme"

export const MOST_GROWTH_BYTES = 64 * 1024 * 1024

/** How long servers may at least take to fill their tables and caches. */
export interface WarmUp {
  readonly seconds: number
  /** Processor time of the one that works most: it is work that fills them, of which a busy machine does less a second. */
  readonly cpuMs: number
}

type Server = Pick<Programme, "pid" | "exit">

export interface Load {
  readonly privateDirtyBytes: number
  /** Processor time since its start. */
  readonly cpuMs: number
}

export class Growth {
  readonly #warm = new Map<string, number>()
  readonly #most = new Map<string, number>()
  #warmAt: number | undefined

  constructor(
    private readonly servers: Readonly<Record<string, Server>>,
    private readonly warmUp: WarmUp,
    private readonly loadOf: (pid: number) => Promise<Load> = readLoad,
  ) {}

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

  /** @returns for how many seconds they have been warm, when they have been attacked for so many */
  async look(seconds: number): Promise<number> {
    const most = this.#warmAt === undefined ? this.#warm : this.#most
    let busiestMs = 0
    for (const [name, { pid, exit }] of Object.entries(this.servers)) {
      if (exit !== undefined) continue // which is told in the end
      const { privateDirtyBytes, cpuMs } = await this.loadOf(pid)
      most.set(name, Math.max(privateDirtyBytes, most.get(name) ?? 0))
      busiestMs = Math.max(cpuMs, busiestMs)
    }
    if (seconds >= this.warmUp.seconds && busiestMs >= this.warmUp.cpuMs) this.#warmAt ??= seconds
    return this.#warmAt === undefined ? 0 : seconds - this.#warmAt
  }
}

async function readLoad(pid: number): Promise<Load> {
  const { privateDirty } = await readMemory(pid)
  return { privateDirtyBytes: privateDirty, cpuMs: readCpuMs(pid) }
}

export const inMib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
