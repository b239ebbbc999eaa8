import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Cloud } from "../../src/cloud/cloud"
import { STORE } from "../../src/cloud/store/sqlite/schema"
import { encodeBlock } from "../../src/coap/block"
import { Code } from "../../src/coap/code"
import { OptionNumber, textOption } from "../../src/coap/option"
import { encodeFrame, FrameReader, type ReceivedFrame } from "../../src/coap/tcp/frame"
import { csm } from "../../src/coap/tcp/signal"
import { type Log, silentLog } from "../../src/log"
import { systemSockets } from "../../src/net/sockets"
import { eventLog } from "../../src/network/event-log"
import { DurableDatabase } from "../../src/storage/database"
import { surveyDigest } from "../../src/survey/digest"
import { parseTopology } from "../../src/topology/yaml/load"
import { agreementOver } from "../survey/agreements"
import { changed } from "../topology/sample"
import { settle, VirtualClock } from "../virtual-clock"
import { DAY, DESCRIPTION, MORNING, NOW } from "./fixtures"

const ADDRESS = "127.10.10.2"
const EMPTY_FRAME = Buffer.of(0, Code.Empty) // RFC 8323 §3.4: a keep-alive
const PUT_SITE = encodeFrame({
  code: Code.Put,
  token: Uint8Array.of(1),
  options: ["sites", "greenhouse"].map((segment) => textOption(OptionNumber.UriPath, segment)),
  payload: Buffer.from(JSON.stringify(DESCRIPTION)),
})
const LINE = "192.168.1.2 - 08:00 - 20 - 30%\n"

let folder = ""
let clock: VirtualClock
let cloud: Cloud
let printed = ""

