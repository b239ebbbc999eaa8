// What devices tell of their uploads.
import type { Day } from "../survey/calendar"
import type { Device } from "../topology/devices"

/** One survey that has arrived at the gateway. */
export interface Uploaded {
  readonly device: Device
  readonly day: Day
  /** Its place, from 1, among the days that this run of the device sends, oldest first, and how many these are. */
  readonly place: number
  readonly days: number
  readonly readings: number
  readonly refused: number
  readonly bytes: number
  readonly elapsedMs: number
  /** Datagrams that had to be sent again. */
  readonly resent: number
}

export type DeviceEvent =
  | ({ readonly kind: "uploaded" } & Uploaded)
  /** Why a day's survey cannot be sent, for now or for good. */
  | { readonly kind: "not-sent"; readonly device: Device; readonly day: Day; readonly reason: string }
  /** The gateway asks to come again after a while. */
  | { readonly kind: "postponed"; readonly device: Device; readonly reason: string; readonly waitMs: number }
  /** A line of a survey breaks a rule; the good ones go on. */
  | { readonly kind: "line-refused"; readonly device: Device; readonly text: string }
