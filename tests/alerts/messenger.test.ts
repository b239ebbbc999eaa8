// Messages to servers on this machine, over HTTP as it is: late, wrong, busy, silent, gone; and one that nobody here wrote.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { Messenger, type Outbox, tryAll, type Waiting } from "../../src/alerts/messenger"
import type { Day } from "../../src/survey/calendar"
import type { Target, WebTarget } from "../../src/topology/alerts/targets"
import { settle, VirtualClock } from "../virtual-clock"

const SECRET = "5b0b7b5e"
const MEANS = { site: "farm", folder: "/", smtp: undefined }

const noProxy = process.env.NO_PROXY
beforeAll(() => {
  process.env.NO_PROXY = "127.0.0.1"
})
afterAll(() => {
  if (noProxy === undefined) delete process.env.NO_PROXY
  else process.env.NO_PROXY = noProxy
})

type Answer = (count: number, request: Request) => Response | Promise<Response>

class Server implements AsyncDisposable {
  readonly heard: string[] = []
  readonly #server: Bun.Server<undefined>

  constructor(answer: Answer = () => new Response("OK")) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        this.heard.push(`${request.headers.get("title")} ${await request.text()}`)
        return answer(this.heard.length, request)
      },
    })
  }

  get host(): string {
    return `127.0.0.1:${this.#server.port}`
  }

  get target(): WebTarget {
    return { kind: "web", url: `http://${this.host}/${SECRET}` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true)
  }
}

interface Kept extends Waiting {
  readonly host: string
  reason: string | null
}

/** In memory: what is durable is the store's. */
class Desk implements Outbox {
  readonly clock = new VirtualClock()
  readonly logged: string[] = []
  readonly messenger: Messenger
  kept: Kept[] = []
  /** When each try that failed was told to wait, ms. */
  readonly pauses: number[] = []

  constructor(targets: readonly Target[], skipsPauses = true) {
    const debug = async (text: string) => {
      this.pauses.push(Number(/waits (\d+) s/.exec(text)?.[1]))
      this.logged.push(text)
      await settle()
      if (skipsPauses) await this.clock.advance((this.clock.next ?? 0) - this.clock.now())
    }
    const say = (text: string) => void this.logged.push(text)
    const log = { debug: (text: string) => void debug(text), warn: say, error: say }
    const told = { targets, ...MEANS }
    this.messenger = new Messenger({ told, outbox: this, environment: {}, clock: this.clock, random: () => 0.5, log })
  }

  waiting = () => this.kept

  async remove(id: number) {
    this.kept = this.kept.filter((each) => each.id !== id)
  }

  async noteFailure(id: number, reason: string) {
    for (const each of this.kept) if (each.id === id) each.reason = reason
  }

  tell(value: number): void {
    const dry = { address: 1, name: "tomatoes", rule: "dry", since: "2026-11-21", value, reason: null } as const
    const day: Day = "2026-11-21"
    const letters = this.messenger.compose({ site: "farm", day, began: [dry], ended: [], lasting: [] })
    for (const letter of letters) this.kept.push({ id: ++id, reason: null, ...letter })
    this.messenger.deliver()
  }

  get secretsTold(): string[] {
    return [...this.logged, ...this.kept.map((each) => JSON.stringify(each))].filter((text) => text.includes(SECRET))
  }
}

let id = 0

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await settle()
}

const said = (value: number) => `farm: 1 new (dry) Saturday 21 November 2026\n✖ 0.0.0.1 tomatoes: dry, ${value} %`

test("Messenger tells each of those who are told, and keeps nothing", async () => {
  await using one = new Server()
  await using two = new Server()
  const desk = new Desk([one.target, { ...two.target, as: "json" }])
  desk.tell(12)
  await until(() => desk.kept.length === 0)
  expect(one.heard).toEqual([said(12)])
  expect(JSON.parse(two.heard[0]?.replace("null ", "") ?? "")).toMatchObject({ title: "farm: 1 new (dry)" })
  await desk.messenger.stop()
  expect(desk.clock.pending).toBe(0)
})

test("Messenger heeds 429 with Retry-After, and tells in order", async () => {
  await using server = new Server((count) =>
    count <= 2 ? new Response(null, { status: 429, headers: { "Retry-After": "60" } }) : new Response("OK"),
  )
  const desk = new Desk([server.target])
  desk.tell(12)
  desk.tell(13)
  await until(() => desk.kept.length === 0)
  expect(server.heard).toEqual([said(12), said(12), said(12), said(13)])
  expect(desk.pauses).toEqual([60, 60])
})

