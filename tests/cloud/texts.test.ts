import { describe, expect, test } from "bun:test"
import type { Taken } from "../../src/cloud/plain-text"
import { Texts } from "../../src/cloud/texts"
import type { Connection } from "../../src/net/connection"
import { StorageRefused } from "../../src/storage/errors"
import { seededRandom, settle, VirtualClock } from "../virtual-clock"

const MIB = 1024 * 1024
const LINE = "192.168.1.2 - 08:00 - 20 - 30%\n"

/** A store that keeps lines in memory: one is a reading where it says so, otherwise refused. */
function bench(take?: (lines: string) => Promise<Taken>) {
  const clock = new VirtualClock(1_000_000)
  const errors: string[] = []
  const stored: string[] = []
  const begun: number[] = []
  const store = async (text: string): Promise<Taken> => {
    const lines = text.split("\n").filter((line) => line.trim() !== "")
    const readings = lines.filter((line) => /^192\.168\.1\.2 - \d\d:\d\d(:\d\d)? - \d+ - \d+%$/.test(line))
    stored.push(...readings)
    return { readings: readings.length, refused: lines.length - readings.length }
  }
  const begin = (_: string, begunAt: number) => {
    begun.push(begunAt)
    return (bytes: Uint8Array) => (take ?? store)(new TextDecoder().decode(bytes))
  }
  const texts = new Texts({ begin }, MIB, clock, (text) => errors.push(text))
  const connect = (remoteAddress = "127.0.0.1") => {
    const said: string[] = []
    const connection: Connection = {
      remoteAddress,
      endpoint: "tcp:1",
      queuedBytes: 0,
      write: (bytes) => void said.push(new TextDecoder().decode(bytes)),
      close: () => void said.push("closed"),
      destroy: () => void said.push("destroyed"),
      pause() {},
      resume() {},
    }
    const handler = texts.accept(connection)
    const send = (text: string) => handler.data(new TextEncoder().encode(text))
    const end = async () => {
      handler.end?.()
      await settle()
    }
    return { said, handler, send, end }
  }
  return { clock, errors, stored, begun, store, connect }
}

const times = (count: number) =>
  Array.from({ length: count }, (_, n) => new Date(n * 1000).toISOString().slice(11, 19)).map(
    (time) => `192.168.1.2 - ${time} - 20 - 30%`,
  )

