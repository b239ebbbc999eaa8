// Standard output and standard error: what is written is whole when the process ends, however slowly somebody reads it.
import { fstatSync } from "node:fs"
import { pause, systemClock } from "./clock"

const HURRIED_WITHIN_MS = 1000
const LEAST_WIDTH = 20 // columns; what does not fit that is left to the terminal

/** Node's streams know terminals, and take a tenth of a start to load: they are asked only where it may be one. */
const STREAMS = { 0: () => process.stdin, 1: () => process.stdout, 2: () => process.stderr }

export class Output {
  #sink: Bun.FileSink | undefined
  #isTerminal: boolean | undefined
  #failure: unknown

  constructor(private readonly descriptor: 1 | 2) {}

  get isTerminal(): boolean {
    this.#isTerminal ??= isTerminal(this.descriptor)
    return this.#isTerminal
  }

  /** Columns that a line may have now; undefined where it is no terminal, so that nothing has to fit. */
  get width(): number | undefined {
    const columns = this.isTerminal ? STREAMS[this.descriptor]().columns : 0
    return columns > 0 ? Math.max(columns, LEAST_WIDTH) : undefined
  }

  /** Why something was not written; undefined where all was, or where the reader went away. */
  get failure(): unknown {
    return this.#failure
  }

  /** Resolves when the text is handed to the system, or cannot be; it never rejects. */
  async write(text: string): Promise<void> {
    try {
      // Bun.write() makes room from a file's start, so that one appended to gets zeros
      this.#sink ??= (this.descriptor === 1 ? Bun.stdout : Bun.stderr).writer()
      this.#sink.write(text)
      await this.#sink.flush()
    } catch (error) {
      // a reader that went away, as `| head -1` does, must not end a collection, and there is nobody left to tell
      if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) this.#failure ??= error
    }
  }
}

export const stdout = new Output(1)
export const stderr = new Output(2)

export function isTerminal(descriptor: keyof typeof STREAMS): boolean {
  return fstatSync(descriptor).isCharacterDevice() && STREAMS[descriptor]().isTTY === true
}

let isHurried = false

/** Somebody asked the process to end: it waits only a moment longer for whoever does not read. */
export function hurryOutput(): void {
  isHurried = true
}

/**
 * Resolves when all that was written is handed to the system, or cannot be. A reader may take its time, as `less` does;
 * who does not want to wait for it presses Ctrl-C.
 */
export async function flushOutput(): Promise<void> {
  const whole = Promise.all([stdout.write(""), stderr.write("")])
  await (isHurried ? Promise.race([whole, pause(systemClock, HURRIED_WITHIN_MS)]) : whole)
}
