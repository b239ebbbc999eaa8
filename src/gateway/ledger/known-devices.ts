// Whose surveys may be in the spool: a device that left topology.yaml is told to the cloud for as long as they are kept.
import type { DurableDatabase } from "../../storage/database"
import type { GroupCommit } from "../../storage/group-commit"
import type { Day } from "../../survey/calendar"
import { type AddressRange, formatRange, parseRanges } from "../../topology/address"
import type { Devices } from "../../topology/devices"
import { joinRanges, without } from "../../topology/ranges"

export class KnownDevices {
  readonly #days: Map<Day, readonly AddressRange[]>

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
  ) {
    const rows = database.sqlite.query<{ day: Day; devices: string }, []>("SELECT day, devices FROM declared").all()
    this.#days = new Map(rows.map(({ day, devices }) => [day, parseRanges(JSON.parse(devices)) ?? []]))
  }

  /** These are declared on this day, beside those that were so earlier on it. Resolves once durable. */
  async note(day: Day, { entries }: Devices): Promise<void> {
    const before = this.#days.get(day)
    const ranges = joinRanges([...(before ?? []), ...entries.map(({ ip }) => ip)])
    const text = JSON.stringify(ranges.map(formatRange))
    if (before && text === JSON.stringify(before.map(formatRange))) return
    await this.commits.add(() => {
      this.database.sqlite.query("INSERT OR REPLACE INTO declared VALUES (?1, ?2)").run(day, text)
    })
    this.#days.set(day, ranges)
  }

  /** Ranges of those that were declared on a day that is kept, and are not any more. */
  former({ entries }: Devices): AddressRange[] {
    return without(joinRanges([...this.#days.values()].flat()), joinRanges(entries.map(({ ip }) => ip)))
  }

  /** Forgets days before this one; within the caller's transaction. */
  prune(before: Day): void {
    this.database.sqlite.query("DELETE FROM declared WHERE day < ?1").run(before)
    for (const day of this.#days.keys()) if (day < before) this.#days.delete(day)
  }
}
