// Does what a person asked of the gateway, and says in words what became of it.
import type { StorageRefused } from "../../storage/errors"
import { describeImported, importSurveys } from "./import"
import type { SpoolRequest } from "./request"
import { deliverAgain } from "./resend"
import { type Retried, Retry, type RetryOptions } from "./retry"
import { describeZones } from "./zones"

export interface CarryOutOptions extends RetryOptions {
  /** The topology may have changed, and is needed as it is now. Where its file is not sound nothing is done. */
  readonly readTopology?: (() => Promise<string>) | undefined
  /** Something may be due for the cloud. */
  readonly onDue?: () => void
}

/** Resolves once it is durable. Throws StorageRefused when the disk refuses; asked once more, it goes on. */
export async function carryOut(request: SpoolRequest, parts: CarryOutOptions): Promise<string> {
  const { commits, quarantine, readTopology, onDue = () => {} } = parts
  switch (request.ask) {
    case "resend": {
      const surveys = await deliverAgain(request, parts)
      onDue()
      return `Asked to deliver ${request.from} to ${request.to} again: ${amount(surveys, "survey")}`
    }
    case "quarantine-retry": {
      await readTopology?.()
      const retried = await new Retry(parts).again(request)
      onDue()
      return `Quarantine: ${describeRetried(retried)}`
    }
    case "quarantine-clear": {
      const dropped = await commits.add(() => quarantine.clear(request))
      return `Quarantine: ${dropped === 1 ? "1 entry" : `${dropped} entries`} dropped`
    }
    case "import": {
      const { declared, collector } = parts
      // a device may have been declared for its history
      if (request.surveys.some(({ address }) => !declared.devices.has(address))) await readTopology?.()
      const imported = await importSurveys(request.surveys, { collector, declared })
      onDue()
      return describeImported(imported)
    }
    case "zones": {
      const { spool, ledger } = parts
      return describeZones({ ...spool.zones(), delivers: ledger.lastClosedDay !== undefined })
    }
    case "drop": {
      const { spool, collector } = parts
      const surveys = await spool.drop(request.day, request)
      await collector.excuse(request.day, request)
      onDue()
      return `Dropped: ${amount(surveys, "survey")} of ${request.day}; the cloud drops what it has of them`
    }
  }
}

/** What whoever asked is told when the disk refuses. */
export const refusedText = ({ message }: StorageRefused): string =>
  `The disk refuses, make room and ask again: ${message}`

/** "2 taken in, 1 refused still, 1 survey due for the cloud again; 3 are damaged, cut or superseded and stay" */
function describeRetried({ taken, refused, due, left }: Retried): string {
  const parts = [`${taken} taken in`, `${refused} refused still`]
  if (due > 0) parts.push(`${amount(due, "survey")} due for the cloud again`)
  const stay = left > 0 ? `; ${left} damaged, cut or superseded by newer values: not tried` : ""
  return `${parts.join(", ")}${stay}`
}

const amount = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`
