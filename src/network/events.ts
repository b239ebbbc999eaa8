// All that happens in a network, as one stream that whoever is interested follows: view, log, heartbeat, a script.
// A fault of ours and what a socket complains of are no events: they are lines for the log.
import type { CloudEvent } from "../cloud/events"
import type { DeviceEvent } from "../device/events"
import type { GatewayEvent } from "../gateway/events"
import type { Day } from "../survey/calendar"
import type { Summary } from "./summary"

export type RunEvent =
  /** `owedOnly`: nothing is sent but what the gateway says is owed. */
  | { readonly kind: "run-started"; readonly day: Day; readonly owedOnly: boolean }
  /** `isCutShort`: by a stop, which says nothing of what is missing. */
  | { readonly kind: "run-finished"; readonly day: Day; readonly summary: Summary; readonly isCutShort: boolean }
  | { readonly kind: "run-failed"; readonly day: Day; readonly error: unknown }

export type Event = RunEvent | DeviceEvent | GatewayEvent | CloudEvent

/** It is called where the event happens, so it must not throw, and what takes long is its own to put off. */
export type Listener = (event: Event) => void
