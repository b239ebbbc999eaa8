// OSCORE at the gateway's first interface: what is protected is opened, put together and answered; what is not goes on in plain.
import { dirname, join } from "node:path"
import type { Clock } from "../../clock"
import { BlockReceiver } from "../../coap/block"
import type { RandomBytes } from "../../coap/oscore/challenges"
import type { DeviceKeys } from "../../coap/oscore/identity"
import { hasOscore } from "../../coap/oscore/message"
import { OscoreServer } from "../../coap/oscore/server"
import type { Handler } from "../../coap/resource"
import { INVOCATION } from "../../installation"
import type { Log } from "../../log"
import { formatAddress } from "../../topology/address"
import type { Topology } from "../../topology/topology"
import type { Stranger } from "../events"
import { OwnNumbersFile } from "./own-numbers"

export interface SecureOptions {
  readonly topology: Topology
  readonly keys: DeviceKeys
  readonly randomBytes: RandomBytes
  readonly clock: Clock
  readonly log: Log
  readonly onStranger: (stranger: Stranger) => void
  /** Answers what was opened, and what was plain. */
  readonly handler: Handler
  /** Messages in pieces that an address may have under way. */
  readonly perAddress: number
}

const MOST_UNFRAGMENTED_BYTES = 64 * 1024 // MAX_UNFRAGMENTED_SIZE, RFC 8613 §4.1.3.4.2
const PIECES = { transfers: 1024, totalBytes: 4 * 1024 * 1024 } // of all that somebody on the way has cut

export class Secure {
  readonly #server: OscoreServer
  readonly #pieces: BlockReceiver

  constructor(private readonly options: SecureOptions) {
    const { topology, keys, randomBytes, clock, log, onStranger, handler, perAddress } = options
    const numbers = new OwnNumbersFile(join(dirname(topology.gateway.spool), "oscore.numbers"), clock, log)
    this.#server = new OscoreServer({
      keys,
      handler,
      randomBytes,
      ownNumber: () => numbers.take(),
      onStranger: (sender, device) => {
        const ip = formatAddress(device)
        const reason = `${ip} has another key than the one that this was sent with: ${INVOCATION} pair ${ip} shows it`
        onStranger({ sender, address: ip, reason })
      },
    })
    const limits = { ...PIECES, perAddress, bodyBytes: MOST_UNFRAGMENTED_BYTES }
    this.#pieces = new BlockReceiver(limits, clock, this.#server.admit, this.#server.handle)
  }

  /** What is protected is put together before it is opened, where somebody on the way has cut it (§8.2.1). */
  readonly handle: Handler = (request) =>
    hasOscore(request) ? this.#pieces.handle(request) : this.options.handler(request)
}
