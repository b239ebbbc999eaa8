// Which datagrams are handled, and in which order: those of declared devices first, everybody else's after them. Each of
// the two has bounds of its own, so that no crowd of strangers takes what devices need, and in them each address has.
import type { Clock, Random } from "../../clock"
import { boundedBy } from "../../log"
import { Allowance } from "../../net/allowance"
import { Turns } from "../../net/turns"
import type { Peer } from "../../net/udp"
import type { Senders } from "./senders"

export interface AdmissionOptions {
  /** Datagrams that an address may send, and all of one side together. */
  readonly perSecond: { readonly perAddress: number; readonly overall: number }
  /** 127.0.0.1 in the simulated network is as good as a device: it may speak for all, and where there is no other it does. */
  readonly senders: Pick<Senders, "maySpeak">
  readonly clock: Clock
  readonly random: Random
  /** Must not throw. */
  readonly handle: (datagram: Uint8Array, peer: Peer) => void
  readonly warn: (text: string) => void
}

/** Declared devices, or everybody else. */
interface Side {
  readonly allowance: Allowance
  readonly warn: (text: string, peer: string) => void
}

interface Arrived {
  readonly datagram: Uint8Array
  readonly peer: Peer
  readonly isDeclared: boolean
}

export class Admission {
  readonly #devices: Side
  readonly #others: Side
  readonly #turns: Turns<Arrived>

  constructor(private readonly options: AdmissionOptions) {
    const { clock, handle } = options
    this.#devices = sideOf(options)
    this.#others = sideOf(options)
    this.#turns = new Turns({
      clock,
      handle: ({ datagram, peer }) => handle(datagram, peer),
      sizeOf: ({ datagram }) => datagram.length,
      ownerOf: ({ peer }) => peer.address,
      isUrgent: ({ isDeclared }) => isDeclared,
    })
  }

  /** Handles a datagram when it is its turn, or drops it. */
  take(datagram: Uint8Array, peer: Peer): void {
    const { address } = peer
    const isDeclared = this.options.senders.maySpeak(address)
    const { allowance, warn } = isDeclared ? this.#devices : this.#others
    if (!allowance.take(address)) {
      warn(`${address} sends faster than limits.perPeer.datagramsPerSecond: datagrams are dropped`, address)
    } else if (!this.#turns.add({ datagram, peer, isDeclared })) {
      warn("Datagrams come faster than this machine can take them: some are dropped", "")
    }
  }

  /** Forgets what waits. */
  stop(): void {
    this.#turns.stop()
  }
}

function sideOf({ perSecond, clock, random, warn }: AdmissionOptions): Side {
  return {
    allowance: new Allowance(perSecond.perAddress, perSecond.overall, clock, random),
    warn: boundedBy({ perPeer: 1, overall: 20 }, warn, clock.monotonic),
  }
}
