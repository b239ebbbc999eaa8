// What a process of courses does not leave to the machine, beside what every simulation does not.
import { Requests, type RequestsOptions } from "../../../src/gateway/control/requests"
import { HOUR_MS } from "../network/chance"
import { saveTime, takeDatabases } from "../network/stage"

const LOOK_MS = 3 * HOUR_MS // to look for requests every minute would cost more than all else

/** Once in a process, before the first course. */
export function setStage(): void {
  const { start } = Requests.prototype
  const unhurried = new WeakSet<Requests>()
  takeDatabases()
  saveTime() // nobody looks for requests any more
  Requests.prototype.start = function (this: Requests) {
    if (!unhurried.has(this)) {
      unhurried.add(this)
      const options: RequestsOptions = Reflect.get(this, "options")
      const { clock } = options
      const after: typeof clock.after = (_delayMs, look) => clock.after(LOOK_MS, look)
      Reflect.set(this, "options", { ...options, clock: { ...clock, after } })
    }
    start.call(this)
  }
}
