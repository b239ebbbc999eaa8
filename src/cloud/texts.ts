// Plain text as it comes over TCP: complete lines are stored at each pause and at the end, bounded in size and age.
import type { Clock } from "../clock"
import type { Connection, ConnectionHandler } from "../net/connection"
import { patienceMs } from "../net/patience"
import { refusalOf, StorageRefused } from "../storage/errors"
import type { PlainText, Taken } from "./plain-text"

const PAUSE_MS = 1000 // after which what has come is stored
const SILENCE_MS = 300_000 // after which a sender is taken to have ended: as long as a gateway may be silent
const ALL_BYTES = 32 * 1024 * 1024 // of all texts, as far as they are not stored yet
const BYTES_OF_ONE_ADDRESS = ALL_BYTES / 4
const NEWLINE = 0x0a

export class Texts {
  readonly #open = new Set<Text>()
  readonly #bytesByAddress = new Map<string, number>()
  #bytes = 0

  /**
   * @param maxBytes the most of one text that may wait to be stored
   * @param onError is told of a text that could not be stored, through no fault of its sender's
   */
  constructor(
    private readonly plainText: Pick<PlainText, "begin">,
    readonly maxBytes: number,
    readonly clock: Clock,
    readonly onError: (text: string) => void,
  ) {}

  accept(connection: Connection): ConnectionHandler {
    const { remoteAddress } = connection
    const text = new Text(connection, this.plainText.begin(remoteAddress, this.clock.now()), this)
    this.#open.add(text)
    return {
      data: (chunk) => {
        text.append(chunk)
        this.#makeRoom(remoteAddress)
      },
      end: () => text.end(),
      close: () => text.drop(),
    }
  }

