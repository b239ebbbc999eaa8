// The attack over TCP: one connection a stream, each from another address, cut at random and ended in every way.
import type { Socket } from "bun"
import type { KeyPair } from "../../../../src/keys/files"
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
    /** Where the cloud speaks TLS: what another site's gateway shows. */
    private readonly shown?: KeyPair,
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
    // who shakes no hands is not understood, whatever he says
    const shown = this.shown && dice.below(4) > 0 ? this.shown : undefined
    let socket: Socket
    try {
      const hear = (chunk: Uint8Array) => void answer.push(new Uint8Array(chunk))
      socket = await connect(this.cloud, address, hear, closed.resolve, shown)
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
    if (this.shown ? shown : !isText(bytes)) this.#checkAnswer(index, Buffer.concat(answer))
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

const ALPN = "\x04coap" // RFC 8323 §8.2, in wire format
const CSM = 0xe1 // 7.01

/** What the cloud takes for plain text, and answers likewise: digits, perhaps behind a byte order mark or white space. */
const isText = (bytes: Uint8Array): boolean =>
  /^(?:\xef\xbb|[\d\s][\d.\s\xef])/.test(String.fromCharCode(...bytes.subarray(0, 2)))

/** Resolves when it may be written to. */
async function connect(
  { address, port }: Peer,
  localAddress: string,
  onData: (chunk: Uint8Array) => void,
  onClose: () => void,
  shown?: KeyPair,
): Promise<Socket> {
  const source = { localAddress } // honoured, though not typed
  const shaken = Promise.withResolvers<void>()
  const tls = shown && {
    cert: shown.certificate,
    key: shown.key,
    rejectUnauthorized: false, // it is the cloud that is fuzzed
    ALPNProtocols: ALPN,
  }
  const socket = await Bun.connect({
    hostname: address,
    port,
    allowHalfOpen: true,
    ...(tls && { tls }),
    socket: {
      ...(tls && { handshake: () => shaken.resolve() }),
      data: (_socket, chunk) => onData(chunk),
      end: (socket) => void socket.end(),
      close: () => {
        shaken.resolve()
        onClose()
      },
      error() {},
    },
    ...source,
  })
  if (tls) await shaken.promise
  return socket
}
