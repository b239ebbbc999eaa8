import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { askUnix, listenUnix, type UnixAnswer } from "../../src/net/unix"

const MODE = 0o660
const LONG_MS = 60_000 // no test waits for it
const LONGER_THAN_SUN_PATH = 108

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unix-"))
  path = join(folder, "own.sock")
})
afterEach(() => rmSync(folder, { recursive: true }))

const echo = async (text: string): Promise<UnixAnswer> => ({ status: 200, text: `heard ${text}` })
const ask = (text: string, withinMs = LONG_MS) => askUnix(path, text, withinMs)

/** Resolves when the listener works on a question; answers it when told to. */
function slowListener() {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<UnixAnswer>()
  const listener = listenUnix({
    path,
    mode: MODE,
    answer: () => {
      asked.resolve()
      return answer.promise
    },
  })
  return { listener, asked: asked.promise, answer: answer.resolve }
}

test("a text is answered with a text and its status, to whoever may write to the file", async () => {
  const statuses = [200, 422, 503]
  const listener = listenUnix({
    path,
    mode: MODE,
    answer: async (text) => ({ status: statuses.shift() ?? 0, text: `heard ${text}` }),
  })
  expect((lstatSync(path).mode & 0o7777).toString(8)).toBe("660")
  for (const status of [200, 422, 503]) expect(await ask("über")).toEqual({ status, text: "heard über" })
  await listener.stop()
  expect(existsSync(path)).toBe(false)
})

test("nothing but a POST is taken", async () => {
  const listener = listenUnix({ path, mode: MODE, answer: echo })
  expect((await fetch("http://gateway/", { unix: path })).status).toBe(405)
  await listener.stop()
})

test("an answer without a word is told by its status, as that to a text which is too long", async () => {
  const listener = listenUnix({ path, mode: MODE, answer: echo })
  expect(await ask("x".repeat(64 * 1024 + 1))).toEqual({ status: 413, text: "The answer is 413 without a word" })
  await listener.stop()
})

test("the socket of a process that was killed gives way", async () => {
  const unix = resolve(import.meta.dir, "../../src/net/unix.ts")
  const script = `const { listenUnix } = await import(${JSON.stringify(unix)})
    listenUnix({ path: ${JSON.stringify(path)}, mode: ${MODE}, answer: async () => ({ status: 200, text: "old" }) })
    console.log("listening")`
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" })
  await child.stdout.getReader().read()
  expect(await ask("")).toEqual({ status: 200, text: "old" })
  child.kill("SIGKILL")
  await child.exited
  expect(lstatSync(path).isSocket()).toBe(true)
  expect(await ask("")).toBeUndefined()
  const listener = listenUnix({ path, mode: MODE, answer: echo })
  expect(await ask("")).toEqual({ status: 200, text: "heard" })
  await listener.stop()
})

test("another file of that name stays, and nobody listens", async () => {
  writeFileSync(path, "a person's")
  expect(() => listenUnix({ path, mode: MODE, answer: echo })).toThrow("EADDRINUSE")
  expect(await Bun.file(path).text()).toBe("a person's")
})

describe("askUnix()", () => {
  test("is undefined where nobody listens", async () => {
    expect(await ask("")).toBeUndefined()
  })

  test("throws where no answer comes in time", async () => {
    const { listener, answer } = slowListener()
    await expect(ask("", 1)).rejects.toThrow(expect.objectContaining({ name: "TimeoutError" }))
    answer({ status: 200, text: "too late" })
    await listener.stop()
  })

  test("throws the system's error where the name cannot be one", async () => {
    path = join(folder, "n".repeat(LONGER_THAN_SUN_PATH))
    await expect(ask("")).rejects.toThrow("ENAMETOOLONG")
  })
})

describe("stop()", () => {
  test("waits until what is under way is answered, while nobody else can ask", async () => {
    const { listener, asked, answer } = slowListener()
    const answered = ask("")
    await asked
    let isStopped = false
    const stopped = listener.stop().then(() => {
      isStopped = true
    })
    expect(await ask("")).toBeUndefined()
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    expect(isStopped).toBe(false)
    answer({ status: 200, text: "done" })
    await stopped
    expect(await answered).toEqual({ status: 200, text: "done" })
    await listener.stop()
  })

  test("does not wait for whoever has said half of a question", async () => {
    const { listener } = slowListener()
    const half = await new Promise<Socket>((resolve) => {
      const socket = connect(path, () => resolve(socket))
    })
    half.write("POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 5\r\n\r\n12")
    const closed = new Promise((resolve) => half.on("close", resolve).on("error", () => {}))
    await listener.stop()
    await closed
  })
})
