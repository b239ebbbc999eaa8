// What the simulated devices measure: recomputable from the seed, sometimes changed or extended later; and who knows what
// of it was sent and acknowledged.
import type { Day } from "../../../src/survey/calendar"

export interface FieldsOptions {
  readonly seed: number
  /** How many readings a device has on a day; the number is 32 random bits. */
  readonly readingsOf: (ip: string, random: number) => number
}

/** Of one device and day: versions are numbered from 0. */
interface Account {
  /** The version that the source gives now. */
  version: number
  /** The latest that a process has read to send it. */
  read: number
  /** The latest that the gateway acknowledged; −1: none. */
  acknowledged: number
  /** The source was asked for it when it had it no more. */
  gone: boolean
}

/** A reading as the store shows it: "20.5 30". */
export type Values = string

const FIRST_MINUTE = 240 // behind the hours that daylight saving may skip or repeat
const MINUTES = 1200

export class Fields {
  readonly #accounts = new Map<string, Account>()

  constructor(private readonly options: FieldsOptions) {}

  account(ip: string, day: Day): Account {
    const key = `${ip} ${day}`
    let account = this.#accounts.get(key)
    if (!account) {
      account = { version: 0, read: -1, acknowledged: -1, gone: false }
      this.#accounts.set(key, account)
    }
    return account
  }

  /** The survey as the source has it now; from here on it counts as sent. */
  read(ip: string, day: Day): string {
    const account = this.account(ip, day)
    account.read = Math.max(account.read, account.version)
    let text = ""
    for (const [time, values] of this.readings(ip, day, account.version)) {
      const [temperature, humidity] = values.split(" ")
      text += `${time} - ${temperature} - ${humidity}%\n`
    }
    return text
  }

  /** The gateway acknowledged what this device read last for that day. */
  acknowledged(ip: string, day: Day): void {
    const account = this.account(ip, day)
    account.acknowledged = account.read
  }

  /** Whether nothing of a version that was not acknowledged can be on its way. */
  isSettled(ip: string, day: Day): boolean {
    const { read, acknowledged } = this.account(ip, day)
    return read === acknowledged
  }

  /** Values by time of day, in order. A later version keeps every time of the earlier ones. */
  readings(ip: string, day: Day, version: number): Map<string, Values> {
    const base = hash(`${ip} ${day}`, this.options.seed)
    const count = this.options.readingsOf(ip, base)
    const minutes = new Set<number>()
    for (let index = 0; index < count; index++) minutes.add(FIRST_MINUTE + Math.floor((index * MINUTES) / count))
    for (let later = 1; later <= version; later++) minutes.add(FIRST_MINUTE + (hash(`more ${later}`, base) % MINUTES))
    const readings = new Map<string, Values>()
    for (const minute of [...minutes].sort((a, b) => a - b)) {
      const time = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`
      readings.set(time, valuesAt(minute, version, base))
    }
    return readings
  }
}

/** Each later version changes a quarter of the values. */
function valuesAt(minute: number, version: number, base: number): Values {
  let changed = version
  while (changed > 0 && hash(`${changed}/${minute}`, base) % 4 > 0) changed--
  const random = hash(`${minute} ${changed}`, base)
  return `${((random % 6000) - 2000) / 100} ${((random >>> 13) % 10_001) / 100}`
}

const hash = (text: string, seed: number): number => Bun.hash.xxHash32(text, seed)
