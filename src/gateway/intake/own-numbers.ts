// The file of our own numbers in OSCORE (RFC 8613 Appendix B.1.1), beside the spool and no part of it: a spool that is restored
// does not bring old numbers back.
import { readFileSync } from "node:fs"
import { type Clock, isWrong } from "../../clock"
import { OwnNumbers } from "../../coap/oscore/numbers"
import { replaceFile } from "../../keys/files"
import type { Log } from "../../log"

export class OwnNumbersFile {
  #numbers: OwnNumbers | undefined

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
    private readonly log: Pick<Log, "warn">,
  ) {}

  /** As `OwnNumbers.take()`; the file is read when the first one is needed, and most gateways never need one. */
  take(): number | undefined {
    this.#numbers ??= this.#begin()
    return this.#numbers?.take()
  }

  /** Of the file and the clock one has to be right. */
  #begin(): OwnNumbers | undefined {
    const reserved = this.#read()
    if (reserved === undefined && isWrong(this.clock)) return undefined
    return new OwnNumbers({ reserved, now: this.clock.now(), reserve: this.#reserve })
  }

  /** What cannot be read is as good as lost: the clock is beyond it. */
  #read(): number | undefined {
    try {
      const number = Number(readFileSync(this.path, "utf8"))
      return Number.isSafeInteger(number) && number >= 0 ? number : undefined
    } catch {
      return undefined
    }
  }

  readonly #reserve = (upTo: number): boolean => {
    try {
      replaceFile(this.path, `${upTo}\n`)
      return true
    } catch (error) {
      this.log.warn(`${this.path} cannot be written, so sensors with a fixed OSCORE context have to wait: ${error}`)
      return false
    }
  }
}