async function startCloud(limits = "{}", log: Log = silentLog): Promise<void> {
  const topology = parseTopology(
    changed(
      ["site", `limits: ${limits}\nsite`],
      ["  address: 10.10.10.2", `  address: 10.10.10.2\n  port: 0\n  store: ${join(folder, "cloud.db")}`],
    ),
    join(folder, "topology.yaml"),
  )
  const tell = eventLog({ log, clock, topology: () => topology, addressing: "simulated" })
  cloud = await Cloud.start({
    topology,
    addressing: "simulated",
    sockets: systemSockets,
    clock,
    random: () => 0.5,
    log,
    print: (lines) => {
      printed += lines
    },
    emit: (event) => {
      if (event.kind === "disk-failed") throw event.error
      tell(event)
    },
  })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cloud-"))
  clock = new VirtualClock(NOW)
  printed = ""
  await startCloud()
})
afterEach(async () => {
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

interface Peer {
  readonly socket: Socket
  /** All that came until the end. */
  readonly answer: Promise<Buffer>
}

async function dial(localAddress?: string): Promise<Peer> {
  const socket = connect({ host: ADDRESS, port: cloud.port, ...(localAddress && { localAddress }) })
  const chunks: Buffer[] = []
  socket.on("data", (chunk: Buffer) => chunks.push(chunk))
  const answer = new Promise<Buffer>((resolve, reject) => {
    socket.on("end", () => resolve(Buffer.concat(chunks)))
    socket.on("error", reject)
  })
  await new Promise<void>((resolve) => socket.on("connect", resolve))
  return { socket, answer }
}

/** Lets the sockets of this process exchange what they have. */
async function exchange(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settle()
}

describe("plain text", () => {
  test("is answered, listed and closed when the sender ends", async () => {
    const { socket, answer } = await dial()
    socket.end(LINE)
    expect(String(await answer)).toBe("Surveys received, 1 reading")
    await cloud.listed()
    expect(printed).toBe(LINE)
  })

  test("is answered when the sender pauses for a second, and not before; its end is answered with the totals", async () => {
    const { socket, answer } = await dial()
    const first = Promise.withResolvers<string>()
    socket.once("data", (chunk: Buffer) => first.resolve(String(chunk)))
    socket.write(LINE)
    await exchange()
    await clock.advance(999)
    socket.write("192.168.1.3 - 09:00 - 21 - 31%\n")
    await exchange()
    await clock.advance(999)
    await exchange()
    expect(socket.bytesRead).toBe(0)
    await clock.advance(1)
    expect(await first.promise).toBe("Surveys received, 2 readings")
    await cloud.listed()
    expect(printed).toBe(`${LINE}192.168.1.3 - 09:00 - 21 - 31%\n`)
    socket.end("192.168.1.3 - 10:00 - 22 - 32%")
    expect(String(await answer)).toBe("Surveys received, 2 readings\nSurveys received, 3 readings")
  })

  test("is stored also where its sender closes as soon as it has an answer", async () => {
    const { socket } = await dial()
    const first = Promise.withResolvers<void>()
    socket.once("data", () => {
      socket.end("192.168.1.3 - 09:00 - 21 - 31%\n")
      socket.destroySoon()
      first.resolve()
    })
    socket.write(LINE)
    await exchange()
    await clock.advance(1000)
    await first.promise
    while (!printed.includes("09:00")) await exchange()
    expect(printed).toBe(`${LINE}192.168.1.3 - 09:00 - 21 - 31%\n`)
  })

  test("is the same however the stream is cut", async () => {
    for (let at = 1; at < LINE.length; at++) {
      const { socket, answer } = await dial()
      socket.write(LINE.slice(0, at))
      await exchange()
      socket.end(LINE.slice(at))
      expect(String(await answer)).toBe("Surveys received, 1 reading")
    }
    await cloud.listed()
    expect(printed).toBe(LINE.repeat(LINE.length - 1))
  })

  test("is taken from the gateway's and the device's own address, and from nobody else's", async () => {
    for (const [sender, expected] of [
      ["127.10.10.1", "Surveys received, 1 reading"],
      ["127.168.1.2", "Surveys received, 1 reading"],
      ["127.168.1.3", "127.168.1.3 may not speak for 192.168.1.2"],
    ] as const) {
      const { socket, answer } = await dial(sender)
      socket.end(LINE)
      expect(String(await answer)).toBe(expected)
    }
  })

  test("that is refused is told a few times a minute, also where the clock is set back", async () => {
    await cloud.stop()
    const warnings: string[] = []
    await startCloud("{}", { ...silentLog, warn: (text) => warnings.push(text) })
    const refuse = async () => {
      const { socket, answer } = await dial()
      socket.end("192.168.1.77 - 08:00 - 20 - 30%\n")
      await answer
    }
    for (let texts = 0; texts < 12; texts++) await refuse()
    expect(warnings).toHaveLength(10)
    clock.set(clock.now() - 86_400_000)
    await clock.advance(59_999)
    await refuse()
    expect(warnings).toHaveLength(10)
    await clock.advance(1)
    await refuse()
    expect(warnings.slice(10)).toEqual(["Refused: 3 more of this kind were not told", warnings[0] ?? ""])
  })

  test("is cut off past the largest survey", async () => {
    const { socket, answer } = await dial()
    socket.write(LINE.repeat(40_000))
    expect(String(await answer)).toBe("More than 1048576 bytes")
    socket.destroy()
  })
})

describe("CoAP", () => {
  const put = (token: number, target: string, body: string) => {
    const [path = "", query] = target.split("?")
    return encodeFrame({
      code: Code.Put,
      token: Uint8Array.of(token),
      options: [
        ...path.split("/").map((segment) => textOption(OptionNumber.UriPath, segment)),
        ...(query ? [textOption(OptionNumber.UriQuery, query)] : []),
      ],
      payload: Buffer.from(body),
    })
  }
  const report = {
    scheduledAt: "2026-11-22T05:00:00.000Z",
    run: true,
    arrived: ["192.168.1.2"],
    late: [],
    missing: [],
    stale: [],
    refused: [],
    changed: [],
    reasons: [],
    ...agreementOver([surveyDigest("192.168.1.2", DAY, MORNING)]),
  }

  async function answersOf({ socket }: Peer, count: number): Promise<ReceivedFrame[]> {
    const reader = new FrameReader(4096)
    const frames: ReceivedFrame[] = []
    await new Promise<void>((resolve) => {
      socket.on("data", (chunk: Buffer) => {
        for (const frame of reader.push(chunk)) if (frame.code !== Code.Csm) frames.push(frame)
        if (frames.length >= count) resolve()
      })
    })
    return frames
  }

  test("stores, agrees and lists, however the stream is cut", async () => {
    const stream = Buffer.concat([
      encodeFrame(csm(4096)),
      put(1, `sites/greenhouse/surveys/192.168.1.2/${DAY}`, MORNING),
    ])
    for (let at = 1; at < stream.length; at++) {
      const peer = await dial()
      const answers = answersOf(peer, 1)
      peer.socket.write(stream.subarray(0, at))
      await exchange()
      peer.socket.write(stream.subarray(at))
      expect((await answers).map(({ code }) => code)).toEqual([at === 1 ? Code.Created : Code.Changed])
      peer.socket.destroy()
    }
    const peer = await dial()
    const answers = answersOf(peer, 1)
    peer.socket.write(encodeFrame(csm(4096)))
    peer.socket.write(put(2, `sites/greenhouse/collections/${DAY}`, JSON.stringify(report)))
    expect(await answers).toMatchObject([{ code: Code.Changed }])
    await cloud.listed()
    expect(printed).toBe(LINE)
    peer.socket.destroy()
  })

  /** Exchanges one request on a connection of its own. */
  async function ask(path: string, body: string, localAddress?: string): Promise<number | undefined> {
    const peer = await dial(localAddress)
    const answers = answersOf(peer, 1)
    peer.socket.write(Buffer.concat([encodeFrame(csm(4096)), put(1, path, body)]))
    const [answer] = await answers
    peer.socket.destroy()
    return answer?.code
  }
  const deliver = (revision: number) => ask(`sites/greenhouse/surveys/192.168.1.2/${DAY}?revision=${revision}`, MORNING)
  const collect = () => ask(`sites/greenhouse/collections/${DAY}`, JSON.stringify(report))
  const sendText = async (text: string) => {
    const { socket, answer } = await dial()
    socket.end(text)
    expect(String(await answer)).toMatch(/^Surveys received, \d readings?$/)
  }

  test("takes a site's own from its gateway and, as this is a simulation, from this machine, and from nobody else", async () => {
    const requests = [
      ["sites/greenhouse", JSON.stringify(DESCRIPTION)],
      [`sites/greenhouse/surveys/192.168.1.2/${DAY}`, MORNING],
      [`sites/greenhouse/collections/${DAY}`, JSON.stringify(report)],
    ] as const
    for (const stranger of ["127.0.0.9", "127.168.1.2", "127.10.10.2"]) {
      for (const [path, body] of requests) expect(await ask(path, body, stranger)).toBe(Code.Forbidden)
    }
    await cloud.listed()
    expect(printed).toBe("")
    const codes = async (address: string) => {
      const answered: (number | undefined)[] = []
      for (const [path, body] of requests) answered.push(await ask(path, body, address))
      return answered
    }
    expect(await codes("127.10.10.1")).toEqual([Code.Changed, Code.Created, Code.Changed])
    expect(await codes("127.0.0.1")).toEqual([Code.Changed, Code.Changed, Code.Changed])
  })

  const BOTH = `${LINE}192.168.1.2 - 09:00 - 21 - 31%\n`

  test("takes nothing of a text away that came before the delivery", async () => {
    await sendText("192.168.1.2 - 08:00 - 1 - 1%\n192.168.1.2 - 09:00 - 21 - 31%\n")
    expect(await deliver(1)).toBe(Code.Changed)
    await cloud.listed()
    printed = ""
    expect(await collect()).toBe(Code.Changed)
    await cloud.listed()
    expect(printed).toBe(BOTH)
  })

  test("agrees with the gateway about a day to which a text was added", async () => {
    expect(await deliver(1)).toBe(Code.Created)
    await sendText("192.168.1.2 - 09:00 - 21 - 31%\n")
    expect(await collect()).toBe(Code.Changed)
    await cloud.listed()
    expect(printed).toBe(`192.168.1.2 - 09:00 - 21 - 31%\n${BOTH}`)
    expect(await deliver(2)).toBe(Code.Changed)
    expect(await collect()).toBe(Code.Changed)
  })

  test("lists a day once, however often its gateway closes it, also after a restart", async () => {
    expect(await deliver(1)).toBe(Code.Created)
    for (let time = 0; time < 10; time++) expect(await collect()).toBe(Code.Changed)
    await cloud.stop()
    await startCloud()
    for (let time = 0; time < 10; time++) expect(await collect()).toBe(Code.Changed)
    expect(await deliver(2)).toBe(Code.Changed) // the same readings
    expect(await collect()).toBe(Code.Changed)
    await cloud.listed()
    expect(printed).toBe(LINE)
  })

  test("says nothing before two bytes have come, not even its CSM", async () => {
    const { socket } = await dial()
    let said = 0
    socket.on("data", (chunk: Buffer) => {
      said += chunk.length
    })
    const bytes = encodeFrame(csm(4096))
    socket.write(bytes.subarray(0, 1))
    await exchange()
    expect(said).toBe(0)
    socket.write(bytes.subarray(1))
    await exchange()
    expect(said).toBeGreaterThan(0)
    socket.destroy()
  })
})

test("declare() lets a site go at once, also of a gateway that is connected", async () => {
  const topology = parseTopology(changed(["site: greenhouse", "site: barn"]), join(folder, "topology.yaml"))
  const { socket } = await dial("127.10.10.1")
  const reader = new FrameReader(4096)
  const codes: number[] = []
  socket.on("data", (chunk: Buffer) => {
    for (const { code } of reader.push(chunk)) if (code !== Code.Csm) codes.push(code)
  })
  socket.write(Buffer.concat([encodeFrame(csm(4096)), PUT_SITE]))
  while (codes.length < 1) await exchange()
  cloud.declare(topology)
  socket.write(PUT_SITE)
  while (codes.length < 2) await exchange()
  expect(codes).toEqual([Code.Changed, Code.Forbidden])
  socket.destroy()
})

describe("a connection", () => {
  /** The test's own time limit bounds it. */
  const noTimers = async () => {
    while (clock.pending > 0) await exchange()
  }

  test.each(["", "1"])("that does not tell its protocol is closed after 10 s: %j", async (head) => {
    const { socket, answer } = await dial()
    let ended = false
    socket.on("end", () => {
      ended = true
    })
    socket.write(head)
    await exchange()
    await clock.advance(9_999)
    await exchange()
    expect(ended).toBe(false)
    await clock.advance(1)
    expect(await answer).toHaveLength(0)
    await noTimers()
  })

  test("of CoAP is released after five minutes without a byte", async () => {
    const { socket, answer } = await dial()
    let ended = false
    socket.on("end", () => {
      ended = true
    })
    for (const bytes of [encodeFrame(csm(4096)), EMPTY_FRAME]) {
      socket.write(bytes)
      await exchange()
      await clock.advance(299_999)
      await exchange()
      expect(ended).toBe(false)
    }
    await clock.advance(1)
    const frames = [...new FrameReader(4096).push(await answer)]
    expect(frames.map(({ code }) => code)).toEqual([Code.Csm, Code.Release])
    await noTimers()
  })

  test("is one of a few of its address and of all: who has brought nothing gives way to a newcomer", async () => {
    await cloud.stop()
    await startCloud("{ perPeer: { connections: 2 }, overall: { connections: 4 } }")
    const ended: string[] = []
    const come = async (name: string, localAddress: string) => {
      const { socket, answer } = await dial(localAddress)
      answer.catch(() => {}) // a reset
      socket.on("close", () => ended.push(name))
      await exchange()
      return socket
    }
    const honest = await come("honest", "127.10.10.1")
    let heard = Buffer.alloc(0)
    honest.on("data", (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk])
    })
    honest.write(Buffer.concat([encodeFrame(csm(4096)), PUT_SITE]))
    while (![...new FrameReader(4096).push(heard)].some(({ code }) => code === Code.Changed)) await exchange()
    for (const name of ["a", "b", "c"]) await come(name, "127.0.0.7")
    expect(ended).toEqual(["a"])
    for (const at of [1, 2, 3]) await come(`${at}`, `127.0.1.${at}`)
    expect(ended).toEqual(["a", "b", "c"])
    await cloud.stop()
  })

  test("leaves its half-finished transfers to nobody", async () => {
    await cloud.stop()
    await startCloud("{ overall: { transfers: 2 }, perPeer: { transfers: 2 } }")
    const block = (token: number) =>
      encodeFrame({
        code: Code.Put,
        token: Uint8Array.of(token),
        options: [
          ...["sites", "greenhouse", "surveys", `192.168.1.${token}`, DAY].map((segment) =>
            textOption(OptionNumber.UriPath, segment),
          ),
          { number: OptionNumber.Block1, value: encodeBlock({ number: 0, more: true, exponent: 6 }) },
        ],
        payload: new Uint8Array(1024),
      })
    const codesOf = async (tokens: readonly number[]) => {
      const { socket, answer } = await dial()
      socket.end(Buffer.concat([encodeFrame(csm(4096)), ...tokens.map(block)]))
      return [...new FrameReader(4096).push(await answer)].flatMap(({ code }) => (code < Code.Csm ? [code] : []))
    }
    expect(await codesOf([2, 3, 4])).toEqual([Code.Continue, Code.Continue, Code.ServiceUnavailable])
    await noTimers()
    expect(await codesOf([2, 3])).toEqual([Code.Continue, Code.Continue])
  })

  test("that never ends its message is closed by the message's age, with a line that says so", async () => {
    const { socket, answer } = await dial()
    socket.write(encodeFrame(csm(4096)))
    for (const byte of PUT_SITE.subarray(0, 30)) {
      socket.write(Uint8Array.of(byte))
      await exchange()
      await clock.advance(2000)
    }
    socket.write(PUT_SITE.subarray(30, 31))
    await exchange()
    await clock.advance(1000)
    const frames = [...new FrameReader(4096).push(await answer)]
    expect(frames.map(({ code }) => code)).toEqual([Code.Csm, Code.Abort])
    await noTimers()
  })

  test("leaves no timer behind when the peer goes away", async () => {
    for (const bytes of [Buffer.of(), encodeFrame(csm(4096)), Buffer.from(LINE)]) {
      const { socket } = await dial()
      socket.write(bytes)
      await exchange()
      expect(clock.pending).toBe(1)
      socket.resetAndDestroy()
      await noTimers()
    }
  })
})

test("a day that was closed and not listed is listed after a restart", async () => {
  const { socket, answer } = await dial()
  socket.end(LINE)
  await answer
  await cloud.stop()
  const database = DurableDatabase.open(join(folder, "cloud.db"), STORE, "simulated")
  database.transaction(() => database.sqlite.run("INSERT INTO collections VALUES (1, ?, 1, NULL, '{}', 0)", [DAY]))
  database.close()
  printed = ""
  for (const expected of [LINE, ""]) {
    await startCloud()
    await cloud.listed()
    expect(printed).toBe(expected)
    await cloud.stop()
    printed = ""
  }
})

test("stop() may be called twice", async () => {
  await cloud.stop()
  await cloud.stop()
})
