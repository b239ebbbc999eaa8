// The attack over TCP: one connection a stream, each from another address, cut at random and ended in every way.
import type { Socket } from "bun"
import type { Peer } from "../../../../src/net/udp"
import { Dice } from "../dice"
import { ReferenceStream } from "../reference-stream"
import { sourceAddress } from "./places"
import { Attack, type Share } from "./share"
import { Streams } from "./stream"

const LANES = 512 // connections at the same time: most of them wait
const PATIENCE_MS = 300 // for what the cloud still has to say
const MOST_REFUSED = 20 // connections in a row
const LARGEST_ANSWER_BYTES = 1 << 20

export class StreamAttack extends Attack {
  readonly #reference = new ReferenceStream()
  #refusedInARow = 0

  constructor(
    private readonly cloud: Peer,
    seed: number,
    share: Share,
  ) {
    super(seed, share, LANES)
  }

  protected async lane(): Promise<void> {
    const dice = new Dice()
    const streams = new Streams(dice)
    for (let index = this.take(); index !== undefined; index = this.take()) {
      dice.begin(this.seed, index)
      const address = sourceAddress(dice)
      await this.#speak(index, address, streams.make(address), dice)
      this.done++
    }
  }

  async #speak(index: number, address: string, bytes: Uint8Array, dice: Dice): Promise<void> {
    const answer: Uint8Array[] = []
    const closed = Promise.withResolvers<void>()
    const [ending, cuts] = [dice.below(4), dice.below(3)]
    let socket: Socket
    try {
      socket = await connect(this.cloud, address, (chunk) => void answer.push(new Uint8Array(chunk)), closed.resolve)
      this.#refusedInARow = 0
    } catch (error) {
      if (++this.#refusedInARow !== MOST_REFUSED) return
      this.fail(index, `the cloud cannot be reached: ${error}`)
      this.stop()
      return
    }
    let from = 0
    for (let left = cuts; left > 0; left--) {
      const to = from + dice.below(bytes.length - from + 1)
      socket.write(bytes.subarray(from, to))
      from = to
      await new Promise(setImmediate)
    }
    socket.write(bytes.subarray(from))
    if (ending === 0) socket.terminate()
    else {
      if (ending > 1) socket.shutdown()
      const timer = setTimeout(() => socket.terminate(), PATIENCE_MS)
      await closed.promise
      clearTimeout(timer)
    }
    if (!isText(bytes)) this.#checkAnswer(index, Buffer.concat(answer))
  }

  /** Settings first, then whole messages. */
  #checkAnswer(index: number, answer: Uint8Array): void {
    const stream = this.#reference
    stream.begin(LARGEST_ANSWER_BYTES)
    while (stream.at < answer.length) {
      const isFirst = stream.at === 0
      const verdict = stream.next(answer)
      if (verdict === "incomplete") break
      const wrong = verdict === "malformed" || (isFirst && stream.body.code !== CSM)
      if (wrong) return this.fail(index, `the cloud answered ${answer.toHex()}`)
    }
  }
}

const CSM = 0xe1 // 7.01

/** What the cloud takes for plain text, and answers likewise: digits, perhaps behind a byte order mark or white space. */
const isText = (bytes: Uint8Array): boolean =>
  /^(?:\xef\xbb|[\d\s][\d.\s\xef])/.test(String.fromCharCode(...bytes.subarray(0, 2)))

function connect(
  { address, port }: Peer,
  localAddress: string,
  onData: (chunk: Uint8Array) => void,
  onClose: () => void,
): Promise<Socket> {
  const source = { localAddress } // honoured, though not typed
  return Bun.connect({
    hostname: address,
    port,
    allowHalfOpen: true,
    socket: { data: (_socket, chunk) => onData(chunk), end: (socket) => void socket.end(), close: onClose, error() {} },
    ...source,
  })
}
