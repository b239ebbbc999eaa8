// What the devices' sources hold: readings of every quarter or hour as they pass, and in a skipped hour what no clock shows.
import { SurveyMissing } from "../../../src/device/source/missing"
import { type CalendarDay, ZoneCalendar } from "./zone-calendar"

/** A reading as the store must show it: "02:15 20.5 30", and where the clock shows that again "02:15+01:00 20.5 30". */
export type Shown = string

interface Line {
  readonly at: number
  readonly text: string
  /** Undefined for what must be refused. */
  readonly shown: Shown | undefined
}

export class Field {
  /** The zone in which a device's day was measured: the one in force when it was taken first. */
  readonly #zones = new Map<string, ZoneCalendar>()

  constructor(
    private readonly seed: number,
    /** Of the zone in force. */
    public calendar: ZoneCalendar,
    private readonly trueNow: () => number,
  ) {}

  /** The survey as far as its day has come. Throws SurveyMissing for a day that has not begun. */
  read(ip: string, day: string): Uint8Array {
    const lines = this.#lines(ip, day).filter(({ at }) => at <= this.trueNow())
    if (lines.length === 0) throw new SurveyMissing(`${day}/${ip}.txt not found`)
    return Buffer.from(lines.map(({ text }) => `${text}\n`).join(""))
  }

  /** The gateway has it: from now on the day belongs to this zone. */
  taken(ip: string, day: string): void {
    const key = `${ip} ${day}`
    if (!this.#zones.has(key)) this.#zones.set(key, this.calendar)
  }

  /** All readings of a whole day, in order. */
  whole(ip: string, day: string): Shown[] {
    return this.#lines(ip, day).flatMap(({ shown }) => shown ?? [])
  }

  #lines(ip: string, name: string): Line[] {
    const day = (this.#zones.get(`${ip} ${name}`) ?? this.calendar).get(name)
    return day ? linesOf(day, Bun.hash.xxHash32(`${ip} ${name}`, this.seed)) : []
  }
}

function linesOf(day: CalendarDay, seed: number): Line[] {
  const isChanged = ZoneCalendar.isChanged(day)
  const lines: Line[] = []
  const skipped = ZoneCalendar.skipped(day)
  let before = -1
  for (const [index, { at, minute, offsetMinutes }] of day.quarters.entries()) {
    for (const gone of skipped) {
      if (gone > before && gone < minute) lines.push({ at, text: lineOf(gone, 10, 50), shown: undefined })
    }
    const offset = minute <= before ? offsetOf(offsetMinutes) : ""
    before = Math.max(before, minute)
    if (!isChanged && minute % 60 !== 0) continue
    const [temperature, humidity] = valuesOf(seed, index)
    const shown = `${timeOf(minute)}${offset} ${temperature} ${humidity}`
    lines.push({ at, text: lineOf(minute, temperature, humidity), shown })
  }
  return lines
}

const lineOf = (minute: number, temperature: number, humidity: number): string =>
  `${timeOf(minute)} - ${temperature} - ${humidity}%`

function valuesOf(seed: number, index: number): readonly [number, number] {
  const random = Bun.hash.xxHash32(`${index}`, seed)
  return [((random % 6000) - 2000) / 100, ((random >>> 13) % 10_001) / 100]
}

const offsetOf = (minutes: number): string => `${minutes < 0 ? "-" : "+"}${timeOf(Math.abs(minutes))}`

const timeOf = (minute: number): string => {
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60].map((number) => String(number).padStart(2, "0"))
  return `${hours}:${minutes}`
}
