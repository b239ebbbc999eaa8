// A share of an attack's cases, and how to have one of them again.

/** What brings cases to a server, and what it noticed. */
export interface Attack {
  readonly failures: readonly string[]
  /** Cases so far. */
  readonly done: number
  run(): Promise<void>
  /** Ends early, and closes what is open. */
  stop(): void
}

export const MOST_FAILURES = 5 // of one attack: more tell nothing new

export class Share {
  /** Cases from `from` to below `to`. */
  constructor(
    readonly name: "datagrams" | "streams",
    readonly from: number,
    readonly to: number,
  ) {}

  /** How a failure names its case, and how to try it by itself. */
  caseOf(seed: number, index: number): string {
    const alone = new Share(this.name, index, index + 1)
    return `seed ${seed}, ${this.name} case ${index} (again: ${again(seed, alone)})`
  }

  get cases(): number {
    return this.to - this.from
  }

  toString(): string {
    return `${this.name}:${this.from}:${this.to}`
  }
}

/** The command that tries these shares once more. */
export const again = (seed: number, ...shares: readonly Share[]): string =>
  `bun tests/torture/fuzz/live/again.ts ${seed} ${shares.join(" ")}`

/** "datagrams:0:1000" → a share. Throws an Error of one line. */
export function shareOf(text: string): Share {
  const [name, from, to] = text.split(":")
  const [first, end] = [Number(from), Number(to)]
  if ((name !== "datagrams" && name !== "streams") || !(first <= end)) throw new Error(`${text} is not NAME:FROM:TO`)
  return new Share(name, first, end)
}
