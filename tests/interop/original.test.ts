// Python sockets as the original's device and the original's gateway: plain text on the same two ports.
import { expect, test } from "bun:test"
import { bindAddress, bindsWholeLoopback } from "../../src/topology/addressing"
import { CLOUD, GATEWAY, GATEWAY_TO_CLOUD, TestNetwork } from "./network"
import { describeWith, findPeer, runPeer } from "./peers"

const DEVICES = [{ ip: "192.168.1.2" }, { ip: "192.168.1.3" }]
const SENDER = "127.0.0.1" // may speak for any device in the simulated network

/** Sends one datagram and prints the answer. Arguments: source address, gateway, port, text. */
const DEVICE_SCRIPT = `
import socket, sys
source, gateway, port, text = sys.argv[1:]
device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
device.settimeout(4)
device.bind((source, 0))
device.sendto(text.encode(), (gateway, int(port)))
answer, sender = device.recvfrom(4096)
assert sender == (gateway, int(port)), sender
print(answer.decode())
`

/** Sends text on a connection, reads once, prints that and closes. Arguments as above. */
const GATEWAY_SCRIPT = `
import socket, sys
source, cloud, port, text = sys.argv[1:]
gateway = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
gateway.settimeout(8)
gateway.bind((source, 0))
gateway.connect((cloud, int(port)))
gateway.send(text.encode())
print(gateway.recv(4096).decode())
gateway.close()
`

/**
 * Sends its standard input in pieces, ends, and prints all that it hears until the cloud closes. Arguments: source
 * address, cloud, port, bytes of a piece, the shortest and the longest wait between two, seconds.
 */
const PIECES_SCRIPT = `
import random, socket, sys, time
source, cloud, port, size, shortest, longest = sys.argv[1:]
text = sys.stdin.buffer.read()
gateway = socket.create_connection((cloud, int(port)), 8, (source, 0))
for at in range(0, len(text), int(size)):
    gateway.sendall(text[at:at + int(size)])
    time.sleep(random.uniform(float(shortest), float(longest)))
gateway.shutdown(socket.SHUT_WR)
answer = b""
while chunk := gateway.recv(4096):
    answer += chunk
print(answer.decode())
`

async function runPython(script: string, ...args: readonly (string | number)[]): Promise<string> {
  const { stdout } = await runPeer("python3", ["-c", script, ...args.map(String)])
  return stdout.trim()
}

interface Pieces {
  readonly text: string
  readonly bytes: number
  readonly waitSeconds: readonly [shortest: number, longest: number]
}

/** The lines that the cloud said. */
async function sendPieces({ ports }: TestNetwork, { text, bytes, waitSeconds }: Pieces): Promise<string[]> {
  const args = [GATEWAY_TO_CLOUD, CLOUD, ports.cloud, bytes, ...waitSeconds].map(String)
  const python = Bun.spawn([findPeer("python3") ?? "python3", "-c", PIECES_SCRIPT, ...args], {
    stdin: Buffer.from(text),
    stdout: "pipe",
    stderr: "inherit",
    timeout: 60_000,
  })
  const said = await new Response(python.stdout).text()
  expect(await python.exited).toBe(0)
  return said.trim().split("\n")
}

/** Readings a second apart. */
const readings = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => {
    const time = new Date(n * 1000).toISOString().slice(11, 19)
    return `${time.endsWith(":00") ? time.slice(0, 5) : time} - ${n % 40} - ${n % 100}%`
  })
const addressed = (lines: readonly string[]) => lines.map((line) => `192.168.1.2 - ${line}\n`).join("")

