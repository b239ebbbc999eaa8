// Leaves a request with the gateway, the spool's only writer.
import { leaveRequest, type SpoolRequest } from "../gateway/control/request"
import { StorageError } from "../storage/errors"

/** It is taken up within a minute, or when the gateway starts. Throws StorageError where nothing can be left. */
export function leave(spool: string, request: SpoolRequest): void {
  try {
    leaveRequest(spool, request)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause
    throw new StorageError(`The request cannot be left beside ${spool}, ask as the gateway's own user: ${why}`, {
      cause,
    })
  }
}