  /** So many bytes more of a text are in memory, or less. */
  count({ sender: address }: Text, change: number): void {
    this.#bytes += change
    const bytes = (this.#bytesByAddress.get(address) ?? 0) + change
    if (bytes > 0) this.#bytesByAddress.set(address, bytes)
    else this.#bytesByAddress.delete(address)
  }

  forget(text: Text): void {
    this.#open.delete(text)
  }

  /** Where an address has more than its share, or all have too much: the largest text of whoever has most gives way. */
  #makeRoom(address: string): void {
    if ((this.#bytesByAddress.get(address) ?? 0) > BYTES_OF_ONE_ADDRESS) this.#dismissLargest(address)
    if (this.#bytes <= ALL_BYTES) return
    const [greediest] = [...this.#bytesByAddress].reduce((most, other) => (other[1] > most[1] ? other : most))
    this.#dismissLargest(greediest)
  }

  #dismissLargest(address: string): void {
    let largest: Text | undefined
    for (const text of this.#open) {
      if (text.sender === address && text.sizeBytes >= (largest?.sizeBytes ?? 0)) largest = text
    }
    largest?.refuse("Too many surveys at once: come again")
  }
}

/**
 * One sender's text: waiting → storing → waiting … → over. A pause stores the lines that are complete, and the first pause
 * that stores any is answered; so is the end, with the totals. In between there is no word: a client that closes when it
 * has its answer would be reset by a second one, and what it sent last with it.
 */
class Text {
  #chunks: Uint8Array[] = []
  #waitingBytes = 0
  /** Since when the oldest of what waits has been there, by the monotonic clock. */
  #waitingSince = 0
  /** Something has come that no pause has seen. */
  #isFresh = false
  #storingBytes = 0
  readonly #stored = { readings: 0, refused: 0 }
  #isAnswered = false
  #isEnded = false
  #isOver = false
  #cancelTimer = () => {}

  constructor(
    private readonly connection: Connection,
    /** Stores complete lines, and resolves once they are durable. */
    private readonly take: (lines: Uint8Array) => Promise<Taken>,
    private readonly texts: Texts,
  ) {}

  get sender(): string {
    return this.connection.remoteAddress
  }

  /** What is in memory of it. */
  get sizeBytes(): number {
    return this.#waitingBytes + this.#storingBytes
  }

  append(chunk: Uint8Array): void {
    if (this.#isOver || this.#isEnded) return
    if (this.#waitingBytes === 0) this.#waitingSince = this.texts.clock.monotonic()
    this.#chunks.push(chunk)
    this.#resize(this.#waitingBytes + chunk.length, this.#storingBytes)
    this.#isFresh = true
    const { maxBytes } = this.texts
    if (this.#waitingBytes > maxBytes) this.refuse(`More than ${maxBytes} bytes`)
    else if (this.#isOld()) this.#storeComplete({ isPause: false })
    else this.#wait()
  }

  /** The sender says no more. */
  end(): void {
    if (this.#isOver) return
    this.#isEnded = true
    this.#storeComplete({ isPause: true })
  }

  /** Tells the sender, and forgets what waits. */
  refuse(answer: string): void {
    this.drop()
    this.#say(answer)
    this.connection.close()
  }

  /** Forgets what waits. May be called twice. */
  drop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer()
    this.#chunks = []
    this.#resize(0, 0)
    this.texts.forget(this)
  }

  async #storeComplete({ isPause }: { isPause: boolean }): Promise<void> {
    if (this.#storingBytes > 0) return // it goes on when that is stored
    this.#cancelTimer()
    for (let lines = this.#takeComplete(); lines.length > 0; lines = this.#takeComplete()) {
      if (!(await this.#store(lines))) return
      if (!this.#isEnded) break
    }
    if (this.#isEnded) return this.#finish()
    if (this.#isOld()) return this.refuse("No end of it: send it again")
    const { readings, refused } = this.#stored
    if (isPause && !this.#isAnswered && readings + refused > 0) this.#say(answerOf(readings, refused))
    this.#wait()
  }

  /** False where that ended it all. */
  async #store(lines: Uint8Array): Promise<boolean> {
    const { texts, connection } = this
    this.#resize(this.#waitingBytes, lines.length)
    connection.pause() // what still comes waits in the network, not here
    try {
      const taken = await this.take(lines)
      if (this.#isOver) return false
      if ("refusal" in taken) {
        this.refuse(taken.refusal)
        return false
      }
      this.#stored.readings += taken.readings
      this.#stored.refused += taken.refused
      this.#resize(this.#waitingBytes, 0)
      connection.resume()
      return true
    } catch (error) {
      if (!(error instanceof StorageRefused)) {
        texts.onError(`Plain text from ${this.sender} could not be stored: ${error}`)
      } else if (!this.#isAnswered) {
        this.refuse(refusalOf(error).text)
        return false
      }
      this.drop()
      connection.destroy()
      return false
    }
  }

  #finish(): void {
    const { readings, refused } = this.#stored
    const cutShort = this.#waitingBytes > 0 ? 1 : 0
    this.drop()
    this.#say(answerOf(readings, refused + cutShort))
    this.connection.close()
  }

  /** The complete lines of what waits; the last one stays, where it is cut short. */
  #takeComplete(): Uint8Array {
    const bytes = Buffer.concat(this.#chunks)
    const end = endOfCompleteLines(bytes)
    const rest = bytes.subarray(end)
    this.#isFresh = false
    this.#chunks = rest.length > 0 ? [new Uint8Array(rest)] : [] // a copy, that the whole is not kept with it
    if (end > 0) this.#waitingSince = this.texts.clock.monotonic()
    this.#resize(rest.length, this.#storingBytes)
    return bytes.subarray(0, end)
  }

  /** For the next pause; for a line that was begun, as long as anything unfinished may take; otherwise for anything. */
  #wait(): void {
    this.#cancelTimer()
    if (this.#storingBytes > 0) return
    const { clock } = this.texts
    this.#cancelTimer = this.#isFresh
      ? clock.after(PAUSE_MS, () => this.#storeComplete({ isPause: true }))
      : clock.after(this.#waitingBytes > 0 ? patienceMs(0) : SILENCE_MS, () => this.end())
  }

  #isOld(): boolean {
    const { clock } = this.texts
    return this.#waitingBytes > 0 && clock.monotonic() - this.#waitingSince > patienceMs(this.#waitingBytes)
  }

  #resize(waitingBytes: number, storingBytes: number): void {
    const before = this.sizeBytes
    this.#waitingBytes = waitingBytes
    this.#storingBytes = storingBytes
    this.texts.count(this, this.sizeBytes - before)
  }

  /** The second answer has a line of its own. */
  #say(line: string): void {
    this.connection.write(Buffer.from(this.#isAnswered ? `\n${line}` : line))
    this.#isAnswered = true
  }
}

/** Where a last line that has neither its line end nor its % begins; the length where there is no such line. */
function endOfCompleteLines(bytes: Uint8Array): number {
  const from = bytes.lastIndexOf(NEWLINE) + 1
  const last = Buffer.from(bytes.subarray(from)).toString("latin1").trim()
  return last === "" || last.endsWith("%") ? bytes.length : from
}

function answerOf(readings: number, refused: number): string {
  if (refused > 0) return `${refused} refused, ${readings} stored`
  return `Surveys received, ${readings} ${readings === 1 ? "reading" : "readings"}`
}
