// What the clouds have listed: every reading of a closed day at least once, and once where nothing happened meanwhile.
import { formatAddress } from "../../../src/topology/address"
import { type SiteDay, textOf } from "./book"
import type { Site } from "./site"

/** From the beginning of a fault until deliveries went on behind it. */
export interface Trouble {
  readonly from: number
  to: number
}

export interface Listed {
  readonly failures: readonly string[]
  /** Days that were listed more than once, each with a fault meanwhile: one ended between the lines and the mark. */
  readonly again: number
  /** Days on which nothing happened until they were listed. */
  readonly calm: number
}

const LATER_MS = 1000 // by then the console has brought what was printed

export class Listings {
  /** When each line came. */
  readonly #lines = new Map<string, number[]>()

  readonly note = (line: string): void => {
    const times = this.#lines.get(line)
    if (times) times.push(performance.now())
    else this.#lines.set(line, [performance.now()])
  }

  judge(sites: readonly Site[], troubles: readonly Trouble[]): Listed {
    const failures: string[] = []
    let [again, calm] = [0, 0]
    for (const { name, book } of sites) {
      for (const day of book.values()) {
        const { unlisted, latest, isAgain } = this.#look(day)
        // of what was dropped before it was listed nothing is, and then what came since alone
        if (unlisted && !day.hasDrops) failures.push(`${name} ${day.day}: never listed: ${unlisted}`)
        if (!day.isPlain || day.closingAt === undefined) continue
        const isCalm = !troubles.some(({ from, to }) => from < latest && to + LATER_MS > (day.closingAt ?? 0))
        if (isCalm) calm++
        if (isAgain) again++
        if (isCalm && isAgain) failures.push(`${name} ${day.day}: listed more than once, and nothing had happened`)
      }
    }
    return { failures, again, calm }
  }

  #look({ devices }: SiteDay): { unlisted: string | undefined; latest: number; isAgain: boolean } {
    let unlisted: string | undefined
    let latest = 0
    let isAgain = false
    for (const { row, address } of devices.values()) {
      for (const reading of row?.readings ?? []) {
        const line = `${formatAddress(address)} - ${textOf(reading)}`
        const times = this.#lines.get(line) ?? []
        if (times.length === 0) unlisted = line
        if (times.length > 1) isAgain = true
        latest = Math.max(latest, times.at(-1) ?? 0)
      }
    }
    return { unlisted, latest, isAgain }
  }
}
