// A gateway's durable parts on a spool of their own, with a clock that the test moves, and requests without sockets.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isWrong } from "../../src/clock"
import type { Request } from "../../src/coap/resource"
import type { GatewayEvent } from "../../src/gateway/events"
import { Collector } from "../../src/gateway/intake/collector"
import { Senders } from "../../src/gateway/intake/senders"
import { Ledger } from "../../src/gateway/ledger/ledger"
import { Quarantine } from "../../src/gateway/quarantine/quarantine"
import { RefusedMessages } from "../../src/gateway/quarantine/refused-messages"
import type { Upload } from "../../src/gateway/spool/merge"
import { SPOOL } from "../../src/gateway/spool/schema"
import { Spool } from "../../src/gateway/spool/spool"
import { DurableDatabase } from "../../src/storage/database"
import type { StorageRefused } from "../../src/storage/errors"
import { GroupCommit } from "../../src/storage/group-commit"
import type { Day } from "../../src/survey/calendar"
import { surveyDigest } from "../../src/survey/digest"
import { formatAddress, parseAddress } from "../../src/topology/address"
import type { Devices } from "../../src/topology/devices"
import { parseTopology } from "../../src/topology/yaml/load"
import {
  DAY,
  fillDisk,
  makeRoom,
  NOW,
  ofKind,
  type RequestParts,
  TIME_ZONE,
  TOMATOES,
  requestFor as wholeRequest,
} from "../fixtures"
import { SAMPLE } from "../topology/sample"
import { VirtualClock } from "../virtual-clock"

export { DAY, HERBS, LARGE, MORNING, NOW, type RequestParts, SITE, TIME_ZONE, TOMATOES } from "../fixtures"

export const LEMONS = parseAddress("192.168.1.4") ?? 0

/** The run on which the cloud refuses. */
export const RUN = 1

export interface QuarantinedRow {
  kind: string
  reason: string
  text: string
}

export class Bench implements Disposable {
  readonly clock = new VirtualClock(NOW)
  readonly folder = mkdtempSync(join(tmpdir(), "gateway-"))
  readonly late: Upload[] = []
  readonly #events: GatewayEvent[] = []
  /** What the topology says; a test may change it. */
  readonly declared: { devices: Devices } = { devices: parseTopology(SAMPLE, "topology.yaml").devices }
  declare database: DurableDatabase
  declare commits: GroupCommit
  declare quarantine: Quarantine
  declare refusals: RefusedMessages
  declare spool: Spool
  declare ledger: Ledger
  declare collector: Collector

  constructor() {
    this.open()
  }

  readonly emit = (event: GatewayEvent): void => void this.#events.push(event)

  /** What was told of the disk. */
  get refused(): StorageRefused[] {
    return ofKind(this.#events, "uploads-refused").map(({ error }) => error)
  }

  /** How many messages were not kept, of each second that it was told of. */
  get floods(): number[] {
    return ofKind(this.#events, "quarantine-flooded").map(({ notKept }) => notKept)
  }

  open(timeZone = TIME_ZONE): void {
    const { clock, emit } = this
    this.database = DurableDatabase.open(join(this.folder, "spool.db"), SPOOL, "simulated")
    this.commits = new GroupCommit(this.database, () => {}, clock)
    this.quarantine = new Quarantine(this.database, 10_000)
    this.spool = new Spool(this.database, this.commits, this.quarantine, timeZone, clock)
    this.ledger = new Ledger(this.database, this.commits, clock.now)
    this.refusals = new RefusedMessages({
      quarantine: this.quarantine,
      commits: this.commits,
      clock,
      emit,
    })
    this.collector = new Collector({
      spool: this.spool,
      ledger: this.ledger,
      refusals: this.refusals,
      timeZone,
      retentionDays: 90,
      now: clock.now,
      isClockWrong: () => isWrong(clock),
      onLate: (upload) => this.late.push(upload),
      emit,
    })
  }

  /** What requests are carried out with. */
  get parts() {
    const { database, commits, quarantine, spool, ledger, collector, declared } = this
    const senders = new Senders(declared, "simulated")
    return { database, commits, quarantine, spool, ledger, collector, declared, senders, timeZone: TIME_ZONE }
  }

  /** As after a restart: everything again from the disk. */
  reopen(timeZone?: string): void {
    this.database.close()
    this.open(timeZone)
  }

  accept(text: string, address = TOMATOES, day = DAY, isClosed = false) {
    return this.spool.accept(uploadOf(text, address, day), isClosed)
  }

  take(text: string, address = TOMATOES, day = DAY) {
    return this.collector.take(uploadOf(text, address, day))
  }

  due(upTo: Day = "9999-12-31") {
    this.spool.settle().catch(() => {})
    this.commits.flush()
    return this.spool.due(upTo, RUN, 1000)
  }

  /** As it is on the disk, with what waited for the next second. */
  quarantined(): QuarantinedRow[] {
    this.refusals.stop()
    this.commits.flush()
    const sql = "SELECT kind, reason, CAST(bytes AS TEXT) AS text FROM quarantine ORDER BY id"
    return this.database.sqlite.query<QuarantinedRow, []>(sql).all()
  }

  fillDisk(): void {
    fillDisk(this.database.sqlite)
  }

  makeRoom(): void {
    makeRoom(this.database.sqlite)
  }

  [Symbol.dispose](): void {
    this.database.close()
    rmSync(this.folder, { recursive: true })
  }
}

export function uploadOf(text: string, address: number, day: Day): Upload {
  return { address, day, text, digest: surveyDigest(formatAddress(address), day, text), peer: "127.168.1.2:50000" }
}

/** A request that arrives now. */
export const requestFor = (path: string, body: string | Uint8Array = "", parts: RequestParts = {}): Request =>
  wholeRequest(path, body, { arrivedAt: NOW, ...parts })
