// What every torture suite looks like from outside: a size of work and a seed go in, counts and failures come out.

export interface TortureOptions {
  /** How much: 1 is the full form; the short form is the suite's own `SHORT` share of it. */
  readonly scale: number
  /** Where all randomness comes from. */
  readonly seed: number
  /** Progress, a line at a time. */
  readonly say: (line: string) => void
}

/** A fault that was put into the programme on purpose, to see that the suite finds it. */
export interface Planted {
  readonly fault: string
  readonly caught: boolean
  /** How it showed, or after how much work it still had not. */
  readonly detail: string
}

export interface TortureResult {
  /** What was done, in numbers: "10,000 kills". */
  readonly work: string
  /** Everything that broke the promise; each names the seed that brings it back. */
  readonly failures: readonly string[]
  readonly planted: readonly Planted[]
  /** Figures worth a column of their own: "99th percentile of the acknowledgement": "0.3 s". */
  readonly figures?: Readonly<Record<string, string>>
}

export interface TortureSuite {
  readonly name: string
  /** The scale at which `bun test` runs it. */
  readonly short: number
  /** What it needs and this machine lacks; undefined: nothing. */
  missing?(): string | undefined
  /** Does the work; never throws for what it finds. */
  run(options: TortureOptions): Promise<TortureResult>
}
