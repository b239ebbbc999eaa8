// The sensors of an installation: what they have measured they send by themselves, and the oracle hears of it.
import type { Day } from "../../../src/survey/calendar"
import type { Life } from "../network/life"
import { describe } from "../network/world"
import type { Installation } from "./installation"
import { Speaker, sendUntilTaken } from "./sensor"

export class Sensors {
  readonly #life: Life

  constructor(private readonly installation: Installation) {
    this.#life = installation.person("sensors")
  }

  /** What one has measured of a day, from a time of day on. */
  send(ip: string, day: Day, from?: string): void {
    const { measured, oracle } = this.installation
    const text = measured.text(ip, day, from)
    if (text === "") return
    oracle.sent(ip, day, text)
    this.#perform(async () => {
      const isTaken = await sendUntilTaken(this.#speaker(ip), this.#life, { ip, day, text })
      if (isTaken) oracle.acknowledged(ip, day, text)
    })
  }

  /** The same in plain text, without a day: it counts for the one that the gateway's clock says is over. */
  sayPlainly(ip: string): void {
    const { measured, oracle, gateway } = this.installation
    const day = measured.dayBefore(gateway.now)
    const lines = measured.text(ip, day)
    if (lines === "") return
    oracle.sent(ip, day, lines)
    const datagram = lines.trimEnd().replace(/^/gm, `${ip} `)
    this.#perform(async () => {
      const answer = await this.#speaker(ip).say(datagram)
      if (answer === "Surveys arrived") oracle.acknowledged(ip, day, lines)
    })
  }

  #speaker(ip: string): Speaker {
    return new Speaker(this.#life, this.installation.lan, ip)
  }

  #perform(work: () => Promise<void>): void {
    const failed = (error: unknown) => this.installation.world.fail(`a sensor failed: ${describe(error)}`)
    this.#life.perform(() => void work().catch(failed))
  }
}
