// Plain text as it comes over TCP: collected until its sender pauses or ends, bounded in size and age, and in all.
import type { Clock } from "../clock"
import type { Connection, ConnectionHandler } from "../coap/connection"
import { patienceMs } from "../coap/patience"

export interface TextsOptions {
  readonly clock: Clock
  /** The largest text, bytes. */
  readonly maxBytes: number
  /** Stores a text; the answer is a line for the sender. */
  readonly take: (bytes: Uint8Array, sender: string) => Promise<string>
  /** A text could not be stored, through no fault of its sender's. */
  readonly onError: (text: string) => void
}

const PAUSE_MS = 200 // after which a text is complete (DESIGN.md §5)
const ALL_BYTES = 32 * 1024 * 1024 // of all texts that are not complete

/** Every sender gets one line, and is closed with it. */
export class Texts {
  readonly #open = new Set<Text>()

  constructor(private readonly options: TextsOptions) {}

  accept(connection: Connection): ConnectionHandler {
    const text = new Text(connection, this.options, () => this.#open.delete(text))
    this.#open.add(text)
    return {
      data: (chunk) => {
        text.append(chunk)
        this.#makeRoom()
      },
      end: () => text.complete(),
      close: () => text.drop(),
    }
  }

  /** Where all together are too large, the largest gives way. */
  #makeRoom(): void {
    let bytes = 0
    let largest: Text | undefined
    for (const text of this.#open) {
      bytes += text.sizeBytes
      if (text.sizeBytes >= (largest?.sizeBytes ?? 0)) largest = text
    }
    if (bytes > ALL_BYTES) largest?.refuse("Too many surveys at once: come again")
  }
}

class Text {
  sizeBytes = 0
  readonly #startedAt: number
  #chunks: Uint8Array[] = []
  #cancelPause = () => {}
  #over = false

  constructor(
    private readonly connection: Connection,
    private readonly options: TextsOptions,
    private readonly onOver: () => void,
  ) {
    this.#startedAt = options.clock.now()
  }

  append(chunk: Uint8Array): void {
    if (this.#over) return
    const { clock, maxBytes } = this.options
    this.#cancelPause()
    this.#chunks.push(chunk)
    this.sizeBytes += chunk.length
    if (this.sizeBytes > maxBytes) this.refuse(`More than ${maxBytes} bytes`)
    // a part would be acknowledged as the whole
    else if (clock.now() - this.#startedAt > patienceMs(this.sizeBytes)) this.refuse("No end of it: send it again")
    else this.#cancelPause = clock.after(PAUSE_MS, () => this.complete())
  }

  complete(): void {
    if (this.#over) return
    const { connection, options } = this
    const bytes = Buffer.concat(this.#chunks)
    this.drop()
    connection.pause()
    options.take(bytes, connection.remoteAddress).then(
      (answer) => this.#answer(answer),
      (error) => {
        options.onError(`Plain text from ${connection.remoteAddress} could not be stored: ${error}`)
        connection.destroy()
      },
    )
  }

  refuse(answer: string): void {
    this.drop()
    this.#answer(answer)
  }

  /** Forgets what has come. */
  drop(): void {
    this.#over = true
    this.#cancelPause()
    this.#chunks = []
    this.onOver()
  }

  #answer(line: string): void {
    this.connection.write(Buffer.from(line))
    this.connection.close()
  }
}
