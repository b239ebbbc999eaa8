// Where history goes: to the gateway, the spool's only writer, or to its spool where none runs.
import { systemClock } from "../../clock"
import { type Imported, type ImportedSurvey, readImported } from "../../gateway/control/import"
import { type OfflineGateway, openOffline } from "../../gateway/control/offline"
import { addressingOf, SPOOL } from "../../gateway/spool/schema"
import { openForReading } from "../../storage/database"
import { StorageInUse } from "../../storage/errors"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import { askGateway, unanswered } from "../ask"

const REFUSED = 503

export class Destination implements Disposable {
  #offline: OfflineGateway | undefined

  constructor(private readonly topology: Topology) {}

  /** What goes to the cloud waits until the gateway starts. */
  get isOffline(): boolean {
    return this.#offline !== undefined
  }

  /**
   * Resolves when these are durable; a text says why the disk refuses them, and given once more they go on. Throws
   * StorageError where the gateway cannot be asked, or its spool not be opened.
   */
  async take(surveys: readonly ImportedSurvey[]): Promise<Imported | string> {
    const request = { ask: "import" as const, surveys: [...surveys] }
    if (this.#offline) return said(await this.#offline.carryOut(request))
    const answer = await askGateway(request, this.topology.gateway.spool)
    if (!answer) {
      this.#offline = this.#open()
      return said(await this.#offline.carryOut(request))
    }
    const { status, text } = answer
    if (status === REFUSED) return text
    if (status !== 200) throw status < 500 ? new UsageError(text) : new Error(text)
    return said(text)
  }

  [Symbol.dispose](): void {
    this.#offline?.[Symbol.dispose]()
  }

  #open(): OfflineGateway {
    const sqlite = openForReading(this.topology.gateway.spool, SPOOL)
    const addressing = addressingOf(sqlite)
    sqlite.close()
    try {
      return openOffline(this.topology, addressing, systemClock)
    } catch (error) {
      throw error instanceof StorageInUse ? unanswered(error, this.topology) : error
    }
  }
}

function said(text: string): Imported {
  const imported = readImported(text)
  if (!imported) throw new Error(`The gateway is of another version, and answers: ${text}`)
  return imported
}
