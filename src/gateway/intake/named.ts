// Which strangers are told of: of one that names many devices a few and then that it does, of a crowd so many a minute.
import type { Clock } from "../../clock"
import type { GatewayEvent, Stranger } from "../events"

const DEVICES_OF_ONE = 3
const SENDERS_REMEMBERED = 1000
const A_MINUTE = 20
const MINUTE_MS = 60_000

export class Named {
  /** Who was told of, with the devices that it spoke for. */
  readonly #told = new Map<string, Set<string>>()
  #since = Number.NEGATIVE_INFINITY
  #thisMinute = 0

  constructor(
    private readonly clock: Pick<Clock, "monotonic">,
    private readonly emit: (event: GatewayEvent) => void,
  ) {}

  /** Tells of it once. Whoever comes when too much was told already is told of when it comes again. */
  note(stranger: Stranger): void {
    const { sender, address } = stranger
    const devices = this.#told.get(sender) ?? new Set()
    if (devices.size > DEVICES_OF_ONE || devices.has(address) || !this.#mayTell()) return
    putLatest(this.#told, sender, devices.add(address), SENDERS_REMEMBERED)
    this.emit(devices.size > DEVICES_OF_ONE ? { kind: "stranger-of-many", sender } : { kind: "stranger", ...stranger })
  }

  #mayTell(): boolean {
    const now = this.clock.monotonic()
    if (now - this.#since >= MINUTE_MS) {
      this.#since = now
      this.#thisMinute = 0
    }
    this.#thisMinute++
    if (this.#thisMinute === A_MINUTE + 1) this.emit({ kind: "strangers-flooded" })
    return this.#thisMinute <= A_MINUTE
  }
}

/** Makes it the latest; where there are more than so many, the one that was that longest ago goes. */
export function putLatest<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.size > most ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
}
