// What is fuzzed: a case is made of dice alone, put to the code in src, and compared with what should be.
import { Dice } from "./dice"

export interface Target {
  readonly name: string
  /** Makes the next case and tries it; what is wrong, if anything is. A throw is wrong too. */
  check(dice: Dice): string | undefined
  /** The case just tried, for people: hex, or text. */
  input(): string
}

export interface Failure {
  readonly index: number
  readonly text: string
}

export interface CaseRange {
  readonly seed: number
  /** Index of the first case. */
  readonly from: number
  /** Index behind the last case. */
  readonly to: number
}

const SHOWN_CHARACTERS = 400
const BETWEEN_REPORTS = 256

/** Tries cases in turn, until `onFailure` returns false. `onProgress` hears now and then which comes next. */
export function tryCases(
  target: Target,
  { seed, from, to }: CaseRange,
  onFailure: (failure: Failure) => boolean,
  onProgress: (next: number) => void = () => {},
): void {
  const dice = new Dice()
  for (let index = from; index < to; index++) {
    if ((index - from) % BETWEEN_REPORTS === 0) onProgress(index)
    dice.begin(seed, index)
    let wrong: string | undefined
    try {
      wrong = target.check(dice)
    } catch (error) {
      wrong = `threw ${error instanceof Error ? (error.stack ?? error) : error}`
    }
    if (wrong !== undefined && !onFailure({ index, text: describe(target, seed, index, wrong) })) return
  }
}

/** The first failure within a range. */
export function firstFailure(target: Target, range: CaseRange): Failure | undefined {
  let first: Failure | undefined
  tryCases(target, range, (failure) => {
    first = failure
    return false
  })
  return first
}

function describe(target: Target, seed: number, index: number, wrong: string): string {
  const input = target.input()
  const shown = input.length > SHOWN_CHARACTERS ? `${input.slice(0, SHOWN_CHARACTERS)}…` : input
  const again = `bun tests/torture/fuzz/worker.ts ${seed} ${target.name}:${index}:${index + 1}`
  return `seed ${seed}, ${target.name} case ${index}: ${wrong}; input ${shown}; again: ${again}`
}
