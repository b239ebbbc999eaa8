// The attack over UDP: each kind from a socket of its own at its pace, and no answer may be longer than what was sent.
import type { Peer } from "../../../../src/net/udp"
import { LoopbackSocket } from "../../../bench/loopback"
import type { Kind } from "./barrage"

const TICK_MS = 5
const MOST_AT_ONCE_SECONDS = 0.1 // what a pause has left undone is not made up for: the pace is the attack

export interface FloodReport {
  readonly sent: number
  readonly answers: number
  readonly wrong: readonly string[]
}

export class Flood implements Disposable {
  readonly #lanes: Lane[] = []
  readonly #timer: ReturnType<typeof setInterval>

  private constructor(lanes: Lane[]) {
    this.#lanes = lanes
    this.#timer = setInterval(() => {
      for (const lane of lanes) lane.fire()
    }, TICK_MS)
  }

  static async start(gateway: Peer, kinds: readonly Kind[]): Promise<Flood> {
    return new Flood(await Promise.all(kinds.map((kind) => Lane.open(gateway, kind))))
  }

  report(): FloodReport {
    const sum = (of: (lane: Lane) => number) => this.#lanes.reduce((total, lane) => total + of(lane), 0)
    return {
      sent: sum(({ sent }) => sent),
      answers: sum(({ answers }) => answers),
      wrong: this.#lanes.flatMap((lane) => lane.wrong),
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const lane of this.#lanes) lane[Symbol.dispose]()
  }
}

class Lane implements Disposable {
  sent = 0
  answers = 0
  #longestBytes = 0
  #firedAt = performance.now()
  #due = 0
  #socket: LoopbackSocket | undefined

  private constructor(private readonly kind: Kind) {}

  static async open(gateway: Peer, kind: Kind): Promise<Lane> {
    const lane = new Lane(kind)
    lane.#socket = await LoopbackSocket.open(gateway, (answer) => {
      lane.answers++
      lane.#longestBytes = Math.max(lane.#longestBytes, answer.length)
    })
    return lane
  }

  /** What was answered with more than it was sent, the answer to an empty datagram excepted. */
  get wrong(): string[] {
    const { name, bytes } = this.kind
    const wrong: string[] = []
    if (bytes > 0 && this.#longestBytes > bytes) {
      wrong.push(`${name}: ${bytes} bytes were answered with ${this.#longestBytes}`)
    }
    if (this.answers > this.sent) wrong.push(`${name}: ${this.sent} datagrams were answered with ${this.answers}`)
    return wrong
  }

  fire(): void {
    const { aSecond } = this.kind
    const now = performance.now()
    this.#due = Math.min(this.#due + ((now - this.#firedAt) / 1000) * aSecond, MOST_AT_ONCE_SECONDS * aSecond)
    this.#firedAt = now
    for (; this.#due >= 1; this.#due--) {
      const { datagram, source } = this.kind.make()
      this.#socket?.send(datagram, source)
      this.sent++
    }
    this.#socket?.flush()
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]()
  }
}
