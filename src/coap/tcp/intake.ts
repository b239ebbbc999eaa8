// What one peer sends, cut into frames and taken one by one; while too much is worked on, the rest waits in the network.
import type { Clock } from "../../clock"
import { Patience } from "../../net/patience"
import { MessageFormatError } from "../option"
import { FrameReader, type ReceivedFrame } from "./frame"

/** Never throws, never rejects. */
export type Work = () => Promise<void> | undefined

export interface IntakeOptions {
  readonly clock: Clock
  readonly maxMessageSizeBytes: number
  /** Pieces of work at the same time. */
  readonly maxInFlight: number
  readonly take: (frame: ReceivedFrame) => void
  /** The stream has no meaning any more, or the peer takes too long for a message. */
  readonly onBroken: (text: string) => void
  /** Something that took its time has finished. */
  readonly onFinished: () => void
  readonly pause: () => void
  /** Half of the places are free again. */
  readonly resume: () => void
}

export class Intake {
  readonly #options: IntakeOptions
  readonly #reader: FrameReader
  readonly #patience: Patience
  readonly #running = new Set<Promise<void>>()
  /** Chunks that have not been read, and what is left of the one before them. */
  #chunks: Uint8Array[] = []
  #frames: Iterator<ReceivedFrame, void> | undefined
  /** The next to be taken, once there is room. */
  #held: ReceivedFrame | undefined
  #paused = false
  #stopped = false

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#reader = new FrameReader(options.maxMessageSizeBytes)
    this.#patience = new Patience(
      options.clock,
      () => this.#reader.pendingBytes,
      () => options.onBroken("a message was begun and not finished"),
    )
  }

  /** Nothing is being worked on or waits. */
  get isIdle(): boolean {
    return this.#running.size === 0 && !this.#held
  }

  /** Bytes came, cut anywhere. */
  receive(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#read()
  }

  begin(work: Work): void {
    const running = work()?.then(() => {
      if (running) this.#running.delete(running)
      this.#read()
      this.#options.onFinished()
    })
    if (running) this.#running.add(running)
  }

  /** Resolves when all that is being worked on now has finished. */
  async currentFinished(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Forgets what has not been taken. */
  stop(): void {
    this.#stopped = true
    this.#patience.stop()
    this.#chunks = []
    this.#frames = undefined
    this.#held = undefined
  }

  #read(): void {
    const { maxInFlight, take, onBroken, pause, resume } = this.#options
    try {
      while (!this.#stopped) {
        this.#held ??= this.#nextFrame()
        const frame = this.#held
        if (!frame || this.#running.size >= maxInFlight) break
        this.#held = undefined
        take(frame)
      }
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error
      onBroken(error.message)
    }
    if (this.#stopped) return
    if (!this.#paused && this.#held) {
      this.#paused = true
      pause()
    } else if (this.#paused && !this.#held && this.#running.size <= maxInFlight / 2) {
      this.#paused = false
      resume()
    }
  }

  #nextFrame(): ReceivedFrame | undefined {
    for (;;) {
      if (!this.#frames) {
        const chunk = this.#chunks.shift()
        if (!chunk) return undefined
        this.#frames = this.#reader.push(chunk)
      }
      const { value } = this.#frames.next()
      if (value) {
        this.#patience.finish()
        return value
      }
      this.#frames = undefined
      if (this.#reader.pendingBytes > 0) this.#patience.begin()
    }
  }
}
