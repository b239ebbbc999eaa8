// A byte stream cut anywhere: FrameReader against the reference, and encodeFrame() as its inverse (RFC 8323 §3.2).
import { MessageFormatError } from "../../../src/coap/option"
import { encodeFrame, FrameReader, type ReceivedFrame } from "../../../src/coap/tcp/frame"
import { compareOptions, isSlice } from "./codec"
import { frames } from "./corpus"
import type { Dice } from "./dice"
import { appendFrame } from "./grammar"
import { ReferenceStream } from "./reference-stream"
import { Scratch } from "./scratch"
import type { Target } from "./target"

type Push = (reader: FrameReader, chunk: Uint8Array) => Iterable<ReceivedFrame>

const MAX_MESSAGE_BYTES = [64, 300, 1152, 70_000] as const
const FRAME_COUNTS = [1, 1, 2, 3]
const NOTHING = new Uint8Array(1)

export class Frames implements Target {
  readonly name = "frames"
  readonly #scratch = new Scratch()
  readonly #reference = new ReferenceStream()
  readonly #cuts: number[] = []

  constructor(private readonly push: Push = (reader, chunk) => reader.push(chunk)) {}

  check(dice: Dice): string | undefined {
    makeStream(this.#scratch, dice)
    const maxBytes = dice.pick(MAX_MESSAGE_BYTES)
    const bytes = this.#scratch.view
    const reader = new FrameReader(maxBytes)
    this.#reference.begin(maxBytes)
    this.#cuts.length = 0
    const pieces = dice.below(3)
    let refused = false
    let from = 0
    try {
      for (let piece = pieces; from < bytes.length; piece--) {
        const to = piece > 0 ? Math.min(bytes.length, from + 1 + dice.below(24)) : bytes.length
        this.#cuts.push(to)
        for (const frame of this.push(reader, bytes.subarray(from, to))) {
          const wrong = this.#compare(bytes, frame)
          if (wrong !== undefined) return wrong
        }
        from = to
      }
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error
      refused = true
    }
    const verdict = this.#reference.next(bytes)
    if (verdict === "frame") return "a frame was not delivered"
    if (refused !== (verdict === "malformed"))
      return refused ? "refused, though it is valid" : "accepted, though it is malformed"
    const pendingBytes = bytes.length - this.#reference.at
    return refused || reader.pendingBytes === pendingBytes
      ? undefined
      : `${reader.pendingBytes} bytes pending instead of ${pendingBytes}`
  }

  input(): string {
    return `${this.#scratch.view.toHex()} cut at ${this.#cuts.join(" ")}`
  }

  #compare(bytes: Uint8Array, frame: ReceivedFrame): string | undefined {
    const reference = this.#reference
    const start = reference.at
    const verdict = reference.next(bytes)
    if (verdict !== "frame") return `a frame was delivered, though the stream is ${verdict} there`
    const { tokenStart, tokenBytes, payloadStart, end } = reference.body
    if (frame.code !== reference.body.code) return `code ${frame.code}`
    if (frame.sizeBytes !== end - start) return `size ${frame.sizeBytes}`
    if (!isSlice(frame.token, bytes, tokenStart, tokenBytes)) return `token ${frame.token.toHex()}`
    const wrong = compareOptions(frame.options, bytes, reference.body)
    if (wrong !== undefined) return wrong
    if (!isSlice(frame.payload, bytes, payloadStart, end - payloadStart)) return `payload ${frame.payload.toHex()}`
    const again = encodeFrame(frame)
    return isSlice(again, bytes, start, end - start) ? undefined : `written again it is ${again.toHex()}`
  }
}

/** One to three frames, one behind the other, some of them damaged. */
export function makeStream(scratch: Scratch, dice: Dice): void {
  scratch.clear()
  for (let left = FRAME_COUNTS[dice.below(FRAME_COUNTS.length)] ?? 1; left > 0; left--) {
    const from = scratch.length
    const kind = dice.below(16)
    if (kind === 0) scratch.appendRandom(1 + dice.below(24), dice)
    else if (kind < 6) scratch.append(dice.pick(frames) ?? NOTHING)
    else appendFrame(scratch, dice)
    if (dice.below(8) === 0) scratch.mutate(dice, dice.pick(frames) ?? NOTHING, from)
  }
}
