// What the gateway or the cloud of a bench says goes to standard error; where its disk fails the process ends.
import { systemClock } from "../../../src/clock"
import { eventLog } from "../../../src/network/event-log"
import type { Event } from "../../../src/network/events"
import type { Topology } from "../../../src/topology/topology"

const complain = (text: unknown) => process.stderr.write(`${text}\n`)
const log = { debug() {}, info() {}, warn: complain, error: complain }

export function complaints(topology: Topology) {
  const tell = eventLog({ log, clock: systemClock, topology: () => topology, addressing: "simulated" })
  const emit = (event: Event) => {
    tell(event)
    if (event.kind !== "disk-failed") return
    complain(event.error)
    process.exit(70)
  }
  return { log, emit }
}
