// Does what is asked of a gateway while none runs: on its spool, without its sockets.
import type { Clock } from "../../clock"
import type { Addressing } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import { Collector } from "../intake/collector"
import { Senders } from "../intake/senders"
import { retentionDays } from "../ledger/retention"
import { RefusedMessages } from "../quarantine/refused-messages"
import { GatewayStorage } from "../storage"
import { carryOut } from "./carry-out"
import type { SpoolRequest } from "./request"

/**
 * Resolves with what was done, in words, once it is durable; what is due for the cloud goes when the gateway starts.
 * Throws StorageInUse while a gateway holds the spool, StorageRefused when the disk refuses.
 * @param addressing of whoever made the spool
 */
export async function carryOutOffline(
  request: SpoolRequest,
  topology: Topology,
  addressing: Addressing,
  clock: Clock,
): Promise<string> {
  const { timeZone } = topology
  const emit = () => {} // whoever asked is told of a disk that refuses or fails: it is thrown too
  const storage = GatewayStorage.open({ topology, addressing, clock, emit })
  try {
    const collector = new Collector({
      ...storage,
      emit,
      refusals: new RefusedMessages({ ...storage, clock, emit }),
      timeZone,
      retentionDays: retentionDays(topology),
      now: clock.now,
    })
    const senders = new Senders(topology, addressing)
    return await carryOut(request, { ...storage, collector, senders, timeZone, declared: topology })
  } finally {
    storage.close()
  }
}
