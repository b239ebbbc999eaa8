// An endpoint on a socket of its own, as whoever speaks to a gateway has one.
import { systemClock } from "../../../src/clock"
import { Endpoint, type EndpointOptions } from "../../../src/coap/udp/exchange"
import { UdpSocket } from "../../../src/net/udp"

export interface OpenEndpoint extends Disposable {
  readonly endpoint: Endpoint
  readonly socket: UdpSocket
}

export async function openEndpoint(address: string, options: Partial<EndpointOptions> = {}): Promise<OpenEndpoint> {
  const socket = await UdpSocket.open({
    address,
    port: 0,
    onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
  })
  const endpoint = new Endpoint({
    send: (datagram, peer) => socket.send(datagram, peer),
    clock: systemClock,
    random: Math.random,
    transmission: { ackTimeoutMs: 500, maxRetransmit: 4 },
    ...options,
  })
  return {
    endpoint,
    socket,
    [Symbol.dispose]() {
      endpoint.stop()
      socket.close()
    },
  }
}
