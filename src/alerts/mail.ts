// A message by mail: through one server (RFC 5321), whose answer is told, and no word of the password.
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { errorText } from "../format"
import { printable, shorten } from "../printable"
import { readSecret } from "../topology/alerts/secret"
import { SMTP_PORTS, type Smtp } from "../topology/alerts/smtp"
import type { Message } from "./message"
import type { Errand, Failure, Taken } from "./patience"
import { codeOf } from "./post"

export interface MailOptions {
  readonly smtp: Smtp
  /** What relative paths start from. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Mail extends Message {
  /** The same on each try: a mailbox shows it once. */
  readonly id: string
  readonly to: string
  /** Whose network it is of. */
  readonly site: string
  /** Where its address stands in topology.yaml. */
  readonly key: string
}

const WITHIN_MS = 30_000 // a server may look at who comes for a while before it greets
const ANSWER_CHARACTERS = 200

export const mailOf = (mail: Mail, options: MailOptions): Errand => ({
  to: options.smtp.host,
  withinMs: WITHIN_MS,
  attempt: async (signal) => {
    try {
      return await send(mail, options.smtp, kept(options), signal)
    } catch (error) {
      const reason = `alerts.smtp: ${errorText(error)}`
      return { kind: "failed", reason, passing: false }
    }
  },
})

/** What is read anew for each mail: it may have changed. */
interface Kept {
  readonly password: string
  readonly ca: string | undefined
}

/** Throws an Error of one line. */
function kept({ smtp, folder, environment }: MailOptions): Kept {
  return {
    password: smtp.password ? readSecret(smtp.password, folder, environment) : "",
    ca: smtp.ca === undefined ? undefined : readFileSync(resolve(folder, smtp.ca), "utf8"),
  }
}

async function send(mail: Mail, smtp: Smtp, { password, ca }: Kept, signal: AbortSignal): Promise<Taken | Failure> {
  const { host, port, security, user, from } = smtp
  const { createTransport } = await import("nodemailer")
  const transport = createTransport({
    host,
    port: port ?? SMTP_PORTS[security],
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(user !== undefined && { auth: { user, pass: password } }),
    // said out loud: NODE_TLS_REJECT_UNAUTHORIZED=0 would disarm it
    tls: { rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
    connectionTimeout: WITHIN_MS,
    greetingTimeout: WITHIN_MS,
    socketTimeout: WITHIN_MS,
    dnsTimeout: WITHIN_MS,
  })
  try {
    const { response } = await transport.sendMail({
      from: { name: mail.site, address: from },
      to: mail.to,
      messageId: `<${mail.id}@${from.replace(/^.*@/, "")}>`,
      subject: mail.title,
      text: mail.text,
      headers: { "Auto-Submitted": "auto-generated" }, // RFC 3834: nobody's holiday answers it
      xMailer: false,
      signal,
    })
    return { kind: "taken", answer: shown(response, user, password) }
  } catch (error) {
    return failureOf(error, mail, smtp, password)
  }
}

/** What the server has answered says whether another try may help (RFC 5321 §4.2.1): 4xx it may, 5xx not. */
function failureOf(error: unknown, { key }: Mail, { host, user }: Smtp, password: string): Failure {
  const { responseCode, response, command, originalCode } = Object(error) as Partial<Record<string, unknown>>
  if (typeof responseCode === "number" && typeof response === "string") {
    const passing = responseCode < 500
    const advice = passing ? "" : `: check ${command === "RCPT TO" ? key : "alerts.smtp"}`
    return { kind: "failed", reason: `${host} answers ${shown(response, user, password)}${advice}`, passing }
  }
  const code = typeof originalCode === "string" ? originalCode : codeOf(error)
  return { kind: "failed", reason: `${host} cannot be reached (${code})`, passing: true }
}

/** One line, in short. */
const shown = (response: string, user: string | undefined, password: string): string =>
  shorten(printable(masked(response.replaceAll(/\s*[\r\n]+\s*/g, " ").trim(), user, password)), ANSWER_CHARACTERS)

/** A server may repeat what it was told: the password as it is, or as AUTH sends it (RFC 4616). */
function masked(text: string, user = "", password: string): string {
  if (password === "") return text
  const forms = [`\0${user}\0${password}`, password].map((form) => Buffer.from(form).toString("base64"))
  return [password, ...forms].reduce((told, form) => told.replaceAll(form, "***"), text)
}
