// Refused rows as people are shown them: the first ones of each rule, and how many more there are.

const SHOWN = 100
const SHOWN_OF_A_RULE = 10 // a file that is another one breaks one in every row

export class Refusals {
  #count = 0
  #shown = 0
  readonly #shownOf = new Map<string, number>()

  get count(): number {
    return this.#count
  }

  get hidden(): number {
    return this.#count - this.#shown
  }

  /** Whether this one is to be shown. @param rule which it breaks, and the value */
  add(rule: string): boolean {
    this.#count++
    const before = this.#shownOf.get(rule) ?? 0
    if (this.#shown === SHOWN || before === SHOWN_OF_A_RULE) return false
    this.#shownOf.set(rule, before + 1)
    this.#shown++
    return true
  }

  /** So many more, of which nothing else is known. */
  addUntold(rows: number): void {
    this.#count += rows
  }
}
