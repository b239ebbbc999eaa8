// The attack over UDP: batches of datagrams, each batch from another address, as fast as the gateway looks at them.
import type { Peer } from "../../../../src/net/udp"
import { Dice } from "../dice"
import { Datagrams } from "./datagram"
import { FuzzPeer } from "./peer"
import { sourceAddress } from "./places"
import { Attack, type Share } from "./share"

const BATCH = 64
const REPEATED_EVERY = 8
const LANES = 4 // batches on their way at the same time: what waits must fit into the socket's buffer
const LINGERING = 32 // peers that still hear late answers; those that closed give the gateway ICMP errors
const REMEMBERED = 8192 // peers that have closed, because a system gives their ports to others before the last answer came
const PING_MS = 100
const MOST_PINGS = 100

export const DATAGRAMS_A_BATCH = BATCH

export class DatagramAttack extends Attack {
  /** Pings that had to be repeated: the gateway's buffer was full, or it was busy. */
  repeatedPings = 0
  readonly #lingering: FuzzPeer[] = []
  /** By endpoint, those that have closed. */
  readonly #former = new Map<string, FuzzPeer>()

  constructor(
    private readonly gateway: Peer,
    seed: number,
    share: Share,
  ) {
    super(seed, share, LANES)
  }

  /** Closes what is open, too. */
  override stop(): void {
    super.stop()
    for (const peer of this.#lingering.splice(0)) peer.close()
  }

  protected async lane(): Promise<void> {
    const dice = new Dice()
    const datagrams = new Datagrams(dice)
    for (let batch = this.take(); batch !== undefined; batch = this.take()) {
      dice.begin(this.seed, batch)
      const isText = dice.below(4) === 0
      const address = sourceAddress(dice)
      const firstId = dice.below(0x1_0000)
      datagrams.from(address)
      const made: Uint8Array[] = []
      while (made.length < BATCH) {
        const earlier = dice.below(REPEATED_EVERY) === 0 ? made[dice.below(made.length + 1)] : undefined
        if (earlier)
          made.push(earlier.subarray(0, dice.below(2) === 0 ? earlier.length : 4 + dice.below(earlier.length)))
        else if (isText) made.push(datagrams.makeText())
        else made.push(withId(datagrams.makeCoap(), firstId + made.length))
      }
      await this.#send(batch, made, await this.#open(batch, address, firstId, isText))
      this.done++
    }
  }

  #open(batch: number, address: string, firstId: number, isText: boolean): Promise<FuzzPeer> {
    const formerAt = (endpoint: string) => this.#former.get(endpoint)
    const onWrong = (wrong: string) => this.fail(batch, wrong)
    return FuzzPeer.open({ address, gateway: this.gateway, firstId, isText, onWrong, formerAt })
  }

  async #send(batch: number, datagrams: readonly Uint8Array[], peer: FuzzPeer): Promise<void> {
    peer.send(datagrams)
    for (let pings = 1; !(await peer.ping(PING_MS)); pings++) {
      this.repeatedPings++
      if (this.isStopped) break
      if (pings < MOST_PINGS) continue
      this.fail(batch, `the gateway is silent for ${(MOST_PINGS * PING_MS) / 1000} s`)
      super.stop()
    }
    this.#lingering.push(peer)
    if (this.#lingering.length > LINGERING) this.#retire(this.#lingering.shift())
  }

  #retire(peer: FuzzPeer | undefined): void {
    if (!peer) return
    peer.close()
    this.#former.delete(peer.endpoint) // so that it comes last
    this.#former.set(peer.endpoint, peer)
    const [oldest] = this.#former.keys()
    if (this.#former.size > REMEMBERED && oldest !== undefined) this.#former.delete(oldest)
  }
}

/** With a message id, where there is room for one, by which its answer is known. */
function withId(datagram: Uint8Array, id: number): Uint8Array {
  if (datagram.length < 4) return datagram
  datagram[2] = id >> 8
  datagram[3] = id
  return datagram
}
