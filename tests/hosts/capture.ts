// Everything that passes over a bridge, dissected by tshark, and what of it does not belong there.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findPeer, runPeer } from "../interop/peers"
import type { Bridge } from "./namespaces"

/** What a bridge is for: CoAP over one transport between a server and its clients. */
export interface Purpose {
  readonly transport: "udp" | "tcp"
  readonly server: string
  readonly port: number
  readonly clients: readonly string[]
  /** TLS around it: nothing else may be seen. */
  readonly isTls?: boolean
}

export interface Frame {
  /** "eth:ethertype:ip:udp:coap:data" */
  readonly protocols: string
  /** "192.168.1.2:40000"; ":" without IP. */
  readonly from: string
  readonly to: string
  /** Bytes for CoAP over TCP. */
  readonly tcpBytes: number
  /** What UDP or TCP carries. */
  readonly payload: Buffer
  /** Of its CoAP messages, 0.03 for PUT; tshark 4.0 sees the first of a TCP segment only. */
  readonly codes: readonly string[]
  /** What tshark finds wrong with it. */
  readonly complaints: readonly string[]
}

/** Complaints about what tshark 4 does not know; it says them of libcoap's messages too. */
const UNKNOWN_TO_TSHARK: Readonly<Record<string, readonly string[]>> = {
  "0.03": ["Invalid Option Number 292"], // Request-Tag, RFC 9175 §3.2
  // Max-Message-Size and Block-Wise-Transfer, which it takes for options of a request, RFC 8323 §5.3
  "7.01": ["Invalid Option Number 2", "Invalid Option Range: 0 (1 < x < 8)"],
}

/** What it says of each protected message: nobody has given it the keys. */
const CANNOT_READ = "Security context not set - can't decrypt"

/** The bridge speaks for itself to nobody at all, so that the capture's begin and end are in the capture. */
const MARK = { from: "169.254.0.1", to: "169.254.0.2", hardware: "02:00:00:00:00:02", port: 9 }
const AGAIN_MS = 20

export class Capture implements AsyncDisposable {
  #bytes = Buffer.alloc(0)

  private constructor(
    private readonly bridge: Bridge,
    private readonly purpose: Purpose,
    private readonly dumpcap: Bun.Subprocess<"ignore", "pipe", "ignore">,
    private readonly output: AsyncIterator<Uint8Array>,
  ) {}

  /** Resolves when whatever passes from now on is captured. */
  static async start(bridge: Bridge, purpose: Purpose): Promise<Capture> {
    const { namespace, device } = bridge
    await namespace.ip(
      `address replace ${MARK.from}/30 dev ${device}`,
      `neighbour replace ${MARK.to} lladdr ${MARK.hardware} dev ${device} nud permanent`,
    )
    const command = namespace.command(findPeer("dumpcap") ?? "dumpcap", "-q", "-i", device, "-w", "-")
    const dumpcap = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "ignore" })
    const capture = new Capture(bridge, purpose, dumpcap, dumpcap.stdout[Symbol.asyncIterator]())
    await capture.#reach("here it begins")
    return capture
  }

  /** Everything until now. */
  async dissect(): Promise<Frame[]> {
    await this.#reach("here it ends")
    const folder = await mkdtemp(join(tmpdir(), "hosts-capture-"))
    try {
      const file = join(folder, "bridge.pcapng")
      await Bun.write(file, this.#bytes)
      const { transport, port, isTls } = this.purpose
      const decode = ["-d", `${transport}.port==${port},${isTls ? "tls" : "coap"}`, "-Y", `!(ip.addr == ${MARK.from})`]
      const fields = FIELDS.flatMap((field) => ["-e", field])
      const format = ["-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", ...fields]
      const { stdout } = await runPeer("tshark", ["-n", "-r", file, ...decode, ...format])
      return stdout.split("\n").filter(Boolean).map(readFrame)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** Ends it: what is not dissected is dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.dumpcap.kill()
    await this.dumpcap.exited
  }

  /** Sends a word over the bridge until it is in the capture: then all that passed before is in it too. */
  async #reach(word: string): Promise<void> {
    const { namespace } = this.bridge
    // nothing comes to its input: `read` is a pause that leaves no process behind
    const say = `while :; do printf '${word}' > /dev/udp/${MARK.to}/${MARK.port}; read -t ${AGAIN_MS / 1000}; done`
    const speaker = Bun.spawn(namespace.command("bash", "-c", say), { stdin: "pipe", stderr: "ignore" })
    try {
      while (!this.#bytes.includes(word)) {
        const { value, done } = await this.output.next()
        if (done) throw new Error(`dumpcap has ended with ${await this.dumpcap.exited}`)
        this.#bytes = Buffer.concat([this.#bytes, value])
      }
    } finally {
      speaker.kill()
      await speaker.exited
    }
  }
}

/** In the order of `readFrame()`. */
const FIELDS = [
  "frame.protocols",
  "ip.src",
  "ip.dst",
  "udp.srcport",
  "udp.dstport",
  "tcp.srcport",
  "tcp.dstport",
  "tcp.len",
  "coap.code",
  "_ws.expert.message",
  "_ws.expert.severity",
  "udp.payload",
  "tcp.payload",
]

const WARNING = 0x60_0000 // PI_WARN of Wireshark; below it are notes and chat, such as that a connection begins

function readFrame(line: string): Frame {
  const values = line.split("\t")
  const [protocols = "", source, destination, udpSource, udpDestination, tcpSource, tcpDestination] = values
  const [tcpBytes = "", codes = "", messages = "", severities = "", udpPayload, tcpPayload] = values.slice(7)
  const seen = split(codes).map(formatCode)
  const severity = split(severities).map(Number)
  const known = [CANNOT_READ, ...(UNKNOWN_TO_TSHARK[seen[0] ?? ""] ?? [])]
  return {
    protocols,
    from: `${source}:${udpSource || tcpSource}`,
    to: `${destination}:${udpDestination || tcpDestination}`,
    tcpBytes: Number(tcpBytes),
    payload: Buffer.from((udpPayload || tcpPayload || "").replaceAll(":", ""), "hex"),
    codes: seen,
    complaints: split(messages).filter((message, at) => (severity[at] ?? 0) >= WARNING && !known.includes(message)),
  }
}

const split = (values: string): string[] => (values === "" ? [] : values.split("|"))

/** "7.01" for 225 (RFC 7252 §3) */
const formatCode = (code: string): string => `${Number(code) >> 5}.${String(Number(code) & 31).padStart(2, "0")}`

/** What has no business on a bridge of this purpose. ARP has, and TCP's own segments have where TCP is spoken. */
export function strangeOf(frames: readonly Frame[], { transport, server, port, clients, isTls }: Purpose): Frame[] {
  const coap = new RegExp(`^eth:ethertype:ip:${transport}:${isTls ? "tls" : "coap"}\\b(?!.*malformed)`)
  const isClient = (end: string) => clients.includes(end.split(":")[0] ?? "")
  const isServer = (end: string) => end === `${server}:${port}`
  return frames.filter(({ protocols, from, to, tcpBytes, complaints }) => {
    if (protocols === "eth:ethertype:arp") return false
    const isOurs =
      coap.test(protocols) || (protocols === `eth:ethertype:ip:tcp` && transport === "tcp" && tcpBytes === 0)
    const isBetween = (isClient(from) && isServer(to)) || (isServer(from) && isClient(to))
    return !isOurs || !isBetween || complaints.length > 0
  })
}
