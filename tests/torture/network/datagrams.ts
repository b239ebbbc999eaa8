// The devices' network: UDP between the devices and the gateway, over links that have the faults of the scenario.
import type { Clock, Random } from "../../../src/clock"
import type { Datagrams } from "../../../src/net/sockets"
import type { Peer, UdpOptions } from "../../../src/net/udp"
import { type Faults, SeededLink } from "../../coap/udp/seeded-link"
import type { Life } from "./life"

const FIRST_EPHEMERAL = 32_768 // Linux: net.ipv4.ip_local_port_range
const EPHEMERAL = 28_232
const CUT: Faults = { loss: 1, doubled: 0, delayMs: 0, stray: 0 }

export class Lan extends SeededLink {
  /** Addresses whose cable is out until then, ms since the epoch. */
  readonly cutUntil = new Map<string, number>()
  /** Addresses of sensors that could not tell if something was damaged. */
  readonly undamaged = new Set<string>()
  /** When an address sent something last, ms since the epoch. */
  readonly lastSent = new Map<string, number>()
  readonly #taken = new Set<string>()

  constructor(
    private readonly time: Clock,
    private readonly chance: Random,
    faults: Faults,
  ) {
    super(time, chance, faults)
  }

  /** @param fixedPort given for port 0, if it is free: a device whose system always begins with the same one */
  open(life: Life, { address, port, onDatagram }: UdpOptions, fixedPort?: number): Datagrams {
    const own = { address, port: port === 0 ? this.#freePort(address, fixedPort) : port }
    const key = `${address}:${own.port}`
    if (this.#taken.has(key)) throw new Error(`UDP port ${own.port} of ${address} is in use`)
    this.#taken.add(key)
    const send = this.join(own, (datagram, from) => life.perform(() => onDatagram(datagram, from)))
    let isOpen = true
    const end = () => {
      if (!isOpen) return
      isOpen = false
      this.#taken.delete(key)
      this.leave(own)
    }
    const disown = life.own({ end })
    return {
      port: own.port,
      send: (datagram, to) => {
        if (!isOpen || !life.isAlive) return
        this.lastSent.set(address, this.time.now())
        life.world.record(`datagram ${key} ${to.address}:${to.port}`, datagram)
        send(datagram, to)
        life.reach("send")
      },
      close: () => {
        end()
        disown()
      },
    }
  }

  protected override faultsBetween(from: Peer, to: Peer): Faults {
    const now = this.time.now()
    for (const { address } of [from, to]) if (now < (this.cutUntil.get(address) ?? 0)) return CUT
    const isUndamaged = this.undamaged.has(from.address) || this.undamaged.has(to.address)
    return isUndamaged ? { ...this.faults, damaged: 0 } : this.faults
  }

  #freePort(address: string, fixed?: number): number {
    let port = fixed ?? FIRST_EPHEMERAL + Math.floor(this.chance() * EPHEMERAL)
    while (this.#taken.has(`${address}:${port}`)) port++
    return port
  }
}
