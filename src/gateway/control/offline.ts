// Does what is asked of a gateway while none runs: on its spool, without its sockets.
import type { Clock } from "../../clock"
import { DurableDatabase } from "../../storage/database"
import { GroupCommit } from "../../storage/group-commit"
import type { Addressing } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import { Collector } from "../intake/collector"
import { Senders } from "../intake/senders"
import { Ledger } from "../ledger/ledger"
import { retentionDays } from "../ledger/retention"
import { Quarantine } from "../quarantine/quarantine"
import { Refusals } from "../quarantine/refused-messages"
import { SPOOL } from "../spool/schema"
import { Spool } from "../spool/spool"
import { carryOut } from "./carry-out"
import type { SpoolRequest } from "./request"

/**
 * Resolves with what was done, in words, once it is durable; what is due for the cloud goes when the gateway starts.
 * Throws StorageInUse while a gateway holds the spool, StorageRefused when the disk refuses.
 * @param addressing of whoever made the spool
 */
export async function carryOutAlone(
  request: SpoolRequest,
  topology: Topology,
  addressing: Addressing,
  clock: Clock,
): Promise<string> {
  const { timeZone, limits } = topology
  const database = DurableDatabase.open(topology.gateway.spool, SPOOL, addressing)
  const ignore = () => {}
  try {
    const commits = new GroupCommit(database, ignore, clock)
    const quarantine = new Quarantine(database, limits.quarantine)
    const spool = new Spool(database, commits, quarantine, timeZone, clock)
    const ledger = new Ledger(database, commits, clock.now)
    const refusals = new Refusals({ quarantine, commits, clock, onFlood: ignore, onRefused: ignore })
    const collector = new Collector({
      spool,
      ledger,
      refusals,
      timeZone,
      retentionDays: retentionDays(topology),
      now: clock.now,
      onLate: ignore,
      onRefused: ignore,
    })
    const senders = new Senders(topology, addressing, ignore)
    const parts = { database, commits, quarantine, spool, ledger, collector, senders, timeZone, declared: topology }
    const done = await carryOut(request, { ...parts, onDue: ignore })
    spool.stop()
    commits.flush()
    return done
  } finally {
    database.close()
  }
}
