// An attack, its share of the cases, and how to have one of them again.

const KEYED = ":keyed"
const MOST_FAILURES = 5 // of one attack: more tell nothing new

/** Brings cases to a server, several at the same time, and keeps what it noticed. */
export abstract class Attack {
  readonly failures: string[] = []
  /** Cases so far. */
  done = 0
  #next: number
  #stopped = false

  constructor(
    protected readonly seed: number,
    private readonly share: Share,
    private readonly lanes: number,
  ) {
    this.#next = share.from
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.lanes }, () => this.lane()))
  }

  /** Ends early. */
  stop(): void {
    this.#stopped = true
  }

  /** Takes one case after the other. */
  protected abstract lane(): Promise<void>

  protected get isStopped(): boolean {
    return this.#stopped
  }

  /** The next case; undefined when there is none, or it was stopped. */
  protected take(): number | undefined {
    return this.#next < this.share.to && !this.#stopped ? this.#next++ : undefined
  }

  protected fail(index: number, wrong: string): void {
    if (this.failures.length < MOST_FAILURES) this.failures.push(`${this.share.caseOf(this.seed, index)}: ${wrong}`)
  }
}

export class Share {
  /** Cases from `from` to below `to`. */
  constructor(
    readonly name: "datagrams" | "streams",
    readonly from: number,
    readonly to: number,
    /** At a network whose legs have keys. */
    readonly isKeyed = false,
  ) {}

  /** How a failure names its case, and how to try it by itself. */
  caseOf(seed: number, index: number): string {
    const alone = new Share(this.name, index, index + 1, this.isKeyed)
    return `seed ${seed}, ${this.name} case ${index} (again: ${again(seed, alone)})`
  }

  get cases(): number {
    return this.to - this.from
  }

  toString(): string {
    return `${this.name}:${this.from}:${this.to}${this.isKeyed ? KEYED : ""}`
  }
}

/** The command that tries these shares once more. */
export const again = (seed: number, ...shares: readonly Share[]): string =>
  `bun tests/torture/fuzz/live/again.ts ${seed} ${shares.join(" ")}`

/** "datagrams:0:1000" → a share, "datagrams:0:1000:keyed" → one with keys. Throws an Error of one line. */
export function shareOf(text: string): Share {
  const [name, from, to, keyed] = text.split(":")
  const [first, end] = [Number(from), Number(to)]
  if ((name !== "datagrams" && name !== "streams") || !(first <= end)) throw new Error(`${text} is not NAME:FROM:TO`)
  return new Share(name, first, end, keyed !== undefined)
}
