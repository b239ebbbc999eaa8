// How long whoever was started after a kill needs until its first acknowledgement, its start included.
import type { Role } from "./kill"

export class Recoveries {
  readonly #byRole = new Map<Role, number[]>()

  /** @param elapsedMs undefined: nothing was left to be acknowledged */
  note(role: Role, elapsedMs: number | undefined): void {
    if (elapsedMs !== undefined) this.#byRole.set(role, [...(this.#byRole.get(role) ?? []), elapsedMs])
  }

  /** "a gateway's successor acknowledges": "after 0.2 s, at most 0.4 s" */
  figures(): Record<string, string> {
    const rows = [...this.#byRole].map(([role, elapsed]) => {
      const rising = elapsed.toSorted((a, b) => a - b)
      const [median = 0, longest = 0] = [rising[rising.length >> 1], rising.at(-1)]
      return [`a ${role}'s successor acknowledges`, `after ${seconds(median)}, at most ${seconds(longest)}`]
    })
    return Object.fromEntries(rows)
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
