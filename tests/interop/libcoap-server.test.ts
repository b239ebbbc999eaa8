// libcoap's server as a gateway: our device uploads to it over UDP (RFC 7252, RFC 7959).
import { expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../src/clock"
import { runDevice } from "../../src/device/device"
import type { Uploaded } from "../../src/device/events"
import { surveyReader } from "../../src/device/source"
import { systemSockets } from "../../src/net/sockets"
import { parseAddress } from "../../src/topology/address"
import { parseTopology } from "../../src/topology/yaml/load"
import { getText } from "./libcoap"
import { DAY } from "./network"
import { describeWith, startPeer } from "./peers"
import { surveyOf } from "./surveys"

const ADDRESS = "127.0.0.1"
const IP = "192.168.1.2"
// simulated, this gateway has the server's address
const TOPOLOGY = parseTopology(
  `sample: true
timeZone: Europe/Rome
transmission: { ackTimeout: 100ms }
schedule: { cron: "0 6 * * *" }
gateway: { interfaces: { devices: { address: 192.0.0.1/8 }, cloud: { address: 10.10.10.1/24 } } }
cloud: { address: 10.10.10.2 }
devices: [{ ip: ${IP}, survey: survey.txt }]`,
  "topology.yaml",
)

/** A server that keeps what is PUT to it, and a folder for surveys. */
class Server implements AsyncDisposable {
  private constructor(
    private readonly running: ReturnType<typeof startPeer>,
    readonly port: number,
    readonly folder: string,
  ) {}

  static async start(...options: readonly string[]): Promise<Server> {
    const port = await freePort()
    const running = startPeer("coap-server", ["-A", ADDRESS, "-p", String(port), "-d", "10", "-v", "7", ...options])
    const server = new Server(running, port, await mkdtemp(join(tmpdir(), "interop-")))
    try {
      await server.#listening()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Our device uploads a day's survey; resolves with how it went. */
  async upload(body: string, survey = "survey.txt"): Promise<Uploaded[]> {
    await Bun.write(join(this.folder, survey.replace("{day}", DAY)), body)
    const uploads: Uploaded[] = []
    const problems: string[] = []
    await runDevice(
      DAY,
      {
        device: { ip: IP, address: parseAddress(IP) ?? 0, survey, paused: false, line: 1 },
        topology: { ...TOPOLOGY, folder: this.folder },
        addressing: "simulated",
        gatewayPort: this.port,
        sockets: systemSockets,
        readSurvey: surveyReader(),
        clock: systemClock,
        random: Math.random,
        owedOnly: false,
        again: [],
        told: new Map(),
        emit: (event) => {
          if (event.kind === "uploaded") uploads.push(event)
          if (event.kind === "not-sent") problems.push(event.reason)
          if (event.kind === "line-refused") problems.push(event.text)
        },
      },
      AbortSignal.timeout(4000),
    )
    expect(problems).toEqual([])
    return uploads
  }

  /** What it holds of the day. */
  stored(): Promise<string> {
    return getText(`coap://${ADDRESS}:${this.port}/surveys/${IP}/${DAY}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.kill()
    await this.running.exited
    await rm(this.folder, { recursive: true, force: true })
  }

  /** It says so when its socket is open; its further words are read on, so that it never waits for a reader. */
  #listening(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const read = async () => {
      let said = ""
      for await (const chunk of this.running.stdout.pipeThrough(new TextDecoderStream())) {
        said = (said + chunk).slice(-10_000)
        if (said.includes("UDP  endpoint")) resolve()
      }
      reject(new Error(`coap-server ended: ${said}`))
    }
    read().catch(reject)
    return promise
  }
}

/** A UDP port that nobody has now. */
async function freePort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: ADDRESS, port: 0 })
  const { port } = socket
  socket.close()
  return port
}

describeWith(["coap-client", "coap-server"], "our device and libcoap's server", () => {
  test.each([0, 100, 1024, 1025, 5000, 200_000])("an upload of %d bytes is read back", async (size) => {
    await using server = await Server.start()
    const { text, lines } = surveyOf(size)
    expect(await server.upload(text)).toMatchObject([{ day: DAY, bytes: size, readings: lines.length }])
    expect(await server.stored()).toBe(text)
  })

  test.each([
    { size: 100, lost: "1", resent: 1 },
    { size: 5000, lost: "1,3,6", resent: 3 },
  ])("an upload of $size bytes whose answers $lost are lost is read back", async ({ size, lost, resent }) => {
    await using server = await Server.start("-l", lost)
    const { text } = surveyOf(size)
    const [upload] = await server.upload(text)
    expect(upload?.resent).toBeGreaterThanOrEqual(resent)
    expect(await server.stored()).toBe(text)
  })

  test("a server that knows nothing of owed days gets the day's survey", async () => {
    await using server = await Server.start()
    const { text } = surveyOf(100)
    expect(await server.upload(text, "{day}.txt")).toHaveLength(1)
    expect(await server.stored()).toBe(text)
  })
})