describe("a text", () => {
  test("is answered after the first pause of a second, and not before", async () => {
    const { clock, connect, stored } = bench()
    const { said, send } = connect()
    for (let i = 0; i < 4; i++) {
      send(LINE)
      await clock.advance(999)
    }
    expect(said).toEqual([])
    await clock.advance(1)
    expect(said).toEqual(["Surveys received, 4 readings"])
    expect(stored).toHaveLength(4)
  })

  test("whose end comes before any pause has one answer", async () => {
    const { clock, connect } = bench()
    const { said, send, end } = connect()
    send(LINE)
    await end()
    send(LINE) // too late
    await clock.advance(600_000)
    expect([said, clock.pending]).toEqual([["Surveys received, 1 reading", "closed"], 0])
  })

  test("is stored silently from then on, and its end is answered with the totals", async () => {
    const { clock, connect, stored } = bench()
    const { said, send, end } = connect()
    send(LINE)
    await clock.advance(1000)
    expect(said).toEqual(["Surveys received, 1 reading"])
    for (let i = 2; i <= 5; i++) {
      send(`${LINE}noise\n`)
      await clock.advance(1000)
      expect(stored).toHaveLength(i)
    }
    expect(said).toHaveLength(1)
    await end()
    expect(said.slice(1)).toEqual(["\n4 refused, 5 stored", "closed"])
  })

  test("that is cut within its lines by pauses is stored whole", async () => {
    const text = times(40).join("\n")
    const random = seededRandom(7)
    for (let round = 0; round < 50; round++) {
      const { clock, connect, stored } = bench()
      const { said, send, end } = connect()
      for (let at = 0; at < text.length; ) {
        const next = at + 1 + Math.floor(random() * 200)
        send(text.slice(at, next))
        await clock.advance(1500)
        at = next
      }
      await end()
      expect(stored).toEqual(times(40))
      expect(said.slice(-2)).toEqual(["\nSurveys received, 40 readings", "closed"])
      expect(said.length).toBeLessThanOrEqual(3)
    }
  })

  test("of 2,000 lines that come with gaps of up to 0.9 s is stored whole, however slow", async () => {
    for (const linesAtOnce of [1, 20]) {
      const { clock, connect, stored } = bench()
      const { said, send, end } = connect()
      const random = seededRandom(linesAtOnce)
      const lines = times(2000)
      for (let at = 0; at < lines.length; at += linesAtOnce) {
        send(
          lines
            .slice(at, at + linesAtOnce)
            .map((line) => `${line}\n`)
            .join(""),
        )
        await clock.advance(linesAtOnce === 1 ? 900 : Math.floor(random() * 900))
      }
      expect(said).toEqual([])
      await end()
      expect(said).toEqual(["Surveys received, 2000 readings", "closed"])
      expect(stored).toEqual(lines)
    }
  })

  test("is not answered before a line of it is complete, and an incomplete last one counts as refused", async () => {
    const { clock, connect, stored } = bench()
    const { said, send, end } = connect()
    send("192.168.1.2 - 08:")
    await clock.advance(5000)
    expect(said).toEqual([])
    send("00 - 20 - 30%")
    await clock.advance(1000)
    expect([said, stored.length]).toEqual([["Surveys received, 1 reading"], 1])
    send("\n192.168.1.2 - 09:00 - 20 - 3")
    await end()
    expect([said.slice(1), stored.length]).toEqual([["\n1 refused, 1 stored", "closed"], 1])
  })

  test("has begun once, whatever the pauses", async () => {
    const { clock, connect, begun } = bench()
    const { send, end } = connect()
    send(LINE)
    await clock.advance(2000)
    send(LINE)
    await end()
    expect(begun).toEqual([1_000_000])
  })

  test("that comes while its beginning is being stored waits for its own pause, and its end for both", async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let takes = 0
    const { clock, connect } = bench(async (lines) => {
      await gates[takes++]?.promise
      return { readings: lines.split("\n").length - 1, refused: 0 }
    })
    const { said, send, end } = connect()
    send(LINE)
    await clock.advance(1000)
    send(LINE + LINE)
    await clock.advance(5000)
    expect([said, takes]).toEqual([[], 1])
    gates[0]?.resolve()
    await settle()
    expect([said, takes]).toEqual([["Surveys received, 1 reading"], 1])
    await end()
    expect([said.length, takes]).toEqual([1, 2])
    gates[1]?.resolve()
    await settle()
    expect(said.slice(1)).toEqual(["\nSurveys received, 3 readings", "closed"])
  })
})

