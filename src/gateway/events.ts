// What a gateway tells of its uploads and deliveries.
import type { StorageRefused } from "../storage/errors"
import type { Day } from "../survey/calendar"

/** What one forwarding brought to the cloud. */
export interface Forwarded {
  readonly surveys: number
  readonly readings: number
  readonly bytes: number
  readonly elapsedMs: number
  /** Surveys that the cloud refused on this run. */
  readonly refused: number
  /** Days on which the cloud's store differs although everything was delivered again. */
  readonly differing: readonly Day[]
}

/** Somebody who was refused. */
export interface Stranger {
  /** The address that it came from. */
  readonly sender: string
  /** The device that it spoke for: its own address, where it named none. */
  readonly address: string
  /** What it was told. */
  readonly reason: string
}

export type GatewayEvent =
  /** All due surveys are at the cloud; the collections follow. */
  | ({ readonly kind: "delivered" } & Forwarded)
  /** What came between two runs is at the cloud, and its collections are closed. */
  | ({ readonly kind: "delivered-between-runs" } & Forwarded)
  /** An attempt failed and will be repeated. */
  | { readonly kind: "not-delivered"; readonly error: Error; readonly againInMs: number }
  /** The first refusal of this sender for this device since the start; of each sender only so many. */
  | ({ readonly kind: "stranger" } & Stranger)
  /** This sender speaks for many devices: nothing more is told of it. */
  | { readonly kind: "stranger-of-many"; readonly sender: string }
  /** More strangers come than are told of in a minute. */
  | { readonly kind: "strangers-flooded" }
  /** Refused messages came faster than they are kept: so many of one second are not. */
  | { readonly kind: "quarantine-flooded"; readonly notKept: number }
  /** The spool is full, or the disk refuses. */
  | { readonly kind: "uploads-refused"; readonly error: StorageRefused }
  /** Nothing is certain any more: a new process resumes from what is on the disk. */
  | { readonly kind: "disk-failed"; readonly error: unknown }
