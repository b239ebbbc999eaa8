// One UDP socket that sends from any address of 127.0.0.0/8, many datagrams a system call (sendmmsg(2), IP_PKTINFO in
// ip(7)): what would be a socket a device. Bun receives. For Linux on 64-bit machines, where the structures are these.
import { dlopen, ptr } from "bun:ffi"
import { tuneUdpSocket } from "../../src/net/socket-options"
import type { Peer } from "../../src/net/udp"
import { parseAddress } from "../../src/topology/address"

const SLOTS = 128 // datagrams a system call
const DATAGRAM_BYTES = 2048

const AF_INET = 2
const IPPROTO_IP = 0
const IP_PKTINFO = 8

// struct mmsghdr { struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }, len }
const HEADER = { bytes: 64, name: 0, nameLength: 8, vector: 16, vectorLength: 24, control: 32, controlLength: 40 }
const VECTOR = { bytes: 16, base: 0, length: 8 } // struct iovec
const CONTROL = { bytes: 32, length: 0, level: 8, type: 12, source: 20, used: 28 } // struct cmsghdr, struct in_pktinfo
const NAME_BYTES = 16 // struct sockaddr_in

const openLibc = () => dlopen("libc.so.6", { sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" } }).symbols

export class LoopbackSocket implements Disposable {
  readonly #libc = openLibc()
  readonly #name = new DataView(new ArrayBuffer(NAME_BYTES))
  readonly #headers = new DataView(new ArrayBuffer(SLOTS * HEADER.bytes))
  readonly #vectors = new DataView(new ArrayBuffer(SLOTS * VECTOR.bytes))
  readonly #controls = new DataView(new ArrayBuffer(SLOTS * CONTROL.bytes))
  readonly #datagrams = new Uint8Array(SLOTS * DATAGRAM_BYTES)
  readonly #headersAt = ptr(this.#headers)
  #queued = 0

  private constructor(
    private readonly socket: Bun.udp.Socket<"buffer">,
    private readonly descriptor: number,
    server: Peer,
  ) {
    const address = parseAddress(server.address)
    if (address === undefined) throw new Error(`${server.address} is not an IPv4 address`)
    this.#name.setUint16(0, AF_INET, true)
    this.#name.setUint16(2, server.port)
    this.#name.setUint32(4, address)
    for (let slot = 0; slot < SLOTS; slot++) this.#prepare(slot)
  }

  /** Throws where the platform has no such socket. */
  static async open(server: Peer, onDatagram: (datagram: Uint8Array) => void): Promise<LoopbackSocket> {
    const socket = await Bun.udpSocket({
      hostname: "0.0.0.0",
      socket: { data: (_socket, datagram) => onDatagram(datagram) },
    })
    const { fd } = socket as unknown as { fd?: number } // there, but not typed
    if (fd === undefined || !tuneUdpSocket(fd)) throw new Error("a fleet needs Linux")
    return new LoopbackSocket(socket, fd, server)
  }

  /** Queues a datagram from this address; it leaves with the next `flush()`, or when there are many. */
  send(datagram: Uint8Array, source: number): void {
    const slot = this.#queued++
    this.#datagrams.set(datagram, slot * DATAGRAM_BYTES)
    this.#vectors.setUint32(slot * VECTOR.bytes + VECTOR.length, datagram.length, true) // little-endian: the low half
    this.#controls.setUint32(slot * CONTROL.bytes + CONTROL.source, source)
    if (this.#queued === SLOTS) this.flush()
  }

  /** What the kernel does not take is lost, as UDP may lose anything. */
  flush(): void {
    if (this.#queued > 0) this.#libc.sendmmsg(this.descriptor, this.#headersAt, this.#queued, 0)
    this.#queued = 0
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }

  #prepare(slot: number): void {
    const vector = slot * VECTOR.bytes
    const control = slot * CONTROL.bytes
    const header = slot * HEADER.bytes
    this.#vectors.setBigUint64(vector + VECTOR.base, BigInt(ptr(this.#datagrams) + slot * DATAGRAM_BYTES), true)
    this.#controls.setBigUint64(control + CONTROL.length, BigInt(CONTROL.used), true)
    this.#controls.setInt32(control + CONTROL.level, IPPROTO_IP, true)
    this.#controls.setInt32(control + CONTROL.type, IP_PKTINFO, true)
    this.#headers.setBigUint64(header + HEADER.name, BigInt(ptr(this.#name)), true)
    this.#headers.setUint32(header + HEADER.nameLength, NAME_BYTES, true)
    this.#headers.setBigUint64(header + HEADER.vector, BigInt(ptr(this.#vectors) + vector), true)
    this.#headers.setBigUint64(header + HEADER.vectorLength, 1n, true)
    this.#headers.setBigUint64(header + HEADER.control, BigInt(ptr(this.#controls) + control), true)
    this.#headers.setBigUint64(header + HEADER.controlLength, BigInt(CONTROL.bytes), true)
  }
}
