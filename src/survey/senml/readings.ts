/** A pack of SenML (RFC 8428) → readings: the temperature and the humidity of one time, and of one device where there are several. */
import { Pack, type SenmlRecord } from "./records"
import { isNamed, type Measured, measured, type Quantity } from "./units"

/** By what it is told whose a record is: the base name, or the name without its last part; undefined where all are of one device. */
export type Whose = "bn" | "n" | undefined

interface Place {
  /** As it was handed in with the record that came first. */
  readonly line: number
  /** Seconds since 1970, whole; NaN where it cannot be read. */
  readonly time: number
  readonly device: string
}

export type SenmlRow =
  | (Place & { readonly kind: "values"; readonly temperature: number; readonly humidity: number })
  | (Place & { readonly kind: "empty"; readonly lacks: Quantity })
  | Refused

interface Refused extends Place {
  readonly kind: "refused"
  readonly rule: string
}

interface Found {
  readonly line: number
  readonly name: string
  readonly value: number
}

/** What there is of one device at one time, in the order of the pack. */
interface Moment extends Place {
  readonly temperature: Found[]
  readonly humidity: Found[]
}

export class SenmlReadings {
  readonly #pack: Pack
  readonly #moments = new Map<string, Moment>()
  /** In the order of the pack. */
  readonly #found: (Moment | Refused)[] = []
  #isRefused = false

  /** @param now seconds since 1970, from which relative times count; undefined where nobody knows */
  constructor(
    private readonly whose: Whose,
    now: number | undefined,
  ) {
    this.#pack = new Pack(now)
  }

  /** Whether a record was refused, whatever the others make of it. */
  get isRefused(): boolean {
    return this.#isRefused
  }

  /** A record as it stands in the pack. @param line by which it is told of */
  take(written: unknown, line: number): void {
    const record = this.#pack.take(written)
    if (typeof record === "string") this.refuse(record, line)
    else if (record) this.#measure(record, line)
  }

  /** Something in the place of a record: what stands behind it cannot be trusted. */
  break(rule: string, line: number): void {
    this.#pack.break()
    this.refuse(rule, line)
  }

  refuse(rule: string, line: number, time = Number.NaN, device = ""): void {
    this.#found.push({ kind: "refused", line, time, device, rule })
    this.#isRefused = true
  }

  /** What was taken until now, each where its first record stood. */
  rows(): SenmlRow[] {
    return this.#found.map((found) => ("rule" in found ? found : rowOf(found)))
  }

  #measure(record: SenmlRecord, line: number): void {
    const found: Measured | undefined = measured(record)
    if (!found) return
    const { time, name } = record
    const device = deviceOf(record, this.whose)
    if ("rule" in found) return this.refuse(found.rule, line, time, device)
    const key = `${time} ${device}`
    let moment = this.#moments.get(key)
    if (!moment) {
      moment = { line, time, device, temperature: [], humidity: [] }
      this.#moments.set(key, moment)
      this.#found.push(moment)
    }
    moment[found.quantity].push({ line, name, value: found.value })
  }
}

function rowOf({ line, time, device, ...found }: Moment): SenmlRow {
  const place = { line, time, device }
  const temperature = chosen("temperature", found.temperature)
  const humidity = chosen("humidity", found.humidity)
  for (const one of [temperature, humidity])
    if (typeof one === "string") return { ...place, kind: "refused", rule: one }
  if (typeof temperature === "number" && typeof humidity === "number")
    return { ...place, kind: "values", temperature, humidity }
  return { ...place, kind: "empty", lacks: temperature === undefined ? "temperature" : "humidity" }
}

/** The one that is meant: of several the one whose name ends like it. Text says why it cannot be told. */
function chosen(quantity: Quantity, found: readonly Found[]): number | string | undefined {
  const named = found.filter(({ name }) => isNamed(quantity, name))
  const names = new Set(found.map(({ name }) => name))
  const meant = names.size > 1 && named.length > 0 ? named : found
  const [first, ...others] = meant
  const what = quantity === "temperature" ? "Temperature" : "Humidity"
  const other = others.find(({ name }) => name !== first?.name)
  if (other) return `${what} must be one of its time: there are ${first?.name} and ${other.name}`
  if (others.some(({ value }) => value !== first?.value))
    return `${what} must not come twice with other values at a time`
  return first?.value
}

const LAST_PART = /[/:.][^/:.]*$/

function deviceOf({ base, name }: SenmlRecord, whose: Whose): string {
  if (whose === undefined) return ""
  return (whose === "bn" ? base : name.replace(LAST_PART, "")).replace(/[/:.]+$/, "")
}
