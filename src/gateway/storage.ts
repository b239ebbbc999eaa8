// The gateway's storage: the spool's file, opened once, and what keeps its knowledge there.
import type { Clock } from "../clock"
import { DurableDatabase } from "../storage/database"
import { GroupCommit } from "../storage/group-commit"
import type { Addressing } from "../topology/addressing"
import type { Topology } from "../topology/topology"
import type { GatewayEvent } from "./events"
import { KnownDevices } from "./ledger/known-devices"
import { Ledger } from "./ledger/ledger"
import { Quarantine } from "./quarantine/quarantine"
import { SPOOL } from "./spool/schema"
import { Spool } from "./spool/spool"

export interface GatewayStorageOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly clock: Clock
  readonly emit: (event: GatewayEvent) => void
}

export class GatewayStorage {
  readonly commits: GroupCommit
  readonly quarantine: Quarantine
  readonly spool: Spool
  readonly ledger: Ledger
  readonly known: KnownDevices

  private constructor(
    readonly database: DurableDatabase,
    { topology, clock }: GatewayStorageOptions,
    onFatal: (error: unknown) => void,
  ) {
    this.commits = new GroupCommit(database, onFatal, clock)
    this.quarantine = new Quarantine(database, topology.limits.quarantine)
    this.spool = new Spool(database, this.commits, this.quarantine, topology.timeZone, clock)
    this.ledger = new Ledger(database, this.commits, clock.now)
    this.known = new KnownDevices(database, this.commits)
  }

  /** Throws as `DurableDatabase.open()` does, StorageInUse while another process has it open. */
  static open(options: GatewayStorageOptions): GatewayStorage {
    const { topology, addressing, emit } = options
    const onFatal = (error: unknown) => emit({ kind: "disk-failed", error })
    const database = DurableDatabase.open(topology.gateway.spool, SPOOL, addressing, onFatal)
    try {
      return new GatewayStorage(database, options, onFatal)
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** Commits what waits. May be called twice. */
  close(): void {
    this.spool.stop()
    this.commits.flush()
    this.database.close()
  }
}
