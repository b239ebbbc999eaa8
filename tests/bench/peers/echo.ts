// A raw echo: what a datagram costs on this machine. Two bytes make a confirmable PUT its own acknowledgement, 2.04.
import { Code } from "../../../src/coap/code"
import { tuneUdpSocket } from "../../../src/net/socket-options"

const ACKNOWLEDGEMENT_BITS = 0x20 // type 2 in place of type 0 (RFC 7252 §3)
const DATAGRAMS_PER_CALL = 128

let packets: (Uint8Array | number | string)[] = []

const socket = await Bun.udpSocket({
  hostname: "127.0.0.1",
  socket: {
    data(_socket, datagram, port, address) {
      datagram[0] = (datagram[0] ?? 0) | ACKNOWLEDGEMENT_BITS
      datagram[1] = Code.Changed
      packets.push(datagram, port, address)
      if (packets.length === 3) setImmediate(flush)
    },
  },
})
const { fd } = socket as unknown as { fd?: number } // there, but not typed
if (fd !== undefined) tuneUdpSocket(fd)

function flush(): void {
  const queue = packets
  packets = []
  const slice = 3 * DATAGRAMS_PER_CALL
  for (let at = 0; at < queue.length; at += slice) socket.sendMany(queue.slice(at, at + slice))
}

process.stdout.write(`${socket.port}\n`)
