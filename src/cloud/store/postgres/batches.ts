// Gathers what comes at the same time for one day of one site, so that it shares a round trip and a commit.
import type { Day } from "../../../survey/calendar"
import type { Kept } from "../contract"
import type { Version } from "../merge"

/** A survey on its way into the table. */
export interface Arrival {
  readonly address: number
  /** Undefined: it is newer than whatever is there. */
  readonly revision: number | undefined
  /** Null: it came as plain text. */
  readonly digest: bigint | null
  readonly zone: string
  /** JSON, as the column has it. */
  readonly readings: string
}

/** What became of it, and of text what is shown now. */
export interface Settled extends Kept {
  readonly versions?: readonly Version[]
}

export interface DayOfSite {
  readonly site: string
  readonly day: Day
}

/** Resolves, once durable, with what became of each. */
export type StoreBatch = (of: DayOfSite, arrivals: readonly Arrival[]) => Promise<readonly Settled[]>

interface Waiting {
  readonly arrival: Arrival
  readonly settled: PromiseWithResolvers<Settled>
}

/** What of a day waits, and what is on its way. */
interface Queue {
  readonly of: DayOfSite
  readonly waiting: Waiting[]
  readonly underWay: Set<Promise<void>>
  /** It stands among those that are ready. */
  isReady: boolean
}

const MOST = 1000 // surveys in a batch
const AT_ONCE = { ofDay: 2, overall: 4 } // batches on their way: the server works on one while the next is written

export class Batches {
  /** By day. */
  readonly #queues = new Map<string, Queue>()
  /** Those that may send a batch, in turn. */
  readonly #ready: Queue[] = []
  /** Surveys that are not on their way yet. */
  #waiting = 0
  #underWay = 0
  #isScheduled = false

  /** @param isOfData whether one survey of a batch is at fault, so that the others may be stored */
  constructor(
    private readonly store: StoreBatch,
    private readonly isOfData: (error: unknown) => boolean,
  ) {}

  /** Surveys that are not on their way yet. */
  get waiting(): number {
    return this.#waiting
  }

  add(of: DayOfSite, arrival: Arrival): Promise<Settled> {
    const key = keyOf(of)
    const queue = this.#queues.get(key) ?? { of, waiting: [], underWay: new Set(), isReady: false }
    this.#queues.set(key, queue)
    const settled = Promise.withResolvers<Settled>()
    queue.waiting.push({ arrival, settled })
    this.#waiting++
    this.#offer(queue)
    return settled.promise
  }

  /** Resolves when what has come of this day so far is stored, or refused. */
  async settled(of: DayOfSite): Promise<void> {
    const queue = this.#queues.get(keyOf(of))
    await queue?.waiting.at(-1)?.settled.promise.catch(() => {}) // its sender hears of it
    await Promise.all(queue?.underWay ?? []) // batches overtake each other
  }

  /** Resolves when all that has come so far is stored, or refused. */
  async allSettled(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ of }) => this.settled(of)))
  }

  /** Once what comes with this turn of the event loop is all here. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      while (this.#underWay < AT_ONCE.overall) {
        const queue = this.#ready.shift()
        if (!queue) return
        queue.isReady = false
        this.#begin(queue)
        this.#offer(queue)
      }
    })
  }

  #offer(queue: Queue): void {
    if (queue.isReady || queue.waiting.length === 0 || queue.underWay.size === AT_ONCE.ofDay) return
    queue.isReady = true
    this.#ready.push(queue)
    this.#schedule()
  }

  #begin(queue: Queue): void {
    const batch = queue.waiting.splice(0, MOST)
    this.#waiting -= batch.length
    this.#underWay++
    const storing = this.#store(queue.of, batch).finally(() => {
      this.#underWay--
      queue.underWay.delete(storing)
      if (queue.underWay.size === 0 && queue.waiting.length === 0) this.#queues.delete(keyOf(queue.of))
      this.#offer(queue)
      this.#schedule()
    })
    queue.underWay.add(storing)
  }

  /** Never rejects. */
  async #store(of: DayOfSite, batch: readonly Waiting[]): Promise<void> {
    try {
      const arrivals = batch.map(({ arrival }) => arrival)
      const outcomes = await this.store(of, arrivals)
      for (const [index, outcome] of outcomes.entries()) batch[index]?.settled.resolve(outcome)
    } catch (error) {
      if (batch.length > 1 && this.isOfData(error)) {
        for (const each of batch) await this.#store(of, [each])
      } else for (const { settled } of batch) settled.reject(error)
    }
  }
}

const keyOf = ({ site, day }: DayOfSite): string => `${site} ${day}`
