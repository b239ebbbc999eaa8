// Messages to servers on this machine, over HTTP as it is: late, wrong, busy, silent, gone.
import { expect, test } from "bun:test"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { tryAll } from "../../src/alerts/messenger"
import type { WebTarget } from "../../src/topology/alerts/targets"
import { settle, VirtualClock } from "../virtual-clock"
import { Desk, until } from "./desk"
import { speakDirectly } from "./direct"

const SECRET = "5b0b7b5e"
const MEANS = { site: "farm", folder: "/", smtp: undefined }

speakDirectly()

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
  expect(desk.said).not.toContain(SECRET)
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
  expect(desk.said).not.toContain(SECRET)
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
  expect(desk.said + again.said).not.toContain(SECRET)
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

test("update() drops what waits for somebody who is not told any more, and says so", async () => {
  await using server = new Server(() => new Response(null, { status: 404 }))
  const desk = new Desk([server.target])
  desk.tell(12)
  await until(() => desk.kept[0]?.reason !== null)
  desk.messenger.update({ targets: [], ...MEANS })
  desk.messenger.deliver()
  await until(() => desk.kept.length === 0)
  expect(server.heard).toHaveLength(1)
  expect(desk.logged.at(-1)).toBe(`A message to ${server.host} is dropped, as alerts.to does not name it any more`)
})

test("update() brings what waits for a URL that was mistaken to the one that is right", async () => {
  await using wrong = new Server(() => new Response(null, { status: 404 }))
  await using right = new Server()
  await using other = new Server()
  const desk = new Desk([other.target, wrong.target])
  desk.tell(12)
  await until(() => desk.kept.length === 1 && desk.kept[0]?.reason !== null)
  desk.messenger.update({ targets: [other.target, right.target], ...MEANS })
  await until(() => desk.kept.length === 0)
  expect(right.heard).toEqual([said(12)])
  expect(other.heard).toHaveLength(1)
})

test("a message that waits between its tries says why in the outbox", async () => {
  await using server = new Server(() => new Response(null, { status: 503 }))
  const desk = new Desk([server.target], { skipsPauses: false })
  desk.tell(12)
  await until(() => desk.kept[0]?.reason !== null)
  expect(desk.kept[0]?.reason).toContain("503")
  expect(server.heard).toHaveLength(1)
  await desk.messenger.stop()
})

test("Messenger brings a message that comes while the outbox is read for its target", async () => {
  await using server = new Server()
  const desk = new Desk([server.target])
  const { waiting } = desk
  const reads: PromiseWithResolvers<void>[] = []
  desk.waiting = async () => {
    const read = Promise.withResolvers<void>()
    const rows = [...(await waiting())]
    reads.push(read)
    await read.promise
    return rows
  }
  const answer = async (place: number) => {
    await until(() => reads.length > place)
    reads[place]?.resolve()
  }
  desk.tell(12)
  for (const place of [0, 1]) await answer(place) // who is waited for; what waits
  await until(() => reads.length === 3) // nothing more
  desk.tell(13)
  await answer(3)
  await settle()
  await answer(2)
  for (const place of [4, 5]) await answer(place)
  await until(() => desk.kept.length === 0)
  expect(server.heard).toEqual([said(12), said(13)])
  await desk.messenger.stop()
})

test("Messenger reads an outbox that could not be read again an hour later", async () => {
  await using server = new Server()
  const desk = new Desk([server.target])
  const { waiting } = desk
  desk.waiting = () => Promise.reject(new Error("db.example does not answer"))
  desk.tell(12)
  await until(() => desk.logged.length > 0)
  expect(desk.logged).toEqual(["The messages cannot be read or marked: Error: db.example does not answer"])
  desk.waiting = waiting
  await desk.clock.advance(3_600_000)
  await until(() => desk.kept.length === 0)
  expect(server.heard).toEqual([said(12)])
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

test("a URL of the environment, or of a file, is read when it is needed, and told by its place alone", async () => {
  await using server = new Server()
  const folder = await mkdtemp(join(tmpdir(), "smart-meter-url-"))
  const url = `${server.target.url}\n`
  await writeFile(join(folder, "chat"), url, { mode: 0o600 })
  const [file, variable] = [{ kind: "file", path: "chat" } as const, { kind: "variable", name: "CHAT" } as const]
  const targets = [file, variable].map((url): WebTarget => ({ kind: "web", url, as: "json" }))
  const desk = new Desk(targets, { folder, environment: { CHAT: url } })
  desk.tell()
  expect(desk.kept.map(({ host }) => host)).toEqual(["chat", "$CHAT"])
  await desk.done()
  expect([desk.kept, server.heard.length]).toEqual([[], 2])
  expect(desk.said).not.toContain(SECRET)
  await rm(folder, { recursive: true })
  const none = new Desk(targets, { folder, environment: { CHAT: `http://ntfy.sh/${SECRET}` } })
  none.tell()
  await none.done()
  expect(none.kept.map(({ reason }) => reason)).toEqual([
    "chat is not there: write the secret into it",
    "$CHAT must hold an https URL: http is for one's own network",
  ])
  expect(none.said).not.toContain(SECRET)
})