describe("bounds", () => {
  test("a drip without a line's end is refused after a minute, one with lines is stored", async () => {
    const { clock, connect, stored } = bench()
    const [lines, drip] = [connect(), connect()]
    let at = 0
    for (let seconds = 0; seconds < 300; seconds += 0.19) {
      if (drip.said.length === 0) drip.send("1")
      lines.send(LINE.charAt(at++ % LINE.length))
      await clock.advance(190)
      if (seconds < 59) expect(drip.said).toEqual([])
      if (seconds > 65) expect(drip.said).toEqual(["No end of it: send it again", "closed"])
    }
    expect(lines.said).toEqual([]) // there was no pause
    await lines.end()
    const whole = Math.floor(at / LINE.length)
    expect([stored.length, lines.said]).toEqual([whole, [`1 refused, ${whole} stored`, "closed"]])
  })

  test.each([
    ["set back", -86_400_000],
    ["set ahead", 86_400_000],
  ])("a drip is refused by its age, also where the clock is %s", async (_, leapMs) => {
    const { clock, connect } = bench()
    const { said, send } = connect()
    const begunAt = clock.monotonic()
    let refusedAt = 0
    for (let i = 0; i < 130 && refusedAt === 0; i++) {
      if (i === 30) clock.set(clock.now() + leapMs)
      send("1")
      if (said.length > 0) refusedAt = clock.monotonic()
      await clock.advance(900)
    }
    expect(said).toEqual(["No end of it: send it again", "closed"])
    expect(refusedAt - begunAt).toBeWithin(60_000, 62_000)
  })

  test("a line that is begun and never finished is over after a minute, and a silent sender after five", async () => {
    const { clock, connect } = bench()
    const [begun, silent] = [connect(), connect()]
    begun.send("192.168.1.2 - 08:00 - 20")
    silent.send(LINE)
    await clock.advance(62_000)
    expect(begun.said).toEqual(["1 refused, 0 stored", "closed"])
    expect(silent.said).toEqual(["Surveys received, 1 reading"])
    await clock.advance(240_000)
    expect(silent.said.slice(1)).toEqual(["\nSurveys received, 1 reading", "closed"])
    expect(clock.pending).toBe(0)
  })

  test("what waits may be as large as the largest survey, and all together larger", async () => {
    const { clock, connect } = bench()
    const { said, send } = connect()
    for (let sent = 0; sent < 3; sent++) {
      send(`${"x".repeat(MIB - 1)}\n`)
      await clock.advance(1000)
    }
    expect(said).toEqual(["1 refused, 0 stored"])
    for (let sent = 0; sent <= MIB; sent += 1024) send("x".repeat(1024))
    expect([said.slice(1), clock.pending]).toEqual([["\nMore than 1048576 bytes", "closed"], 0])
  })

  test("of one address's texts the largest gives way when they are a quarter of what all may have", async () => {
    const { clock, connect } = bench()
    const large = Array.from({ length: 12 }, () => connect())
    for (const { send } of large) send("x".repeat(MIB - 64))
    const [small, other] = [connect(), connect("127.0.0.2")]
    small.send(LINE)
    other.send("x".repeat(MIB))
    await clock.advance(1000)
    expect(small.said).toEqual(["Surveys received, 1 reading"])
    expect(other.said).toEqual([])
    const refused = large.filter(({ said }) => said[0] === "Too many surveys at once: come again")
    expect(refused).toHaveLength(4)
  })

  test("where all have too much, whoever has most gives way", async () => {
    const { connect } = bench()
    const greedy = Array.from({ length: 5 }, (_, n) => Array.from({ length: 8 }, () => connect(`127.0.1.${n}`)))
    const modest = connect("127.0.0.2")
    modest.send("x".repeat(MIB))
    for (const texts of greedy) for (const { send } of texts) send("x".repeat(MIB - 1))
    expect(modest.said).toEqual([])
    const left = greedy.map((texts) => texts.filter(({ said }) => said.length === 0).length)
    expect(left.reduce((sum, texts) => sum + texts)).toBe(31)
    expect(Math.max(...left) - Math.min(...left)).toBeLessThanOrEqual(2)
  })

  test("a sender that goes away leaves nothing behind", async () => {
    const { clock, connect } = bench()
    for (let i = 0; i < 100; i++) {
      const { said, handler, send } = connect()
      send("x".repeat(MIB))
      handler.close()
      handler.end?.()
      expect([said, clock.pending]).toEqual([[], 0])
    }
  })
})

describe("what cannot be stored", () => {
  const DISK_FULL = new StorageRefused("cloud.db is full")

  test("is told, and its sender closed, where it had no answer", async () => {
    const { errors, connect } = bench(() => Promise.reject(DISK_FULL))
    const { said, send, end } = connect()
    send(LINE)
    await end()
    expect([said, errors]).toEqual([["The disk refuses: come again", "closed"], []])
  })

  test("resets a sender that had an answer, which then is not for this", async () => {
    let takes = 0
    const { clock, connect } = bench(async () => {
      if (takes++ > 0) throw DISK_FULL
      return { readings: 1, refused: 0 }
    })
    const { said, send } = connect()
    send(LINE)
    await clock.advance(1000)
    send(LINE)
    await clock.advance(1000)
    expect([said, clock.pending]).toEqual([["Surveys received, 1 reading", "destroyed"], 0])
  })

  test("is refused with its reason, before and after an answer", async () => {
    const { clock, connect } = bench(async (lines) =>
      lines.includes("1.77") ? { refusal: "192.168.1.77 is not a declared device" } : { readings: 1, refused: 0 },
    )
    const { said, send } = connect()
    send(LINE)
    await clock.advance(1000)
    send("192.168.1.77 - 08:00 - 20 - 30%\n")
    await clock.advance(1000)
    send(LINE)
    await clock.advance(1000)
    expect(said.slice(1)).toEqual(["\n192.168.1.77 is not a declared device", "closed"])
  })

  test("for a reason of our own is told here, and its sender sees a reset", async () => {
    const { errors, connect } = bench(() => Promise.reject(new Error("on fire")))
    const { said, send, end } = connect()
    send(LINE)
    await end()
    expect([said, errors]).toEqual([["destroyed"], ["Plain text from 127.0.0.1 could not be stored: Error: on fire"]])
  })

  test("says nothing once its sender has gone", async () => {
    const gate = Promise.withResolvers<Taken>()
    const { clock, connect } = bench(() => gate.promise)
    const { said, handler, send } = connect()
    send(LINE)
    await clock.advance(1000)
    handler.close()
    gate.resolve({ readings: 1, refused: 0 })
    await settle()
    expect([said, clock.pending]).toEqual([[], 0])
  })
})
