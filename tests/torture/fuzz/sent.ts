// What a session sent, read by the reference: as many of each kind as there must be, none larger than its peer takes.
import { Code } from "../../../src/coap/code"
import type { ReferenceSession } from "./reference-session"
import { ReferenceStream } from "./reference-stream"

const SENT_AT_MOST_BYTES = 1 << 20
const LEAST_MESSAGE_BYTES = 16 // settings and pongs have no text that could be cut

export class Sent {
  readonly #stream = new ReferenceStream()
  #chunks: Uint8Array[] = []

  begin(): void {
    this.#chunks = []
  }

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
  }

  /** What is not as the reference says, if anything. */
  compare(reference: ReferenceSession): string | undefined {
    const stream = this.#stream
    const bytes = Buffer.concat(this.#chunks)
    const counts = { settings: 0, pongs: 0, aborts: 0, requests: 0, answers: 0 }
    stream.begin(SENT_AT_MOST_BYTES)
    while (stream.at < bytes.length) {
      const start = stream.at
      if (stream.next(bytes) !== "frame") return `sent ${bytes.toHex()}, which is malformed`
      const { code, tokenStart, tokenBytes, end } = stream.body
      if (code === Code.Csm) counts.settings++
      else if (code === Code.Pong) counts.pongs++
      else if (code === Code.Abort) counts.aborts++
      else if (code >>> 5 === 0) counts.requests++
      else {
        const token = bytes.subarray(tokenStart, tokenStart + tokenBytes).toHex()
        if (token !== reference.answered[counts.answers]) return `answered ${token} out of turn`
        counts.answers++
      }
      const mostBytes = Math.max(reference.largestPeerMaxMessageBytes, LEAST_MESSAGE_BYTES)
      if (end - start > mostBytes) return `sent ${end - start} bytes, more than the ${mostBytes} that the peer takes`
    }
    const expected = {
      settings: 1,
      pongs: reference.pongs,
      aborts: reference.aborts,
      requests: reference.requestSent ? 1 : 0,
      answers: reference.answered.length,
    }
    const same = Bun.deepEquals(counts, expected)
    return same ? undefined : `sent ${JSON.stringify(counts)} instead of ${JSON.stringify(expected)}`
  }
}
