// One end of a simulated TCP connection as its machine's kernel keeps it.
import type { RawSocket, TcpConnection } from "../../../src/net/connection"
import type { Life } from "./life"
import { GIVEN_UP_MS, type Wire } from "./wire"

const WINDOW_BYTES = 16 * 1024

export class End implements RawSocket {
  readonly connection: TcpConnection
  peer: End | undefined
  readonly #disown: () => void
  #lastArrival = 0
  #underWayBytes = 0
  #waitsForRoom = false
  #isPaused = true // until its owner is there
  #held: (() => void)[] = []
  #isShut = false
  #isOver = false

  constructor(
    private readonly wire: Wire,
    private readonly life: Life,
    private readonly address: string,
    connect: (socket: End) => TcpConnection,
  ) {
    this.connection = connect(this)
    this.#disown = life.own({ end: (silently) => this.abandon(silently) })
  }

  write(bytes: Uint8Array): number {
    if (this.#isOver || this.#isShut) return -1
    const taken = bytes.subarray(0, Math.max(0, WINDOW_BYTES - this.#underWayBytes))
    this.#waitsForRoom = taken.length < bytes.length
    this.#underWayBytes += taken.length
    this.life.world.record(`stream ${this.connection.endpoint}`, taken)
    for (const piece of this.wire.cut(taken)) this.#sendPiece(piece)
    this.life.reach("send")
    return taken.length
  }

  shutdown(): void {
    if (this.#isShut || this.#isOver) return
    this.#isShut = true
    this.#send(0, (peer) => peer.#take(() => peer.connection.peerEnded()))
  }

  end(): void {
    this.shutdown()
    this.#close()
    this.life.after(0, () => this.connection.socketClosed())
  }

  terminate(): void {
    this.abandon(false)
  }

  pause(): void {
    this.#isPaused = true
  }

  /** Also when its owner is there at last: what came before goes to it. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.life.after(0, () => this.#release())
  }

  /** @param silently the peer hears nothing */
  abandon(silently: boolean): void {
    if (this.#isOver) return
    this.#close()
    if (!silently) this.#reset()
  }

  #sendPiece(piece: Uint8Array): void {
    this.#send(piece.length, (peer) =>
      peer.#take(() => {
        peer.connection.received(piece)
        this.#underWayBytes -= piece.length
        if (!this.#waitsForRoom) return
        this.#waitsForRoom = false
        this.life.after(0, () => this.connection.writable())
      }),
    )
  }

  /** To an end that is there no more the answer is a reset. */
  #send(sizeBytes: number, arrive: (peer: End) => void): void {
    const isSent = this.#dispatch(sizeBytes, (peer) => {
      if (peer.#isOver) peer.#reset()
      else arrive(peer)
    })
    if (!isSent) this.life.after(GIVEN_UP_MS, () => this.#fail("ETIMEDOUT"))
  }

  /** A reset is not sent again when it is lost. */
  #reset(): void {
    if (!this.wire.isCut) this.#dispatch(0, (peer) => peer.life.perform(() => peer.#fail("ECONNRESET")))
  }

  /** Whether it arrives. */
  #dispatch(sizeBytes: number, arrive: (peer: End) => void): boolean {
    const { clock, dark } = this.wire.net
    const at = this.wire.arrival(this.#lastArrival, sizeBytes)
    if (at === undefined) return false
    this.#lastArrival = at
    clock.after(at - clock.now(), () => {
      if (this.peer && !dark.has(this.peer.address)) arrive(this.peer)
    })
    return true
  }

  #take(work: () => void): void {
    if (this.#isPaused || this.#held.length > 0) this.#held.push(work)
    else this.life.perform(work)
  }

  #release(): void {
    const next = this.#isPaused || this.#isOver ? undefined : this.#held.shift()
    if (!next) return
    next()
    this.life.after(0, () => this.#release())
  }

  #fail(code: string): void {
    if (this.#isOver) return
    this.#close()
    this.connection.socketClosed(Object.assign(new Error(`read ${code}`), { code }))
  }

  #close(): void {
    this.#isOver = true
    this.#disown()
  }
}
