// A mail server that nobody here wrote, npm's smtp-server, with answers that a test gives.
import { SMTPServer, type SMTPServerOptions } from "smtp-server"
import { Messenger, type Outbox, type Waiting } from "../../src/alerts/messenger"
import type { Day } from "../../src/survey/calendar"
import type { Smtp } from "../../src/topology/alerts/smtp"
import { settle, VirtualClock } from "../virtual-clock"

/** Of a name that only whoever has `ca.pem` of the folder believes; made by openssl. */
export async function makeCertificate(folder: string, name = "localhost"): Promise<{ cert: string; key: string }> {
  const words = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 2".split(" ")
  const of = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`]
  await Bun.spawn([...words, ...of], { cwd: folder, stderr: "ignore" }).exited
  const read = (file: string) => Bun.file(`${folder}/${file}`).text()
  return { cert: await read("ca.pem"), key: await read("key.pem") }
}

/** What a server says instead of taking something. */
export const answer = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode })

export class MailServer implements AsyncDisposable {
  /** Each mail as it came: headers and body. */
  readonly mails: string[] = []
  readonly #server: SMTPServer
  port = 0

  constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      closeTimeout: 1,
      onData: (stream, _session, done) => {
        new Response(stream as unknown as ReadableStream).text().then((mail) => {
          this.mails.push(mail)
          done(null)
        }, done)
      },
      ...options,
    })
    this.#server.on("error", () => {}) // a client that goes away
  }

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options)
    const listening = Promise.withResolvers<void>()
    const listener = server.#server.listen(0, "127.0.0.1", listening.resolve)
    await listening.promise
    const address = listener.address()
    server.port = typeof address === "object" && address ? address.port : 0
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.withResolvers<void>()
    this.#server.close(() => closed.resolve())
    await closed.promise
  }
}

interface Kept extends Waiting {
  readonly host: string
  reason: string | null
}

/** Who writes the messages, with an outbox in memory. Pauses take no time. */
export class Writer implements Outbox {
  readonly clock = new VirtualClock()
  readonly logged: string[] = []
  readonly pauses: number[] = []
  readonly messenger: Messenger
  kept: Kept[] = []
  #id = 0

  constructor(
    smtp: Smtp,
    {
      folder = "/",
      environment = {},
      to = ["you@example.org"],
    }: {
      folder?: string
      environment?: Record<string, string>
      to?: string[]
    } = {},
  ) {
    const targets = to.map((address) => ({ kind: "mail", address }) as const)
    const say = (text: string) => void this.logged.push(text)
    const debug = async (text: string) => {
      say(text)
      this.pauses.push(Number(/waits (\d+) s/.exec(text)?.[1]))
      await settle()
      await this.clock.advance((this.clock.next ?? 0) - this.clock.now())
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

  waiting = () => this.kept

  async remove(id: number) {
    this.kept = this.kept.filter((each) => each.id !== id)
  }

  async noteFailure(id: number, reason: string) {
    for (const each of this.kept) if (each.id === id) each.reason = reason
  }

  tell(name = "tomatoes"): void {
    const dry = { address: 1, name, rule: "dry", since: "2026-11-21", value: 12, reason: null } as const
    const day: Day = "2026-11-21"
    for (const letter of this.messenger.compose({ site: "farm", day, began: [dry], ended: [], lasting: [] }))
      this.kept.push({ id: ++this.#id, reason: null, ...letter })
    this.messenger.deliver()
  }

  /** Resolves when all got through, or what is left has failed. */
  async done(): Promise<void> {
    while (this.kept.some(({ reason }) => reason === null)) await settle()
  }

  /** All that anybody could read of it. */
  get said(): string {
    return [...this.logged, ...this.kept.map((each) => JSON.stringify(each))].join("\n")
  }
}
