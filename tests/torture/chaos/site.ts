// One site: it delivers day after day, changes values now and then, sends older revisions behind newer ones, drops a day,
// and closes what it touched. What a right cloud would never answer is a failure.
import { pause, systemClock } from "../../../src/clock"
import { Code, formatCode, isAcknowledgement } from "../../../src/coap/code"
import { textOf } from "../../../src/coap/resource"
import { addDays, type Day } from "../../../src/survey/calendar"
import { digestText } from "../../../src/survey/digest"
import { formatTime } from "../../../src/survey/reading"
import { EVERY_ADDRESS, formatAddress, formatRange, formatRanges } from "../../../src/topology/address"
import { type DeviceDay, type Reading, type SiteBook, SiteDay, type Survey } from "./book"
import { Uplink, type UplinkOptions } from "./uplink"

export const DEVICES = 4
const READINGS = 3 // a device and day, each at a time of its own: no two days of a device have a line in common
const FIRST_DAY: Day = "2000-01-01"
const PAUSE_MS = 150
const CHANGES = 0.25
const REPLAYS = 0.15
const RETURNS = 0.25 // to an earlier day
const DROPS = 0.08

export interface SiteOptions extends Omit<UplinkOptions, "devices" | "onAcknowledged"> {
  /** From 1 on. */
  readonly number: number
  readonly onFailure: (failure: string) => void
  /** Asked when the cloud says that its store differs, before anything is sent again; resolves with what is wrong. */
  readonly inspect: (site: Site, day: SiteDay) => Promise<readonly string[]>
}

export class Site {
  readonly book: SiteBook = new Map()
  readonly name: string
  /** Answers so far, surveys acknowledged, and days on which the cloud differed though nothing was missing. */
  readonly counts = { answers: 0, surveys: 0, closings: 0, drops: 0, differed: 0 }
  readonly #uplink: Uplink
  readonly #first: number
  #revision = 0
  #value = 0

