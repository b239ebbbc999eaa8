// The network as the parts above see it: this machine's sockets, or a simulation's in their place.
import { type Connection, type ConnectOptions, connectTcp, listenTcp, type TcpListener, type TcpOptions } from "./tcp"
import type { Peer } from "./udp"
import { canBind, type UdpOptions, UdpSocket } from "./udp"
import { listenUnix, type UnixListener, type UnixOptions } from "./unix"

/** An open UDP port. */
export interface Datagrams {
  readonly port: number
  /** What cannot be sent is lost, as UDP may lose anything; never throws. */
  send(datagram: Uint8Array, peer: Peer): void
  /** May be called twice. */
  close(): void
}

/** They throw, or reject with, an Error of one clear line where nothing else is said. */
export interface Sockets {
  openUdp(options: UdpOptions): Promise<Datagrams>
  listenTcp(options: TcpOptions): TcpListener
  connectTcp(options: ConnectOptions): Promise<Connection>
  /** Throws the system's error. */
  listenUnix(options: UnixOptions): UnixListener
  /** Undefined when the address can be bound here, or why it cannot. */
  canBind(address: string): Promise<Error | undefined>
}

export const systemSockets: Sockets = { openUdp: UdpSocket.open, listenTcp, connectTcp, listenUnix, canBind }
