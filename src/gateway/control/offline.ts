// Does what is asked of a gateway while none runs: on its spool, without its sockets.
import type { Clock } from "../../clock"
import { KeyFolder } from "../../keys/folder"
import type { Addressing } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import { Collector } from "../intake/collector"
import { Senders } from "../intake/senders"
import { retentionDays } from "../ledger/retention"
import { RefusedMessages } from "../quarantine/refused-messages"
import { GatewayStorage } from "../storage"
import { carryOut } from "./carry-out"
import type { SpoolRequest } from "./request"

/** A gateway's spool, held while none runs. */
export interface OfflineGateway {
  /**
   * Resolves with what was done, in words, once it is durable; what is due for the cloud goes when the gateway starts.
   * Throws StorageRefused when the disk refuses.
   */
  carryOut(request: SpoolRequest): Promise<string>
  [Symbol.dispose](): void
}

/**
 * Throws StorageInUse while a gateway holds the spool.
 * @param addressing of whoever made the spool
 */
export function openOffline(topology: Topology, addressing: Addressing, clock: Clock): OfflineGateway {
  const { timeZone } = topology
  const emit = () => {} // whoever asked is told of a disk that refuses or fails: it is thrown too
  const storage = GatewayStorage.open({ topology, addressing, clock, emit })
  const collector = new Collector({
    ...storage,
    emit,
    refusals: new RefusedMessages({ ...storage, clock, emit }),
    timeZone,
    retentionDays: retentionDays(topology),
    now: clock.now,
  })
  const keys = KeyFolder.open(topology.folder, clock)
  const areRequired = topology.security === "required"
  const policy = { epochOf: (address: number) => keys.epochOf(address), areRequired }
  const senders = new Senders(topology, addressing, { keys: policy })
  const parts = { ...storage, collector, senders, timeZone, declared: topology }
  return {
    carryOut: (request) => carryOut(request, parts),
    [Symbol.dispose]: () => storage.close(),
  }
}

/** Does one thing, as `openOffline()` has it. */
export async function carryOutOffline(
  request: SpoolRequest,
  topology: Topology,
  addressing: Addressing,
  clock: Clock,
): Promise<string> {
  using gateway = openOffline(topology, addressing, clock)
  return await gateway.carryOut(request)
}
