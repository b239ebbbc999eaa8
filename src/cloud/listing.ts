// The cloud's console: `192.168.1.2 - 08:00 - 20 - 30%`, devices in address order.
import type { Log } from "../log"
import { printable } from "../printable"
import type { Day } from "../survey/calendar"
import { type AddressRange, formatAddress } from "../topology/address"
import { namedRanges, nameOf } from "../topology/names"
import type { Topology } from "../topology/topology"
import type { SiteInfo, Store, StoredSurvey } from "./store/contract"
import { formatStored } from "./store/stored"

const PRINT_AT_ONCE = 64 * 1024 // characters

export interface ListingOptions {
  readonly store: Pick<Store, "site" | "surveys" | "markListed" | "unlisted">
  readonly mode: Topology["cloud"]["console"]
  readonly print: (lines: string) => void | Promise<void>
  readonly log: Pick<Log, "error">
}

type Pages = Iterable<readonly StoredSurvey[]> | AsyncIterable<readonly StoredSurvey[]>

/**
 * Lists one day after the other, so that they do not mix. A day is held from before it is closed, and from before it waits
 * to be listed, until that is over: whatever the store tells of it meanwhile may have changed since.
 */
export class Listing {
  #finished: Promise<void> = Promise.resolve()
  /** How many hold a day. */
  readonly #holders = new Map<string, number>()

  constructor(private readonly options: ListingOptions) {}

  /** Resolves when all that waits is listed. */
  get finished(): Promise<void> {
    return this.#finished
  }

  /** @returns gives it free, once */
  hold(site: string, day: Day): () => void {
    const key = keyOf(site, day)
    this.#holders.set(key, this.#holdersOf(key) + 1)
    return () => {
      const left = this.#holdersOf(key) - 1
      if (left > 0) this.#holders.set(key, left)
      else this.#holders.delete(key)
    }
  }

  /** @param only addresses to list; all of the day without it */
  list(site: string, day: Day, only?: readonly AddressRange[]): void {
    const { store } = this.options
    const release = this.hold(site, day)
    this.#queue(async () => {
      try {
        await this.#print(site, store.surveys(site, day, only))
        await store.markListed(site, day)
      } finally {
        release()
      }
    })
  }

  /** What is in no day of the store's that is closed. */
  listSurveys(site: string, surveys: readonly StoredSurvey[]): void {
    this.#queue(() => this.#print(site, [surveys]))
  }

  /** Lists what nobody lists. */
  async resume(): Promise<void> {
    const held = new Set(this.#holders.keys())
    for (const { site, day } of await this.options.store.unlisted()) {
      const key = keyOf(site, day)
      if (!held.has(key) && !this.#holders.has(key)) this.list(site, day)
    }
  }

  #holdersOf(key: string): number {
    return this.#holders.get(key) ?? 0
  }

  async #print(site: string, pages: Pages): Promise<void> {
    const { store, mode, print } = this.options
    if (mode === "off") return // a fleet's day is not read for nothing
    const list = lister(mode, await store.site(site))
    const lines = async function* () {
      for await (const surveys of pages) yield surveys.map(list).join("")
    }
    await printInBatches(lines(), print)
  }

  #queue(work: () => Promise<void>): void {
    this.#finished = this.#finished.then(work).catch((error) => this.options.log.error(`The listing failed: ${error}`))
  }
}

const keyOf = (site: string, day: Day): string => `${site} ${day}`

/** Prints whole lines, many at a time: a fleet's day is never in memory whole, and waits for a slow reader. */
export async function printInBatches(
  pieces: Iterable<string> | AsyncIterable<string>,
  print: (lines: string) => void | Promise<void>,
): Promise<void> {
  let lines = ""
  for await (const piece of pieces) {
    lines += piece
    if (lines.length < PRINT_AT_ONCE) continue
    await print(lines)
    lines = ""
  }
  if (lines !== "") await print(lines)
}

/** What is listed of a survey, with its line ends; "" where nothing is. Surveys come in address order. */
export function lister(mode: Topology["cloud"]["console"], site?: SiteInfo): (survey: StoredSurvey) => string {
  if (mode === "off") return () => ""
  if (mode === "readings") return listReadings
  const names = namedRanges(site?.devices ?? [])
  return ({ address, readings: { length } }) => {
    const ip = formatAddress(address)
    const name = printable(nameOf(names, address) ?? "") // a line end would make a line of its own
    return `${name ? `${ip} ${name}` : ip} - ${length} ${length === 1 ? "reading" : "readings"}\n`
  }
}

function listReadings({ address, readings }: StoredSurvey): string {
  const ip = formatAddress(address)
  let lines = ""
  for (const reading of readings) lines += `${ip} - ${formatStored(reading)}\n`
  return lines
}
