// Machines are switched off and on for one purpose at a time: whoever comes meanwhile waits for his turn.
import type { Machine } from "../calendar/machine"
import type { World } from "../network/world"

export interface Errand {
  /** What is done as soon as it is off. */
  readonly off?: () => void
  /** What is done before it is on again. */
  readonly work: () => void
  readonly offMs?: number
}

/** What was on its way has arrived by then, also what TCP had to send again. */
const SETTLED_MS = 5000
const BETWEEN_MS = 10_000

export class Powers {
  readonly #freeAt = new Map<Machine, number>()

  constructor(private readonly world: World) {}

  /** When all that has been asked for is over, ms since the epoch. */
  get busyUntil(): number {
    return Math.max(this.world.clock.now(), ...this.#freeAt.values())
  }

  whileOff(machine: Machine, { off = () => {}, work, offMs = 0 }: Errand): void {
    const { clock } = this.world
    const from = Math.max(clock.now(), this.#freeAt.get(machine) ?? 0)
    const until = from + Math.max(offMs, SETTLED_MS)
    this.#freeAt.set(machine, until + BETWEEN_MS)
    clock.after(from - clock.now(), () => {
      machine.powerOff()
      off()
    })
    clock.after(until - clock.now(), () => {
      work()
      machine.powerOn()
    })
  }
}