describeWith(["python3"], "the original's device", () => {
  test("sends one datagram of lines, waits for its answer, and is listed", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.2 08:00 - 20 - 30%\n192.168.1.2 12:00 - 25 - 33%\n"
    expect(await runPython(DEVICE_SCRIPT, SENDER, GATEWAY, network.ports.gateway, text)).toBe("Surveys arrived")
    await network.collect()
    network.expectStored("192.168.1.2", ["08:00 - 20 - 30%", "12:00 - 25 - 33%"])
    expect(network.printed).toBe("192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.2 - 12:00 - 25 - 33%\n")
  })

  test("may write its lines as they are listed, and twice", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.3 - 08:00 - -1.5 - 41.2%"
    for (let i = 0; i < 2; i++) {
      expect(await runPython(DEVICE_SCRIPT, SENDER, GATEWAY, network.ports.gateway, text)).toBe("Surveys arrived")
    }
    await network.collect()
    network.expectStored("192.168.1.3", ["08:00 - -1.5 - 41.2%"])
  })

  test.skipIf(!bindsWholeLoopback())("reports that it has no readings with an empty datagram", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const source = bindAddress("192.168.1.3", "simulated")
    expect(await runPython(DEVICE_SCRIPT, source, GATEWAY, network.ports.gateway, "")).toBe("Surveys arrived")
    const { missing } = await network.collect()
    expect(missing.map(({ device }) => device.ip)).toEqual(["192.168.1.2"])
  })

  test("that is not declared is told so", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.9 08:00 - 20 - 30%\n192.168.1.9 12:00 - 25 - 33%\n"
    const answer = await runPython(DEVICE_SCRIPT, SENDER, GATEWAY, network.ports.gateway, text)
    expect(answer).toBe("192.168.1.9 is not a declared device")
  })
})

describeWith(["python3"], "the original's gateway", () => {
  test("sends lines on a connection, reads its answer once, closes, and is listed", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const lines = ["192.168.1.2 - 08:00 - 20 - 30%", "192.168.1.2 - 12:00 - 25 - 33%", "192.168.1.3 - 07:00 - 18 - 28%"]
    const text = `${lines.join("\n")}\n`
    const answer = await runPython(GATEWAY_SCRIPT, GATEWAY_TO_CLOUD, CLOUD, network.ports.cloud, text)
    expect(answer).toBe("Surveys received, 3 readings")
    network.expectStored("192.168.1.2", ["08:00 - 20 - 30%", "12:00 - 25 - 33%"])
    network.expectStored("192.168.1.3", ["07:00 - 18 - 28%"])
    await network.stop() // which waits for the console
    expect(network.printed).toBe(text)
  })

  test("may leave out the last line's end", async () => {
    await using network = await TestNetwork.start(DEVICES)
    const text = "192.168.1.2 - 08:00 - 20 - 30%"
    const answer = await runPython(GATEWAY_SCRIPT, GATEWAY_TO_CLOUD, CLOUD, network.ports.cloud, text)
    expect(answer).toBe("Surveys received, 1 reading")
    network.expectStored("192.168.1.2", ["08:00 - 20 - 30%"])
  })
})

// What is stored and the last answer are certain; on a busy machine a short wait may become a pause of its own.
describeWith(["python3"], "a sender that takes its time", () => {
  const TIMEOUT_MS = 60_000

  test.concurrent(
    "sends four lines 0.3 s apart and has one answer",
    async () => {
      await using network = await TestNetwork.start(DEVICES)
      const four = readings(5).slice(1) // of one length
      const text = addressed(four)
      const said = await sendPieces(network, { text, bytes: text.length / 4, waitSeconds: [0.3, 0.3] })
      expect(said.at(-1)).toBe("Surveys received, 4 readings")
      expect(said.length).toBeLessThanOrEqual(2)
      network.expectStored("192.168.1.2", four)
    },
    TIMEOUT_MS,
  )

  test.concurrent(
    "sends 2,000 lines in pieces with gaps of up to 0.9 s",
    async () => {
      await using network = await TestNetwork.start(DEVICES)
      const text = addressed(readings(2000))
      const said = await sendPieces(network, { text, bytes: 7001, waitSeconds: [0, 0.9] })
      expect(said.at(-1)).toBe("Surveys received, 2000 readings")
      network.expectStored("192.168.1.2", readings(2000))
    },
    TIMEOUT_MS,
  )

  test.concurrent(
    "pauses for 1.5 s in the middle of its lines",
    async () => {
      await using network = await TestNetwork.start(DEVICES)
      const text = addressed(readings(12))
      const said = await sendPieces(network, { text, bytes: 97, waitSeconds: [1.5, 1.5] })
      expect(said).toEqual([
        expect.stringMatching(/^Surveys received, \d+ readings?$/),
        "Surveys received, 12 readings",
      ])
      network.expectStored("192.168.1.2", readings(12))
    },
    TIMEOUT_MS,
  )
})
