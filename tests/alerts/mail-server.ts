// A mail server that nobody here wrote, npm's smtp-server, with answers that a test gives.
import { SMTPServer, type SMTPServerOptions } from "smtp-server"
import type { Smtp } from "../../src/topology/alerts/smtp"
import { Desk, type DeskOptions } from "./desk"

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
      ...(!options.key && { disabledCommands: ["STARTTLS"] }), // it has no certificate to speak of
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

/** A desk that writes to these addresses. */
export const writer = (
  smtp: Smtp,
  { to = ["you@example.org"], ...options }: DeskOptions & { to?: string[] } = {},
): Desk =>
  new Desk(
    to.map((address) => ({ kind: "mail", address })),
    { smtp, ...options },
  )
