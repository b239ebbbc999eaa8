// What a cloud tells of what gateways and senders of plain text bring.
import type { StorageRefused } from "../storage/errors"
import type { Day } from "../survey/calendar"
import type { AddressRange } from "../topology/address"
import type { CollectionReport } from "./report"

export type CloudEvent =
  /** A gateway has closed a day, and the store agrees. `toList`: a reading of it is another one than when it was listed. */
  | {
      readonly kind: "collection-closed"
      readonly site: string
      readonly day: Day
      readonly report: CollectionReport
      readonly toList: boolean
    }
  /** Something was not taken, in words; its sender was told too. A stranger may not speak for whom it spoke for. */
  | { readonly kind: "refused"; readonly text: string; readonly sender: string; readonly isStranger: boolean }
  /** So many values gave way to newer ones of the same time. */
  | {
      readonly kind: "superseded"
      readonly site: string
      readonly ip: string
      readonly day: Day
      readonly values: number
      readonly sender: string
    }
  /** A person has dropped a day at the site's gateway. */
  | { readonly kind: "dropped"; readonly site: string; readonly day: Day; readonly devices: AddressRange }
  /** Two spools deliver for one site in turn. */
  | { readonly kind: "spools-alternate"; readonly site: string }
  /** A rule began or ceased to hold of a site, or has another value: after a run that is a while later than its end. */
  | { readonly kind: "rules-changed"; readonly site: string }
  | { readonly kind: "deliveries-refused"; readonly error: StorageRefused }
  /** Nothing is certain any more: a new process resumes from what is on the disk. */
  | { readonly kind: "disk-failed"; readonly error: unknown }
