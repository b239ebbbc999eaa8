// What everybody in one cycle knows, and what the parts of the network run with that are not killed.
import type { Random } from "../../../src/clock"
import type { Event, Summary, Topology } from "../../../src/network"
import { MovableClock } from "../../end-to-end/fixture"
import type { Book } from "./book"
import type { Ground } from "./ground"
import type { Kill, Role, Start } from "./kill"
import type { Programme } from "./programme"
import type { Tap } from "./tap"

export interface CycleOptions {
  readonly ground: Ground
  readonly programme: Programme
  readonly role: Role
  readonly start: Start
  readonly seed: number
  /** Without one the process runs to its end. */
  readonly kill?: Kill | undefined
  /** Whether the last change comes while the cloud's word on the survey before it is still under way. */
  readonly interleaved: boolean
  /** A module that puts a fault into the process that is to be killed. */
  readonly fault?: string | undefined
  /** Where the system calls of that process are written down. */
  readonly traceTo?: string | undefined
  /** How long the gateway waits for whoever is missing. */
  readonly grace?: string | undefined
}

export interface Scene extends CycleOptions {
  readonly topology: Topology
  readonly random: Random
  readonly book: Book
  readonly tap: Tap
  /** Lines that the cloud listed. */
  readonly listed: string[]
  /** What broke the promise. */
  readonly failures: string[]
}

const SPEED = 10 // of the time of parts that are not killed: they wait a second before they try again

/** For a network of these parts, in this process. */
export function surroundings({ failures, listed }: Scene) {
  const ignore = () => {}
  const fail = (text: unknown) => void failures.push(String(text))
  return {
    clock: new MovableClock(Date.now(), SPEED),
    log: { debug: ignore, info: ignore, warn: ignore, error: fail },
    print: (lines: string) => void listed.push(...lines.trimEnd().split("\n")),
    listener: (event: Event) => {
      if (event.kind === "disk-failed") fail(event.error)
    },
  }
}

export function expectComplete({ failures }: Scene, { complete, missing, delivered }: Summary): void {
  if (complete) return
  const absent = missing.map(({ device: { ip } }) => ip).join(", ")
  failures.push(`the last collection is not complete: ${delivered ? `missing ${absent}` : "not delivered"}`)
}
