// Whether a run was complete: the one place that says so, for status, heartbeat, summary and exit code on every host.

/** What a run has to show for itself. */
export interface Account {
  /** The collection is over, and the cloud's store agrees with what the gateway has of the day. */
  readonly agreed: boolean
  /** Expected devices of which nothing is there, whatever the reason. */
  readonly missing: number
  /** Surveys of the day that the cloud refuses. */
  readonly refused: number
}

/** Each expected device's readings of that day are in the store. */
export const isComplete = ({ agreed, missing, refused }: Account): boolean => agreed && missing === 0 && refused === 0

/** Why something is not there: its address, and a line for people. */
export interface Reason {
  readonly ip: string
  readonly reason: string
}

/** Of so many devices the reasons travel, and are shown. */
export const REASONS_KEPT = 100
