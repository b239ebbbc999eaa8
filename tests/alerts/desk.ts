// Who writes the messages: a messenger with an outbox in memory, as what is durable is the store's.
import { Messenger, type Outbox, type Recipients, type Waiting } from "../../src/alerts/messenger"
import type { Day } from "../../src/survey/calendar"
import type { Target } from "../../src/topology/alerts/targets"
import { settle, VirtualClock } from "../virtual-clock"

export interface DeskOptions extends Partial<Omit<Recipients, "targets" | "site">> {
  readonly environment?: Readonly<Record<string, string>>
  /** The pauses between tries take no time. */
  readonly skipsPauses?: boolean
}

interface Kept extends Waiting {
  reason: string | null
}

export class Desk implements Outbox {
  readonly clock = new VirtualClock()
  readonly logged: string[] = []
  readonly messenger: Messenger
  kept: Kept[] = []
  /** When each try that failed was told to wait, s. */
  readonly pauses: number[] = []
  #id = 0
  #failed = 0

  constructor(
    targets: readonly Target[],
    { folder = "/", smtp, environment = {}, skipsPauses = true }: DeskOptions = {},
  ) {
    const debug = async (text: string) => {
      this.pauses.push(Number(/waits (\d+) s/.exec(text)?.[1]))
      this.logged.push(text)
      await settle()
      if (skipsPauses) await this.clock.advance((this.clock.next ?? 0) - this.clock.now())
    }
    const say = (text: string) => {
      this.logged.push(text)
      if (text.startsWith("A message did not get through")) this.#failed++
    }
    this.messenger = new Messenger({
      told: { targets, smtp, site: "farm", folder },
      outbox: this,
      environment,
      clock: this.clock,
      random: () => 0.5,
      log: { debug: (text: string) => void debug(text), warn: say, error: say },
    })
  }

  waiting = async (): Promise<readonly Waiting[]> => this.kept

  async remove(id: number) {
    this.kept = this.kept.filter((each) => each.id !== id)
  }

  async noteFailure(id: number, reason: string) {
    for (const each of this.kept) if (each.id === id) each.reason = reason
  }

  async readdress(target: string, to: { readonly target: string; readonly host: string }) {
    this.kept = this.kept.map((each) => (each.target === target ? { ...each, ...to, reason: null } : each))
  }

  /** That a device of this name is so dry. */
  tell(value = 12, name = "tomatoes"): void {
    const dry = { address: 1, name, rule: "dry", since: "2026-11-21", value, reason: null } as const
    const day: Day = "2026-11-21"
    const letters = this.messenger.compose({ site: "farm", day, began: [dry], ended: [], lasting: [] })
    this.#failed = 0
    for (const letter of letters) this.kept.push({ id: ++this.#id, reason: null, ...letter })
    this.messenger.deliver()
  }

  /** Resolves when all got through, or what is left has failed. */
  async done(): Promise<void> {
    while (this.kept.length > this.#failed) await settle()
  }

  /** All that anybody could read of it. */
  get said(): string {
    return [...this.logged, ...this.kept.map((each) => JSON.stringify(each))].join("\n")
  }
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle()
}

export async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = ""
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
}
