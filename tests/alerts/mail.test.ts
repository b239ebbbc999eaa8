// Mails to a server that nobody here wrote: late, wrong, busy, silent, gone, and with what it must not be told.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SMTPServerOptions } from "smtp-server"
import type { Smtp } from "../../src/topology/alerts/smtp"
import { settle } from "../virtual-clock"
import { answer, MailServer, makeCertificate, writer } from "./mail-server"

const PASSWORD = "correct horse 5b0b"
const FORMS = [PASSWORD, btoa(PASSWORD), btoa(`\0me\0${PASSWORD}`)]

type Certificate = Awaited<ReturnType<typeof makeCertificate>>

let folder: string
const hasOpenssl = Bun.which("openssl") !== null
const overTls = test.skipIf(!hasOpenssl)

let certificate: Certificate
let another: Certificate

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smart-meter-mail-"))
  await writeFile(join(folder, "smtp"), `${PASSWORD}\n`, { mode: 0o600 })
  if (!hasOpenssl) return
  await mkdir(join(folder, "other"))
  certificate = await makeCertificate(folder)
  another = await makeCertificate(join(folder, "other"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const plain = (port: number): Smtp => ({ host: "127.0.0.1", port, security: "none", from: "farm@example.org" })

const withTls = (port: number): Smtp => ({
  host: "localhost",
  port,
  security: "starttls",
  user: "me",
  password: { kind: "file", path: "smtp" },
  from: "farm@example.org",
  ca: "ca.pem",
})

const onlyFor =
  (password: string): NonNullable<SMTPServerOptions["onAuth"]> =>
  (auth, _session, done) =>
    auth.username === "me" && auth.password === password
      ? done(null, { user: "me" })
      : done(answer(535, `5.7.8 Bad credentials ${auth.password}`))

const decoded = (mail = ""): string => {
  const [head = "", body = ""] = mail.split("\r\n\r\n")
  return /base64/i.test(head)
    ? Buffer.from(body, "base64").toString()
    : body
        .replaceAll(/=\r\n/g, "")
        .replaceAll(/(=[0-9A-F]{2})+/g, (code) => Buffer.from(code.replaceAll("=", ""), "hex").toString())
}

test("a mail has its subject in one line, its text whole, and says that a machine wrote it", async () => {
  await using server = await MailServer.start()
  const desk = writer(plain(server.port))
  desk.tell(12, "Café 🌱")
  await desk.done()
  expect(desk.kept).toEqual([])
  const [mail = ""] = server.mails
  const headers = mail.slice(0, mail.indexOf("\r\n\r\n")).split("\r\n")
  expect(headers).toContain("Subject: farm: 1 new (dry)")
  expect(headers).toContain("To: you@example.org")
  expect(headers).toContain("From: farm <farm@example.org>")
  expect(headers).toContain("Auto-Submitted: auto-generated")
  expect(headers).toContain("Content-Type: text/plain; charset=utf-8")
  expect(decoded(mail).replaceAll("\r\n", "\n").trim()).toBe("Saturday 21 November 2026\n✖ 0.0.0.1 Café 🌱: dry, 12 %")
})

test("several addresses have a mail each, and one that is refused keeps nothing from the others", async () => {
  await using server = await MailServer.start({
    onRcptTo: ({ address }, _session, done) =>
      done(address === "gone@example.org" ? answer(550, "5.1.1 No such user") : null),
  })
  const desk = writer(plain(server.port), { to: ["you@example.org", "gone@example.org", "me@example.org"] })
  desk.tell()
  await desk.done()
  expect(server.mails.map((mail) => /^To: (.*)$/m.exec(mail)?.[1]?.trim()).sort()).toEqual([
    "me@example.org",
    "you@example.org",
  ])
  expect(desk.kept.map(({ host, reason }) => [host, reason])).toEqual([
    ["gone@example.org", "127.0.0.1 answers 550 5.1.1 No such user: check alerts.to[1]"],
  ])
  expect(desk.pauses).toEqual([])
})

overTls("over STARTTLS with a password from a file, or of the environment", async () => {
  await using server = await MailServer.start({ ...certificate, authOptional: false, onAuth: onlyFor(PASSWORD) })
  const fromFile = writer(withTls(server.port), { folder })
  fromFile.tell()
  await fromFile.done()
  const variable = { kind: "variable", name: "SMTP_PASSWORD" } as const
  const environment = { SMTP_PASSWORD: PASSWORD }
  const fromThere = writer({ ...withTls(server.port), password: variable }, { folder, environment })
  fromThere.tell()
  await fromThere.done()
  expect([fromFile.said, fromThere.said]).toEqual(["", ""])
  expect(server.mails).toHaveLength(2)
})

overTls("over TLS from the start", async () => {
  await using server = await MailServer.start({ ...certificate, secure: true, onAuth: onlyFor(PASSWORD) })
  const desk = writer({ ...withTls(server.port), security: "tls" }, { folder })
  desk.tell()
  await desk.done()
  expect([desk.said, server.mails.length]).toEqual(["", 1])
})

overTls(
  "a password that is refused is tried once, and told without itself, although the server repeats it",
  async () => {
    let tries = 0
    await using server = await MailServer.start({
      ...certificate,
      onAuth: (auth, _session, done) => {
        tries++
        done(answer(535, `5.7.8 not ${auth.password} nor ${FORMS[1]} nor ${FORMS[2]}`))
      },
    })
    const desk = writer(withTls(server.port), { folder })
    desk.tell()
    await desk.done()
    expect(desk.kept[0]?.reason).toBe("localhost answers 535 5.7.8 not *** nor *** nor ***: check alerts.smtp")
    expect(tries).toBe(1)
    for (const form of FORMS) expect(desk.said).not.toContain(form)
  },
)

test("a server that is busy (4xx) is asked again, and one that refuses (5xx) once", async () => {
  let tries = 0
  await using server = await MailServer.start({
    onMailFrom: (_address, _session, done) => done(++tries <= 2 ? answer(451, "4.7.1 Greylisted, come again") : null),
  })
  const desk = writer(plain(server.port))
  desk.tell()
  await desk.done()
  expect([desk.kept, server.mails.length]).toEqual([[], 1])
  expect(desk.logged).toEqual([
    "A message waits 5 s: 127.0.0.1 answers 451 4.7.1 Greylisted, come again",
    "A message waits 14 s: 127.0.0.1 answers 451 4.7.1 Greylisted, come again",
  ])
  tries = Number.NEGATIVE_INFINITY
  await using refusing = await MailServer.start({
    onMailFrom: (_address, _session, done) => done(answer(553, "5.7.1 Not yours")),
  })
  const refused = writer(plain(refusing.port))
  refused.tell()
  await refused.done()
  expect(refused.kept[0]?.reason).toBe("127.0.0.1 answers 553 5.7.1 Not yours: check alerts.smtp")
  expect(refused.pauses).toEqual([])
})

test("what was not taken is tried again an hour later", async () => {
  let isOpen = false
  await using server = await MailServer.start({
    onMailFrom: (_address, _session, done) => done(isOpen ? null : answer(550, "5.7.1 Closed")),
  })
  const desk = writer(plain(server.port))
  desk.tell()
  await desk.done()
  isOpen = true
  await settle()
  await desk.clock.advance(3_600_000)
  while (desk.kept.length > 0) await settle()
  expect(server.mails).toHaveLength(1)
})

test("a server that never greets is left after 30 s, five times, and the message is kept", async () => {
  const open = new Set<unknown>()
  let came = 0
  using server = await silent((socket) => {
    came++
    open.add(socket)
    socket.on("close", () => open.delete(socket))
    socket.on("error", () => {})
  })
  const desk = writer(plain(server.port))
  desk.tell()
  for (let tries = 1; tries <= 5; tries++) {
    while (came < tries) await settle()
    await desk.clock.advance(30_000)
  }
  await desk.done()
  expect(desk.kept[0]?.reason).toBe("127.0.0.1 does not answer within 30 s")
  while (open.size > 0) await settle() // nobody waits there any more
})

test("a server that is not there is told by its name and the system's word", async () => {
  const server = await MailServer.start()
  await server[Symbol.asyncDispose]()
  const desk = writer(plain(server.port))
  desk.tell()
  await desk.done()
  expect(desk.kept[0]?.reason).toBe("127.0.0.1 cannot be reached (ECONNREFUSED)")
  expect(desk.pauses).toHaveLength(4)
})

test("what is no mail server is left alone", async () => {
  using server = await silent((socket) => {
    socket.on("error", () => {})
    socket.write("SSH-2.0-OpenSSH_9.2\r\n")
  })
  const desk = writer(plain(server.port))
  desk.tell()
  await desk.done()
  expect(desk.kept[0]?.reason).toBe("127.0.0.1 cannot be reached (EPROTOCOL)")
})

overTls("no password goes where nothing is encrypted, nor to a server with another certificate", async () => {
  const heard: string[] = []
  const spied: SMTPServerOptions = { onAuth: (auth) => void heard.push(String(auth.password)) }
  await using open = await MailServer.start({
    ...certificate,
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    ...spied,
  })
  await using other = await MailServer.start({ ...another, ...spied })
  for (const { port } of [open, other]) {
    const desk = writer(withTls(port), { folder })
    desk.tell()
    await desk.done()
    expect(desk.kept[0]?.reason).toMatch(/^localhost cannot be reached \(\w+\)$|^localhost answers 5/)
    expect(desk.said).not.toContain(PASSWORD)
  }
  expect(heard).toEqual([])
})

test("a password that is not there, or that others may read, is told by its place", async () => {
  await using server = await MailServer.start()
  await writeFile(join(folder, "open"), PASSWORD)
  await chmod(join(folder, "open"), 0o644)
  const reasonOf = async (password: Smtp["password"]) => {
    const desk = writer({ ...withTls(server.port), password }, { folder })
    desk.tell()
    await desk.done()
    return desk.kept[0]?.reason
  }
  expect(await reasonOf({ kind: "file", path: "keys/smtp" })).toBe(
    "alerts.smtp: keys/smtp is not there: write the secret into it",
  )
  expect(await reasonOf({ kind: "file", path: "open" })).toBe(
    "alerts.smtp: open must be its owner's alone: chmod 600 open",
  )
  expect(await reasonOf({ kind: "variable", name: "SMTP" })).toBe(
    "alerts.smtp: $SMTP is not set: the cloud's service needs it in its environment",
  )
})

test("nodemailer is loaded with the first mail, and not before", async () => {
  const program = `
    await import("./src/network")
    const isLoaded = () => Object.keys(require.cache).some((file) => file.includes("nodemailer"))
    const before = isLoaded()
    await import("nodemailer")
    process.stdout.write(JSON.stringify([before, isLoaded()]))`
  const child = Bun.spawn([process.execPath, "-e", program], { cwd: join(import.meta.dir, "../.."), stdout: "pipe" })
  expect(await new Response(child.stdout).text()).toBe("[false,true]")
})

async function silent(onSocket: (socket: import("node:net").Socket) => void) {
  const server = createServer(onSocket)
  const listening = Promise.withResolvers<void>()
  server.listen(0, "127.0.0.1", listening.resolve)
  await listening.promise
  const address = server.address()
  const port = typeof address === "object" && address ? address.port : 0
  return { port, [Symbol.dispose]: () => void server.close() }
}

test("a mail whose answer is lost goes once more, with the same Message-ID: a mailbox shows it once", async () => {
  const ids: (string | undefined)[] = []
  let drop = true
  await using server = await MailServer.start({
    onData: (stream, _session, done) => {
      new Response(stream as unknown as ReadableStream).text().then((mail) => {
        ids.push(/^Message-ID: (.*)$/im.exec(mail)?.[1]?.trim())
        if (!drop) return done(null)
        drop = false
        done(answer(421, "4.4.2 Lost it"))
      }, done)
    },
  })
  const desk = writer(plain(server.port))
  desk.tell()
  await desk.done()
  desk.tell()
  await desk.done()
  const [first, again, next] = ids
  expect(first).toMatch(/^<[0-9a-f]{16}@example\.org>$/)
  expect([again, ids.length]).toEqual([first, 3])
  expect(next).not.toBe(first)
})
