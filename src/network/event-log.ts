// What happens as lines for people, bounded: whoever can cause one can cause a million.
import type { Clock } from "../clock"
import { lineFor } from "../gateway/intake/strangers"
import { bounded, boundedBy, type Log, sparing } from "../log"
import { StorageUnavailable } from "../storage/errors"
import { formatRange } from "../topology/address"
import type { Addressing } from "../topology/addressing"
import type { Topology } from "../topology/topology"
import type { Listener } from "./events"

export interface EventLogOptions {
  readonly log: Log
  readonly clock: Clock
  /** As it is now: it may change. */
  readonly topology: () => Topology
  readonly addressing: Addressing
}

// lines a minute: whoever repeats itself is told all the same
const OF_SENDERS = { perPeer: 10, overall: 60 }
const OF_SITES = { perPeer: 10, overall: 60 }
const OF_DELIVERIES = 10
const WORTH_SAYING_MS = 5000

/** How a run went is not among them: whoever shows runs says that. */
export function eventLog({ log, clock: { monotonic }, topology, addressing }: EventLogOptions): Listener {
  const flooded = sparing(log.warn, monotonic)
  const uploadsRefused = sparing(log.error, monotonic)
  const deliveriesRefused = sparing(log.error, monotonic)
  const refused = boundedBy(OF_SENDERS, (text) => log.warn(`Refused: ${text}`), monotonic)
  const refusedStrangers = boundedBy(OF_SENDERS, (text) => log.warn(`Refused: ${text}`), monotonic)
  const superseded = boundedBy(OF_SENDERS, log.info, monotonic)
  const dropped = boundedBy(OF_SITES, log.info, monotonic)
  const alternating = boundedBy({ ...OF_SITES, perPeer: 1 }, log.warn, monotonic)
  const deliveredLater = bounded(OF_DELIVERIES, log.info, monotonic)

  return (event) => {
    switch (event.kind) {
      case "not-sent":
        return log.debug(`${event.device.ip}: ${event.reason}`)
      case "postponed":
        if (event.waitMs < WORTH_SAYING_MS) return
        return log.info(`${event.device.ip}: ${event.reason}. It comes again in ${seconds(event.waitMs)}`)
      case "line-refused":
        return log.warn(`Refused: ${event.text}`)
      case "stranger": {
        const line = lineFor(event, topology(), addressing)
        const hint = line ? `. To take it in, add to ${topology().file}:  ${line}` : ""
        return log.warn(`Refused: ${event.reason}${hint}`)
      }
      case "stranger-of-many":
        return log.warn(
          `Refused: ${event.sender} speaks for many addresses, and what else it names is not told: see status`,
        )
      case "strangers-flooded":
        return log.warn("Refused: more strangers come than are told here: see status")
      case "quarantine-flooded":
        return flooded("Refused messages come faster than they are kept in quarantine")
      case "uploads-refused":
        return uploadsRefused(`${event.error.message}: uploads are refused until there is room`)
      case "not-delivered":
        return log.warn(
          `Not delivered: ${event.error.message}. Again in ${seconds(event.againInMs)}; the surveys are safe here`,
        )
      case "delivered-between-runs":
        if (event.surveys > 0) deliveredLater(`Delivered later, readings: ${event.readings}`)
        if (event.refused === 0) return
        return log.warn(`Surveys that the cloud refuses: ${event.refused}. They are safe here: see status`)
      case "refused":
        return (event.isStranger ? refusedStrangers : refused)(event.text, event.sender)
      case "superseded": {
        const values = event.values === 1 ? "1 value" : `${event.values} values`
        const survey = `${event.site} ${event.ip} ${event.day}`
        return superseded(`${survey}: ${values} gave way to newer ones, kept as superseded`, event.sender)
      }
      case "dropped":
        return dropped(`${event.site} has dropped ${event.day} of ${formatRange(event.devices)}`, event.site)
      case "spools-alternate":
        return alternating(
          `Two gateways deliver for ${event.site} in turn, each from a spool of its own: only one should. Nothing is lost`,
          event.site,
        )
      case "deliveries-refused":
        return deliveriesRefused(
          event.error instanceof StorageUnavailable
            ? `${event.error.message}. Deliveries are refused until then, and safe in their spools`
            : `${event.error.message}: deliveries are refused until there is room`,
        )
    }
  }
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`
