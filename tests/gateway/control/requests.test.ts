import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  leaveRequest,
  type SpoolRequest,
  takenFile,
  waitingFile,
  waitingRequests,
} from "../../../src/gateway/control/request"
import { Requests } from "../../../src/gateway/control/requests"
import { VirtualClock } from "../../virtual-clock"
import { DAY, NOW, TOMATOES } from "../fixtures"

const RESEND: SpoolRequest = { ask: "resend", from: DAY, to: "2026-12-31" }
const RETRY: SpoolRequest = { ask: "retry", day: DAY, address: TOMATOES, kind: "line" }
const CLEAR: SpoolRequest = { ask: "clear", upTo: 7 }

let folder: string
let file: string
let clock: VirtualClock
let said: string[]
let done: SpoolRequest[]
let disk: { refuses: boolean }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "requests-"))
  file = join(folder, "spool.db")
  clock = new VirtualClock(NOW)
  said = []
  done = []
  disk = { refuses: false }
})
afterEach(() => rmSync(folder, { recursive: true }))

function makeRequests(): Requests {
  const log = {
    info: (text: string) => said.push(`info ${text}`),
    warn: (text: string) => said.push(`warn ${text}`),
    error: (text: string) => said.push(`error ${text}`),
  }
  const carryOut = async (request: SpoolRequest) => {
    if (disk.refuses) throw new Error("full")
    done.push(request)
    return `${request.ask} done`
  }
  return new Requests({ file, clock, log, carryOut })
}

async function lookOnce(): Promise<void> {
  const requests = makeRequests()
  requests.start()
  await requests.stop()
}

describe("Requests", () => {
  test("carries out what was asked for, says so, and deletes it", async () => {
    for (const request of [RESEND, RETRY, CLEAR]) leaveRequest(file, request)
    expect(waitingRequests(file)).toEqual([RESEND, RETRY, CLEAR])
    await lookOnce()
    expect(done).toEqual([RESEND, RETRY, CLEAR])
    expect(said).toEqual(["info resend done", "info retry done", "info clear done"])
    expect(readdirSync(folder)).toEqual([])
  })

  test("looks once a minute, and no more when it is stopped", async () => {
    const requests = makeRequests()
    requests.start()
    leaveRequest(file, RETRY)
    await clock.advance(59_000)
    expect(done).toEqual([])
    await clock.advance(1000)
    await requests.stop()
    expect(done).toEqual([RETRY])
    await requests.stop()
    expect(clock.pending).toBe(0)
  })

  test("does again what a crash left half done, and what was asked for since", async () => {
    leaveRequest(file, CLEAR)
    writeFileSync(takenFile(file), JSON.stringify({ requests: [RETRY] }))
    expect(waitingRequests(file)).toEqual([RETRY, CLEAR])
    await lookOnce()
    expect(done).toEqual([RETRY, CLEAR])
    expect(waitingRequests(file)).toEqual([])
  })

  test("does not lose what is asked for while it works", async () => {
    leaveRequest(file, RETRY)
    const requests = makeRequests()
    requests.start()
    leaveRequest(file, CLEAR)
    await requests.stop()
    expect(existsSync(waitingFile(file))).toBe(true)
    await lookOnce()
    expect(done).toEqual([RETRY, CLEAR])
  })

  test("keeps the request when the disk refuses", async () => {
    disk.refuses = true
    leaveRequest(file, RETRY)
    await lookOnce()
    expect(said).toEqual(["error What was asked for could not be done, it is kept: Error: full"])
    expect(waitingRequests(file)).toEqual([RETRY])
    disk.refuses = false
    await lookOnce()
    expect(done).toEqual([RETRY])
  })

  test.each([
    "",
    "{",
    "[]",
    '{"requests":[{"ask":"dance"}]}',
    '{"requests":[{"ask":"resend","from":"yesterday","to":"2026-11-21"}]}',
    '{"requests":[{"ask":"clear","kind":"everything"}]}',
  ])("deletes a file that is no request: %p", async (text) => {
    writeFileSync(waitingFile(file), text)
    await lookOnce()
    expect(said).toEqual([`warn ${takenFile(file)} is no request: it is deleted`])
    expect(done).toEqual([])
    expect(existsSync(takenFile(file))).toBe(false)
  })
})