test("Messenger gives a server that answers nothing five tries, then keeps the message with the reason", async () => {
  await using server = new Server(() => new Promise(() => {}))
  await using other = new Server()
  const desk = new Desk([server.target, other.target])
  desk.tell(12)
  await until(() => desk.kept.length === 1) // the other has its own
  for (let tries = 1; tries <= 5; tries++) {
    await until(() => server.heard.length === tries)
    await desk.clock.advance(10_000)
  }
  await until(() => desk.kept[0]?.reason !== null)
  expect(desk.kept.map(({ host, reason }) => [host, reason])).toEqual([
    [server.host, `${server.host} does not answer within 10 s`],
  ])
  expect(other.heard).toEqual([said(12)])
  expect(desk.secretsTold).toEqual([])
  expect(desk.logged.at(-1)).toBe(
    `A message did not get through: ${server.host} does not answer within 10 s. It is tried again: see status`,
  )
})

test.each([
  [404, "answers 404: check alerts.to[0]"],
  [302, "answers 302: redirections are not followed, alerts.to[0] needs the final URL"],
])("Messenger tries %d once, keeps the message, and tries again an hour later", async (status, reason) => {
  await using server = new Server((count) => new Response(null, { status: count === 1 ? status : 200 }))
  const desk = new Desk([server.target])
  desk.tell(12)
  await until(() => desk.kept[0]?.reason !== null)
  expect(desk.kept[0]?.reason).toBe(`${server.host} ${reason}`)
  expect(server.heard).toHaveLength(1)
  await settle()
  await desk.clock.advance(3_600_000)
  await until(() => desk.kept.length === 0)
  expect(server.heard).toEqual([said(12), said(12)])
  expect(desk.secretsTold).toEqual([])
})

test("Messenger keeps what a server that is not there did not get, and a new one brings it", async () => {
  const server = new Server()
  const { target, host } = server
  await server[Symbol.asyncDispose]()
  const desk = new Desk([target])
  desk.tell(12)
  await until(() => desk.kept[0]?.reason !== null)
  expect(desk.kept[0]?.reason).toBe(`${host} cannot be reached (ECONNREFUSED)`)
  await desk.messenger.stop()
  const again = new Desk([target])
  again.kept = desk.kept
  again.messenger.deliver()
  await until(() => again.logged.some((line) => line.startsWith("A message did not")))
  expect([...desk.secretsTold, ...again.secretsTold]).toEqual([])
})

test("stop() gives a silent server one second, and keeps the message", async () => {
  await using server = new Server(() => new Promise(() => {}))
  const desk = new Desk([server.target])
  desk.tell(12)
  await until(() => server.heard.length === 1)
  await desk.clock.run(Promise.all([desk.messenger.stop(), desk.messenger.stop()]))
  expect(desk.clock.now()).toBe(1000)
  expect(desk.kept).toHaveLength(1)
  expect(desk.clock.pending).toBe(0)
})

test("update() drops what waits for somebody who is not told any more", async () => {
  await using server = new Server(() => new Response(null, { status: 404 }))
  const desk = new Desk([server.target])
  desk.tell(12)
  await until(() => desk.kept[0]?.reason !== null)
  desk.messenger.update({ targets: [], ...MEANS })
  desk.messenger.deliver()
  await until(() => desk.kept.length === 0)
  expect(server.heard).toHaveLength(1)
})

test("tryAll() tells what each answers, tried once, and no secret", async () => {
  await using good = new Server()
  await using bad = new Server(() => new Response(null, { status: 403 }))
  const means = { ...MEANS, clock: new VirtualClock(), environment: {} }
  const told = await tryAll([good.target, bad.target], means)
  expect(told).toMatchObject([
    { to: good.host, outcome: { kind: "taken" } },
    { to: bad.host, outcome: { kind: "failed", reason: `${bad.host} answers 403: check alerts.to[1]` } },
  ])
  expect(JSON.stringify(told)).not.toContain(SECRET)
  expect(good.heard).toEqual(["farm: a trial Messages of this network arrive here. Nothing is wrong."])
})

test("Python's own server takes the messages", async () => {
  const program = `
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(repr((self.path, self.headers["Title"], self.headers["Content-Type"], body)), flush=True)
        self.send_response(200); self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.handle_request(); server.handle_request()
`
  const child = Bun.spawn(["python3", "-c", program], { stdout: "pipe" })
  const lines = linesOf(child.stdout)
  const port = (await lines.next()).value
  const desk = new Desk([
    { kind: "web", url: `http://127.0.0.1:${port}/topic` },
    { kind: "web", url: `http://127.0.0.1:${port}/services/x`, as: "slack" },
  ])
  desk.tell(12)
  const heard = [(await lines.next()).value, (await lines.next()).value].sort()
  await child.exited
  const text = "Saturday 21 November 2026\\n✖ 0.0.0.1 tomatoes: dry, 12 %"
  const json = `{"text":"farm: 1 new (dry)\\\\n${text.replace("\\n", "\\\\n")}"}`
  expect(heard).toEqual([
    `('/services/x', None, 'application/json', '${json}')`,
    `('/topic', 'farm: 1 new (dry)', 'text/plain; charset=utf-8', '${text}')`,
  ])
  await until(() => desk.kept.length === 0)
  await desk.messenger.stop()
})

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = ""
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n")
    rest = lines.pop() ?? ""
    yield* lines
  }
}