  constructor(private readonly options: SiteOptions) {
    this.name = options.site
    this.#first = (10 << 24) + (options.number << 16) + 2
    const devices = [formatRange({ first: this.#first, last: this.#first + DEVICES - 1 })]
    this.#uplink = new Uplink({ ...options, devices, onAcknowledged: () => this.counts.answers++ })
  }

  /** Delivers until it is told to finish, and then to the end of what it has begun. */
  async run(until: AbortSignal): Promise<void> {
    const { random } = this.options
    while (!until.aborted) {
      await this.#newDay()
      if (random() < RETURNS) await this.#changeEarlier()
      if (random() < DROPS) await this.#drop()
      await this.#uplink.release()
      await pause(systemClock, PAUSE_MS * (0.5 + random()), until)
    }
  }

  end(): void {
    this.#uplink.end()
  }

  /** Closes a day once more, as a gateway does on each run with all that it keeps. */
  async close(day: SiteDay, changed: readonly DeviceDay[] = []): Promise<void> {
    if (await this.#agrees(day, changed)) return
    const wrong = await this.options.inspect(this, day)
    for (const failure of wrong) this.options.onFailure(failure)
    this.counts.differed++
    const devices = [...day.devices.values()]
    await Promise.all(devices.map((device) => device.last && this.#deliver(device, device.last)))
    if (!(await this.#agrees(day, changed))) {
      this.options.onFailure(`${this.name} ${day.day}: the cloud differs though all was delivered again`)
    }
  }

  release(): Promise<void> {
    return this.#uplink.release()
  }

  async #newDay(): Promise<void> {
    const { random } = this.options
    const day = new SiteDay(addDays(FIRST_DAY, this.book.size))
    const index = this.book.size
    this.book.set(day.day, day)
    const present = Array.from({ length: DEVICES }, (_, n) => this.#first + n).filter(() => random() < 0.8)
    await Promise.all(present.map((address) => this.#deliverNew(day.device(address), index)))
    await this.close(day)
  }

  async #deliverNew(device: DeviceDay, index: number): Promise<void> {
    const { random } = this.options
    const first = this.#survey(device, this.#readings(index))
    const second = this.#changed(device, first.readings)
    const others = random() < CHANGES ? [second, this.#changed(device, second.readings)] : []
    // the newest is not always the last to come
    const order = random() < 0.5 ? [first, ...others] : [...others, first]
    for (const survey of order) await this.#deliver(device, survey)
    if (random() < REPLAYS) await this.#deliver(device, first)
  }

  async #changeEarlier(): Promise<void> {
    const device = this.#earlierDevice()
    const readings = device?.row?.readings
    if (!device || !readings) return
    const day = this.#dayOf(device)
    day.isPlain = false
    await this.#deliver(device, this.#changed(device, readings))
    await this.close(day, [device])
  }

  /** Drops a day, of one device or of all; what was sent before does not come back, what is newer may. */
  async #drop(): Promise<void> {
    const { random } = this.options
    const chosen = this.#earlierDevice()
    if (!chosen) return
    const day = this.#dayOf(chosen)
    day.isPlain = false
    day.hasDrops = true
    const range = random() < 0.5 ? EVERY_ADDRESS : { first: chosen.address, last: chosen.address }
    const revision = this.#revision
    const reply = await this.#uplink.ask((requests) => requests.drop({ ...range, day: day.day, revision, told: false }))
    if (reply.code !== Code.Deleted) return this.#refused(`drop ${day.day}`, reply.code)
    this.counts.drops++
    const upTo = Number(textOf(reply))
    this.#revision = Math.max(this.#revision, upTo)
    const dropped = [...day.devices.values()].filter(({ address }) => address >= range.first && address <= range.last)
    const before = chosen.surveys.at(-1)
    for (const device of dropped) device.droppedUpTo = upTo
    if (before) {
      const { code } = await this.#put(chosen, before)
      if (code !== Code.Conflict) this.#refused(`deliver ${day.day}, which was dropped, once more`, code)
      if (random() < 0.5) await this.#deliver(chosen, this.#changed(chosen, before.readings))
    }
    await this.close(day, [chosen])
  }

  /** Of a day that was closed. */
  #earlierDevice(): DeviceDay | undefined {
    const days = [...this.book.values()]
    const devices = [...(days[Math.floor(this.options.random() * days.length)]?.devices.values() ?? [])]
    return devices[Math.floor(this.options.random() * devices.length)]
  }

  #dayOf({ day }: DeviceDay): SiteDay {
    const found = this.book.get(day)
    if (!found) throw new Error(`${day} was never begun`)
    return found
  }

  async #deliver(device: DeviceDay, survey: Survey): Promise<void> {
    const { code } = await this.#put(device, survey)
    if (!isAcknowledgement(code)) return this.#refused(`deliver ${device.day}`, code)
    this.counts.surveys++
    device.surveys.push(survey)
  }

  #put({ day, address }: DeviceDay, { revision, digest, body }: Survey) {
    const delivery = { day, address, revision, digest, body, zone: "UTC", version: 0, readings: 0 }
    return this.#uplink.ask((requests) => requests.deliver(delivery))
  }

  async #agrees(day: SiteDay, changed: readonly DeviceDay[]): Promise<boolean> {
    const present = [...day.devices.values()].filter(({ last }) => last)
    const sum = present.reduce((sum, { last }) => sum + BigInt(`0x${last?.digest}`), 0n)
    const account = {
      scheduledAt: `${day.day}T12:00:00Z`,
      run: !day.isClosed,
      arrived: formatRanges(present.map(({ address }) => address)),
      ...{ late: [], missing: [], stale: [], refused: [], reasons: [] },
      changed: changed.map(({ address }) => formatAddress(address)),
      surveys: present.length,
      digest: digestText(sum),
    }
    day.closingAt ??= performance.now()
    const { code } = await this.#uplink.ask((requests) => requests.close(day.day, account))
    if (code === Code.Conflict) return false
    if (isAcknowledgement(code)) day.isClosed = true
    else this.#refused(`close ${day.day}`, code)
    this.counts.closings++
    return true
  }

  #refused(what: string, code: number): void {
    this.options.onFailure(`${this.name} was answered ${formatCode(code)} when it wanted to ${what}`)
  }

  #survey(device: DeviceDay, readings: readonly Reading[]): Survey {
    return device.survey(++this.#revision, readings)
  }

  /** Some values are others, and some times are left out: those keep what they had. */
  #changed(device: DeviceDay, readings: readonly Reading[]): Survey {
    const some = readings.filter((_, index) => index === 0 || this.options.random() < 0.7)
    return this.#survey(
      device,
      some.map((reading): Reading => (this.options.random() < 0.6 ? [reading[0], ...this.#values()] : reading)),
    )
  }

  #readings(index: number): Reading[] {
    return Array.from({ length: READINGS }, (_, n): Reading => [formatTime(index * READINGS + n), ...this.#values()])
  }

  /** No two of a site are the same. */
  #values(): [temperature: number, humidity: number] {
    const value = this.#value++
    return [(value % 9000) / 100, (Math.floor(value / 9000) % 10_000) / 100]
  }
}
