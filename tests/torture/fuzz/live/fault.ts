// Preloaded into a gateway: answers become longer than their requests, and now and then one acknowledges nothing stored.

import { Spool } from "../../../../src/gateway/spool/spool"
import type { Peer } from "../../../../src/net/udp"
import { UdpSocket } from "../../../../src/net/udp"

const EXTRA_BYTES = 400
const LOST_EVERY = 3

const send = UdpSocket.prototype.send
UdpSocket.prototype.send = function (this: UdpSocket, datagram: Uint8Array, peer: Peer) {
  send.call(this, Buffer.concat([datagram, new Uint8Array(EXTRA_BYTES)]), peer) // options that say nothing
}

const accept = Spool.prototype.accept
let uploads = 0
Spool.prototype.accept = function (this: Spool, ...of: Parameters<typeof accept>) {
  if (++uploads % LOST_EVERY > 0) return accept.apply(this, of)
  return Promise.resolve({
    kind: "accepted",
    first: false,
    changed: false,
    late: false,
    readings: 1,
    refused: 0,
    repeated: false,
  })
}
