// Where history goes: to the gateway, the spool's only writer, or to its spool where none runs.
import { systemClock } from "../../clock"
import { type Imported, type ImportedSurvey, readImported } from "../../gateway/control/import"
import { type OfflineGateway, openOffline } from "../../gateway/control/offline"
import type { SpoolRequest } from "../../gateway/control/request"
import { readZones, type Zones } from "../../gateway/control/zones"
import { addressingOf, SPOOL } from "../../gateway/spool/schema"
import { INVOCATION } from "../../installation"
import type { UnixAnswer } from "../../net/unix"
import { isThere, openForReading } from "../../storage/database"
import { StorageError, StorageInUse } from "../../storage/errors"
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

  /** By which clock the days are. Throws as `take()` does, and StorageError before the network ever ran. */
  async zones(): Promise<Zones> {
    const { spool } = this.topology.gateway
    if (!isThere(spool)) {
      const first = `start the network once, then import: ${INVOCATION} start`
      throw new StorageError(`${spool} is not there yet, the gateway makes it: ${first}`)
    }
    const answer = await this.#ask({ ask: "zones" })
    const zones = readZones(answer.text)
    if (!zones) throw otherVersion(answer.text)
    return zones
  }

  /** The same; the topology's before the network ever ran. */
  async zonesIfThere(): Promise<Zones> {
    const { gateway, timeZone } = this.topology
    return isThere(gateway.spool) ? await this.zones() : { zone: timeZone, others: {}, delivers: false }
  }

  /**
   * Resolves when these are durable; a text says why the disk refuses them, and given once more they go on. Throws
   * StorageError where the gateway cannot be asked, or its spool not be opened.
   */
  async take(surveys: readonly ImportedSurvey[]): Promise<Imported | string> {
    const { status, text } = await this.#ask({ ask: "import", surveys: [...surveys] })
    if (status === REFUSED) return text
    const imported = readImported(text)
    if (!imported) throw otherVersion(text)
    return imported
  }

  async #ask(request: SpoolRequest): Promise<UnixAnswer> {
    const answer = this.#offline ? undefined : await askGateway(request, this.topology.gateway.spool)
    if (!answer) {
      this.#offline ??= this.#open()
      return { status: 200, text: await this.#offline.carryOut(request) }
    }
    const { status, text } = answer
    if (status === 200 || status === REFUSED) return answer
    throw status < 500 ? new UsageError(text) : new Error(text)
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

const otherVersion = (text: string): Error => new Error(`The gateway is of another version, and answers: ${text}`)
