// Messages to Python's own HTTP server, which shares nothing with what sends them: late, wrong, busy, silent, gone.
import { expect, test } from "bun:test"
import type { WebTarget } from "../../src/topology/alerts/targets"
import { Desk, linesOf, until } from "./desk"

const PROGRAM = `
import http.server, json, time
busy = 0
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global busy
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(json.dumps([self.path, self.headers["Title"], self.headers["Content-Type"], body]), flush=True)
        if self.path == "/late": time.sleep(0.5)
        if self.path == "/silent": time.sleep(60)
        if self.path == "/wrong": return self.wfile.write(b"SSH-2.0-OpenSSH_9.2\\r\\n")
        if self.path == "/nothing": return
        busy += self.path == "/busy"
        if self.path == "/busy" and busy < 3:
            self.send_response(429); self.send_header("Retry-After", "70")
        elif self.path == "/gone": self.send_response(410)
        elif self.path == "/moved":
            self.send_response(308); self.send_header("Location", "/topic")
        elif self.path == "/ill": self.send_response(503)
        else: self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
`

import { speakDirectly } from "./direct"

class Server implements AsyncDisposable {
  readonly heard: string[][] = []
  readonly #child = Bun.spawn(["python3", "-c", PROGRAM], { stdout: "pipe" })
  port = 0

  static async start(): Promise<Server> {
    const server = new Server()
    const lines = linesOf(server.#child.stdout)
    server.port = Number((await lines.next()).value)
    server.#listen(lines)
    return server
  }

  async #listen(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) this.heard.push(JSON.parse(line))
  }

  of(path: string): WebTarget {
    return { kind: "web", url: `http://127.0.0.1:${this.port}${path}` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await this.#child.exited
  }
}

speakDirectly()

const withPython = test.skipIf(!Bun.which("python3"))

withPython("Python's server takes a message as text with its title, and in the form of a service", async () => {
  await using server = await Server.start()
  const desk = new Desk([server.of("/topic"), { ...server.of("/services/x"), as: "slack" }])
  desk.tell()
  await desk.done()
  const text = "Saturday 21 November 2026\n✖ 0.0.0.1 tomatoes: dry, 12 %"
  await until(() => server.heard.length === 2)
  expect(server.heard.sort()).toEqual([
    ["/services/x", null, "application/json", JSON.stringify({ text: `farm: 1 new (dry)\n${text}` })],
    ["/topic", "farm: 1 new (dry)", "text/plain; charset=utf-8", text],
  ] as string[][])
  expect(desk.kept).toEqual([])
})

withPython("an answer that is late is waited for", async () => {
  await using server = await Server.start()
  const desk = new Desk([server.of("/late")])
  desk.tell()
  await desk.done()
  await until(() => server.heard.length >= 1) // it tells of a request beside its answer
  expect([desk.kept, desk.pauses, server.heard.length]).toEqual([[], [], 1])
})

withPython("429 is heeded, for as long as it asks", async () => {
  await using server = await Server.start()
  const desk = new Desk([server.of("/busy")])
  desk.tell()
  await desk.done()
  await until(() => server.heard.length >= 3)
  expect([desk.kept, desk.pauses, server.heard.length]).toEqual([[], [70, 70], 3])
})

withPython.each([
  ["/gone", 1, /^127\.0\.0\.1:\d+ answers 410: check alerts\.to\[0\]$/],
  ["/moved", 1, /^127\.0\.0\.1:\d+ answers 308: redirections are not followed, alerts\.to\[0\] needs the final URL$/],
  ["/ill", 5, /^127\.0\.0\.1:\d+ answers 503$/],
  ["/wrong", 5, /^127\.0\.0\.1:\d+ cannot be reached \(\w+\)$/],
  ["/nothing", 5, /^127\.0\.0\.1:\d+ cannot be reached \(\w+\)$/],
])("%s is asked %d times, and the message is kept with the reason", async (path, tries, reason) => {
  await using server = await Server.start()
  const desk = new Desk([server.of(path)])
  desk.tell()
  await desk.done()
  expect(desk.kept[0]?.reason).toMatch(reason)
  expect(desk.pauses).toHaveLength(tries - 1)
})

withPython("a server that answers nothing is left after 10 s, and one that has gone is told", async () => {
  const server = await Server.start()
  const silent = new Desk([server.of("/silent")])
  silent.tell()
  for (let tries = 1; tries <= 5; tries++) {
    await until(() => server.heard.length === tries)
    await silent.clock.advance(10_000)
  }
  await silent.done()
  expect(silent.kept[0]?.reason).toBe(`127.0.0.1:${server.port} does not answer within 10 s`)
  await server[Symbol.asyncDispose]()
  const gone = new Desk([server.of("/topic")])
  gone.tell()
  await gone.done()
  expect(gone.kept[0]?.reason).toMatch(/ cannot be reached \((ECONNREFUSED|ECONNRESET|ConnectionRefused)\)$/)
})
