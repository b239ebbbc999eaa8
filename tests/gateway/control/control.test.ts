import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Control } from "../../../src/gateway/control/control"
import type { ControlRequest } from "../../../src/gateway/control/request"
import { socketOf } from "../../../src/gateway/control/socket"
import { systemSockets } from "../../../src/net/sockets"
import { askUnix, type UnixOptions } from "../../../src/net/unix"
import { StorageRefused } from "../../../src/storage/errors"
import { parseTopology } from "../../../src/topology/yaml/load"
import { DAY } from "../fixtures"

const RETRY: ControlRequest = { ask: "quarantine-retry", kind: "line" }
const CLEAR: ControlRequest = { ask: "quarantine-clear", upTo: 7 }
const DROP: ControlRequest = { ask: "drop", day: DAY, first: 0, last: 1 }
const TOO_LONG = "s".repeat(120)
const WITHIN_MS = 60_000

let folder: string
let spool: string
let control: Control
let said: string[]
let done: string[]
let carryOut: (request: ControlRequest) => Promise<string>

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "control-"))
  said = []
  done = []
  carryOut = async ({ ask }) => `${ask} done`
  open("spool.db")
})
afterEach(async () => {
  await control.stop()
  const { shortFolder } = socketOf(spool)
  if (shortFolder) rmSync(shortFolder, { recursive: true, force: true })
  rmSync(folder, { recursive: true })
})

function open(name: string): void {
  spool = join(folder, name)
  writeFileSync(spool, "")
  const log = {
    warn: (text: string) => said.push(`warn ${text}`),
    error: (text: string) => said.push(`error ${text}`),
  }
  control = new Control({ spool, sockets: systemSockets, log, carryOut: (request) => carryOut(request) })
}

const askText = (text: string, name = spool) => askUnix(socketOf(name).path, text, WITHIN_MS)
const ask = (request: ControlRequest, name = spool) => askText(JSON.stringify(request), name)

describe("Control", () => {
  test("answers beside the spool, by whatever name that is called, until it is stopped", async () => {
    const link = join(folder, "link.db")
    symlinkSync(spool, link)
    expect(await ask(RETRY)).toBeUndefined()
    control.start()
    expect(existsSync(`${spool}.sock`)).toBe(true)
    expect(await ask(RETRY)).toEqual({ status: 200, text: "quarantine-retry done" })
    expect(await ask(CLEAR, link)).toEqual({ status: 200, text: "quarantine-clear done" })
    await control.stop()
    expect(existsSync(`${spool}.sock`)).toBe(false)
    expect(await ask(RETRY)).toBeUndefined()
    await control.stop()
  })

  test("answers in a short folder where the spool's name is too long", async () => {
    open(TOO_LONG)
    control.start()
    expect(await ask(RETRY)).toEqual({ status: 200, text: "quarantine-retry done" })
    expect(said).toEqual([])
  })

  test("does one after the other what is asked for at the same time", async () => {
    carryOut = async ({ ask }) => {
      done.push(`${ask} begins`)
      await new Promise(setImmediate)
      done.push(`${ask} ends`)
      return ask
    }
    control.start()
    const answers = await Promise.all([RETRY, CLEAR, DROP].map((request) => ask(request)))
    expect(answers.map((answer) => answer?.text)).toEqual(["quarantine-retry", "quarantine-clear", "drop"])
    const pairs = [0, 2, 4].map((index) => done.slice(index, index + 2))
    expect(pairs.sort()).toEqual(
      ["drop", "quarantine-clear", "quarantine-retry"].map((word) => [`${word} begins`, `${word} ends`]),
    )
  })

  test("answers what is under way when it is stopped, and does not begin what waits", async () => {
    const work = Promise.withResolvers<string>()
    let tell: UnixOptions["answer"] | undefined
    const listenUnix = ({ answer }: UnixOptions) => {
      tell = answer
      return { stop: async () => {} }
    }
    const log = { warn() {}, error() {} }
    control = new Control({ spool, sockets: { listenUnix }, log, carryOut: () => work.promise })
    control.start()
    const answers = [RETRY, DROP].map((request) => tell?.(JSON.stringify(request)))
    await Promise.resolve()
    await control.stop()
    work.resolve("done")
    expect(await Promise.all(answers)).toEqual([
      { status: 200, text: "done" },
      { status: 503, text: "The gateway is stopping: ask again" },
    ])
  })

  test("says that the disk refuses, and does it when asked again", async () => {
    carryOut = async () => {
      throw new StorageRefused("the disk of spool.db is full")
    }
    control.start()
    const refused = "The disk refuses, make room and ask again: the disk of spool.db is full"
    expect(await ask(RETRY)).toEqual({ status: 503, text: refused })
    carryOut = async () => "done"
    expect(await ask(RETRY)).toEqual({ status: 200, text: "done" })
    expect(said).toEqual([])
  })

  test("says in one line what is wrong with topology.yaml", async () => {
    carryOut = async () => parseTopology("site: [", "topology.yaml").site
    control.start()
    const answer = await ask({ ask: "reload" })
    expect(answer?.status).toBe(422)
    expect(answer?.text).toMatch(/^topology\.yaml:1:\d+ [^\n]+$/)
  })

  test("tells both sides of a fault of its own", async () => {
    carryOut = async () => {
      throw new Error("broken")
    }
    control.start()
    expect(await ask(CLEAR)).toEqual({ status: 500, text: "The gateway could not do it: Error: broken" })
    expect(said).toEqual(["error What was asked for could not be done, quarantine-clear: Error: broken"])
  })

  test("does nothing for what is no request", async () => {
    carryOut = async ({ ask }) => `${done.push(ask)}`
    control.start()
    expect(await askText('{"ask":"dance"}')).toEqual({ status: 400, text: "This is no request that the gateway knows" })
    expect(done).toEqual([])
  })

  test("warns once where there can be no socket, and goes on", async () => {
    mkdirSync(`${spool}.sock`)
    control.start()
    await control.stop()
    expect(said).toEqual([
      expect.stringMatching(
        /^warn Nobody can ask anything of this gateway while it runs: .*spool\.db\.sock, EADDRINUSE/,
      ),
    ])
  })
})
