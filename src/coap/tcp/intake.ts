// What one peer sends, cut into frames and taken one by one; while too much is worked on, the rest waits in the network.
import type { Clock } from "../../clock"
import { Patience } from "../../net/patience"
import { MessageFormatError } from "../option"
import { FrameReader, type ReceivedFrame } from "./frame"

export interface IntakeOptions {
  readonly clock: Clock
  /** The largest message that we accept, announced in our CSM. */
  readonly maxMessageSizeBytes: number
  /** The peer's requests worked on at the same time. */
  readonly maxInFlight?: number
  /** Stop reading: too many requests are in flight. */
  readonly pause?: () => void
  /** Half of their places are free again. */
  readonly resume?: () => void
}

const MAX_IN_FLIGHT = 1024

export class Intake {
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

  /**
   * @param onBroken the stream has no meaning any more, or the peer takes too long for a message
   * @param onFinished something that took its time has finished
   */
  constructor(
    private readonly options: IntakeOptions,
    private readonly take: (frame: ReceivedFrame) => void,
    private readonly onBroken: (text: string) => void,
    private readonly onFinished: () => void,
  ) {
    this.#reader = new FrameReader(options.maxMessageSizeBytes)
    this.#patience = new Patience(
      options.clock,
      () => this.#reader.pendingBytes,
      () => onBroken("a message was begun and not finished"),
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

  /** @param work never throws, never rejects */
  begin(work: () => Promise<void> | undefined): void {
    const running = work()?.then(() => {
      if (running) this.#running.delete(running)
      this.#read()
      this.onFinished()
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
    const { maxInFlight = MAX_IN_FLIGHT, pause, resume } = this.options
    try {
      while (!this.#stopped) {
        this.#held ??= this.#nextFrame()
        const frame = this.#held
        if (!frame || this.#running.size >= maxInFlight) break
        this.#held = undefined
        this.take(frame)
      }
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error
      this.onBroken(error.message)
    }
    if (this.#stopped) return
    if (!this.#paused && this.#held) {
      this.#paused = true
      pause?.()
    } else if (this.#paused && !this.#held && this.#running.size <= maxInFlight / 2) {
      this.#paused = false
      resume?.()
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
