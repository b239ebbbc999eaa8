// A mail as Python's aiosmtpd takes it, which shares nothing with what sends it.
import { expect, test } from "bun:test"
import { linesOf } from "./desk"
import { writer } from "./mail-server"

const PROGRAM = `
import asyncio, email, email.policy, json
from aiosmtpd.smtp import SMTP
class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps([envelope.mail_from, envelope.rcpt_tos, mail["subject"], mail["auto-submitted"], mail.get_content().replace("\\r", "")]), flush=True)
        return "250 2.0.0 it is in the box"
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("full"): return "452 4.2.2 The box is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"
async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
`

const python = ["/usr/bin/python3", "python3"].find(
  (name) => Bun.which(name) && Bun.spawnSync([name, "-c", "import aiosmtpd"], { stderr: "ignore" }).success,
)

test.skipIf(!python)(
  "aiosmtpd (Debian's python3-aiosmtpd) takes a mail, and a full box is tried five times",
  async () => {
    const child = Bun.spawn([python ?? "", "-c", PROGRAM], { stdin: "pipe", stdout: "pipe" })
    try {
      const lines = linesOf(child.stdout)
      const port = Number((await lines.next()).value)
      const smtp = { host: "127.0.0.1", port, security: "none", from: "farm@example.org" } as const
      const desk = writer(smtp, { to: ["you@example.org", "full@example.org"] })
      desk.tell(12, "Käthe")
      await desk.done()
      expect(JSON.parse((await lines.next()).value ?? "")).toEqual([
        "farm@example.org",
        ["you@example.org"],
        "farm: 1 new (dry)",
        "auto-generated",
        "Saturday 21 November 2026\n✖ 0.0.0.1 Käthe: dry, 12 %\n",
      ])
      expect(desk.kept.map(({ host, reason }) => [host, reason])).toEqual([
        ["full@example.org", "127.0.0.1 answers 452 4.2.2 The box is full"],
      ])
      expect(desk.pauses).toHaveLength(4)
    } finally {
      child.kill()
    }
  },
)
