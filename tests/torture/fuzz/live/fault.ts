// Preloaded into a gateway: some answers are longer than their requests, and some acknowledge what is not stored.
import { Spool } from "../../../../src/gateway/spool/spool"
import type { Peer } from "../../../../src/net/udp"
import { UdpSocket } from "../../../../src/net/udp"

const EXTRA_BYTES = 400
const LONG_EVERY = 5 // honest devices get through
const LOST_EVERY = 3

const send = UdpSocket.prototype.send
let answers = 0
UdpSocket.prototype.send = function (this: UdpSocket, datagram: Uint8Array, peer: Peer) {
  const extraBytes = ++answers % LONG_EVERY === 0 ? EXTRA_BYTES : 0
  send.call(this, Buffer.concat([datagram, new Uint8Array(extraBytes)]), peer)
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
