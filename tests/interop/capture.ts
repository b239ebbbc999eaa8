// What passes over the loopback interface while a test runs, as tshark understands it.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { udp } from "bun"
import { findPeer, runPeer, startPeer } from "./peers"

const INTERFACE = "lo"
const ADDRESS = "127.0.0.1"
const AGAIN_MS = 20

/** Where CoAP is spoken. */
interface Ports {
  readonly udp: number
  readonly tcp: number
}

/** A packet with bytes for CoAP. */
export interface Packet {
  readonly transport: "udp" | "tcp"
  readonly source: string
  readonly destination: string
  /** Of its messages, 0.03 for PUT; tshark 4.0 sees the first of a TCP segment only. */
  readonly codes: readonly string[]
  /** What tshark finds wrong with it. */
  readonly complaints: readonly string[]
}

/** Complaints about what tshark 4 does not know; it says them of libcoap's messages too. */
const UNKNOWN_TO_TSHARK: readonly { readonly code: string; readonly complaints: readonly string[] }[] = [
  { code: "0.03", complaints: ["Invalid Option Number 292"] }, // Request-Tag, RFC 9175 §3.2
  // Max-Message-Size and Block-Wise-Transfer, which it takes for options of a request, RFC 8323 §5.3
  { code: "7.01", complaints: ["Invalid Option Number 2", "Invalid Option Range: 0 (1 < x < 8)"] },
]

/** Why this user cannot capture; undefined where nothing is in the way. */
export function captureRefused(): string | undefined {
  const dumpcap = findPeer("dumpcap")
  if (!dumpcap) return undefined
  const { success, stderr } = Bun.spawnSync([dumpcap, "-i", INTERFACE, "-L"])
  return success ? undefined : `Capturing is not allowed here: ${stderr.toString().trim().split("\n")[0]}`
}

export class Capture implements AsyncDisposable {
  readonly #chunks: Uint8Array[] = []
  readonly #output: AsyncIterator<Uint8Array>

  private constructor(
    private readonly ports: Ports,
    private readonly folder: string,
    private readonly mark: udp.Socket<"buffer">,
    private readonly dumpcap: ReturnType<typeof startPeer>,
  ) {
    this.#output = dumpcap.stdout[Symbol.asyncIterator]()
  }

  /** Resolves when whatever is sent from now on is captured. */
  static async start(ports: Ports): Promise<Capture> {
    const folder = await mkdtemp(join(tmpdir(), "capture-"))
    const mark = await Bun.udpSocket({ hostname: ADDRESS, port: 0 })
    const filter = `udp port ${ports.udp} or tcp port ${ports.tcp} or udp port ${mark.port}`
    const dumpcap = startPeer("dumpcap", ["-q", "-i", INTERFACE, "-f", filter, "-w", "-"])
    const capture = new Capture(ports, folder, mark, dumpcap)
    await capture.#reach("here it begins")
    return capture
  }

  /** Ends the capture: of the TCP port the protocols of each packet with bytes, as `tls`, and all that passed. */
  async dissectTls(): Promise<{ readonly protocols: readonly string[]; readonly bytes: Buffer }> {
    const file = await this.#end()
    const { tcp } = this.ports
    const args = ["-n", "-r", file, "-d", `tcp.port==${tcp},tls`, "-Y", `tcp.port == ${tcp} and tcp.len > 0`]
    const { stdout } = await runPeer("tshark", [...args, "-T", "fields", "-e", "frame.protocols"])
    const protocols = stdout.split("\n").filter(Boolean)
    return { protocols: protocols.map((stack) => stack.split(":").at(-1) ?? ""), bytes: Buffer.concat(this.#chunks) }
  }

  /** Ends the capture and has it dissected. */
  async dissect(): Promise<Packet[]> {
    const file = await this.#end()
    const { udp, tcp } = this.ports
    const decodeAs = ["-d", `udp.port==${udp},coap`, "-d", `tcp.port==${tcp},coap`]
    const filter = ["-Y", `udp.port == ${udp} or (tcp.port == ${tcp} and tcp.len > 0)`]
    const fields = ["udp.port", "ip.src", "ip.dst", "coap.code", "_ws.expert.message"]
    const format = [
      "-T",
      "fields",
      "-E",
      "separator=/t",
      "-E",
      "aggregator=|",
      ...fields.flatMap((name) => ["-e", name]),
    ]
    const { stdout } = await runPeer("tshark", ["-n", "-r", file, ...decodeAs, ...filter, ...format])
    return stdout.split("\n").filter(Boolean).map(readPacket)
  }

  /** Its file. */
  async #end(): Promise<string> {
    await this.#reach("here it ends")
    const file = join(this.folder, "capture.pcapng")
    await Bun.write(file, Buffer.concat(this.#chunks))
    return file
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mark.close()
    this.dumpcap.kill()
    await this.dumpcap.exited
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Sends a word over the interface until it is in the capture: then all that was sent before is in it too. */
  async #reach(word: string): Promise<void> {
    const send = () => this.mark.send(word, this.mark.port, ADDRESS)
    const sending = setInterval(send, AGAIN_MS)
    try {
      while (!Buffer.concat(this.#chunks).includes(word)) {
        const { value, done } = await this.#output.next()
        if (done) throw new Error(`dumpcap ended: ${await new Response(this.dumpcap.stderr).text()}`)
        this.#chunks.push(value)
      }
    } finally {
      clearInterval(sending)
    }
  }
}

function readPacket(line: string): Packet {
  const [udpPorts = "", source = "", destination = "", codes = "", messages = ""] = line.split("\t")
  const known = UNKNOWN_TO_TSHARK.find(({ code }) => formatCode(codes) === code)?.complaints ?? []
  return {
    transport: udpPorts === "" ? "tcp" : "udp",
    source,
    destination,
    codes: split(codes).map(formatCode),
    complaints: split(messages).filter((message) => !known.includes(message)),
  }
}

const split = (values: string): string[] => (values === "" ? [] : values.split("|"))

/** "7.01" for 225 (RFC 7252 §3) */
const formatCode = (code: string): string => `${Number(code) >> 5}.${String(Number(code) & 31).padStart(2, "0")}`
