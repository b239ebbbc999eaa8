// What the sites were told that the cloud has, kept outside of the programme, and what the store has to show for it.
import type { Day } from "../../../src/survey/calendar"
import { surveyDigest } from "../../../src/survey/digest"
import { formatAddress } from "../../../src/topology/address"

/** Time, temperature, humidity; of a device and day no value comes back after another one. */
export type Reading = readonly [time: string, temperature: number, humidity: number]

export interface Survey {
  readonly revision: number
  readonly readings: readonly Reading[]
  readonly body: string
  readonly digest: string
}

/** A row of the table of surveys, as the rule of the merge has it. */
export interface Row {
  readonly revision: number
  readonly digest: string
  readonly readings: readonly Reading[]
  /** Each reading's own. */
  readonly revisions: readonly number[]
}

export interface Gone {
  readonly reading: Reading
  readonly revision: number
}

export class DeviceDay {
  /** Acknowledged, in the order of their acknowledgements. */
  readonly surveys: Survey[] = []
  /** What has no higher revision was dropped. */
  droppedUpTo = -1

  constructor(
    readonly address: number,
    readonly day: Day,
  ) {}

  survey(revision: number, readings: readonly Reading[]): Survey {
    const body = readings.map((reading) => `${textOf(reading)}\n`).join("")
    return { revision, readings, body, digest: surveyDigest(formatAddress(this.address), this.day, body) }
  }

  get #kept(): readonly Survey[] {
    return this.surveys.filter(({ revision }) => revision > this.droppedUpTo)
  }

  /** The one that was delivered last: it is what site and cloud agree upon. */
  get last(): Survey | undefined {
    return this.#kept.at(-1)
  }

  /** Undefined where nothing is to be in the store. */
  get row(): Row | undefined {
    const { last } = this
    if (!last) return undefined
    const newest = new Map<string, Gone>()
    for (const { revision, readings } of this.#byRevision) {
      for (const reading of readings) newest.set(reading[0], { reading, revision })
    }
    const values = [...newest.values()].sort((a, b) => (a.reading[0] < b.reading[0] ? -1 : 1))
    return {
      revision: this.#byRevision.at(-1)?.revision ?? 0,
      digest: last.digest,
      readings: values.map(({ reading }) => reading),
      revisions: values.map(({ revision }) => revision),
    }
  }

  /** Values that gave way to others, each with the highest revision that it came with. */
  get superseded(): readonly Gone[] {
    const shown = new Set(this.row?.readings.map(textOf))
    const gone = new Map<string, Gone>()
    for (const { revision, readings } of this.#byRevision) {
      for (const reading of readings) if (!shown.has(textOf(reading))) gone.set(textOf(reading), { reading, revision })
    }
    return [...gone.values()]
  }

  get #byRevision(): readonly Survey[] {
    return this.#kept.toSorted((a, b) => a.revision - b.revision)
  }
}

export class SiteDay {
  readonly devices = new Map<number, DeviceDay>()
  /** Changed or dropped since it was closed first. */
  isPlain = true
  hasDrops = false
  /** When its account was first sent; undefined: not yet. */
  closingAt: number | undefined
  isClosed = false

  constructor(readonly day: Day) {}

  device(address: number): DeviceDay {
    const device = this.devices.get(address) ?? new DeviceDay(address, this.day)
    this.devices.set(address, device)
    return device
  }
}

/** Of one site, by day. */
export type SiteBook = Map<Day, SiteDay>

export const textOf = ([time, temperature, humidity]: Reading): string => `${time} - ${temperature} - ${humidity}%`
