// A peer at the cloud's port that sends bodies in blocks, many blocks at a time; with BERT, or a kilobyte each.
import { systemClock } from "../../../../src/clock"
import { blockBytes, encodeBlock } from "../../../../src/coap/block"
import { Code } from "../../../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../../../src/coap/option"
import type { Reply } from "../../../../src/coap/udp/exchange"
import { type CloudConnection, connectToCloud } from "../../../../src/gateway/delivery/connection"
import { silentLog } from "../../../../src/log"
import { systemSockets } from "../../../../src/net/sockets"
import type { Peer } from "../../../../src/net/udp"
import { seededRandom } from "../../../virtual-clock"
import type { Body } from "./body"

const BERT = 7
const LARGEST_EXPONENT = 6
const OPTIONS_ROOM_BYTES = 256
const AT_ONCE = 64 // blocks

export class Sender {
  private constructor(
    readonly address: string,
    private readonly connection: CloudConnection,
  ) {}

  static async open(address: string, cloud: Peer, signal: AbortSignal): Promise<Sender> {
    const connection = await connectToCloud(
      {
        ...cloud,
        localAddress: address,
        sockets: systemSockets,
        maxMessageSizeBytes: 4096,
        clock: systemClock,
        random: seededRandom(0),
        log: silentLog,
      },
      signal,
    )
    return new Sender(address, connection)
  }

  /** Resolves with the answer to its last block, or the first that refuses to go on. */
  async send({ path, format, bytes }: Body, isBert: boolean): Promise<Reply> {
    const exponent = isBert ? BERT : LARGEST_EXPONENT
    const unit = blockBytes(exponent)
    const units = isBert ? Math.floor((this.connection.peerMaxMessageSizeBytes - OPTIONS_ROOM_BYTES) / unit) : 1
    const size = units * unit
    for (let from = 0; ; from += AT_ONCE * size) {
      const group: Promise<Reply>[] = []
      for (let at = from; at < Math.min(bytes.length, from + AT_ONCE * size); at += size) {
        const block = { number: at / unit, more: at + size < bytes.length, exponent }
        const options = [
          ...path.map((segment) => textOption(OptionNumber.UriPath, segment)),
          uintOption(OptionNumber.ContentFormat, format),
          { number: OptionNumber.Block1, value: encodeBlock(block) },
        ]
        group.push(this.connection.request({ code: Code.Put, options, payload: bytes.subarray(at, at + size) }))
      }
      const replies = await Promise.all(group)
      const answer = replies.find(({ code }) => code !== Code.Continue)
      if (answer) return answer
      if (from + AT_ONCE * size >= bytes.length) throw new Error("the last block was answered with 2.31")
    }
  }

  [Symbol.dispose](): void {
    this.connection.destroy()
  }
}
