// A gateway that answers as a test says, and the network on which devices reach it, in virtual time.
import { Code } from "../../src/coap/code"
import { OptionNumber, textsOf } from "../../src/coap/option"
import { type Handler, type Response, say } from "../../src/coap/resource"
import { Endpoint } from "../../src/coap/udp/exchange"
import type { Sockets } from "../../src/net/sockets"
import type { Peer } from "../../src/net/udp"
import { SeededLink } from "../coap/udp/seeded-link"
import { seededRandom, VirtualClock } from "../virtual-clock"

export const GATEWAY: Peer = { address: "127.168.1.1", port: 10_005 }
const TRANSMISSION = { ackTimeoutMs: 2000, maxRetransmit: 4 }
const FIRST_PORT = 40_000

export class FakeGateway {
  readonly clock: VirtualClock
  readonly random = seededRandom(1)
  readonly link: SeededLink
  readonly transmission = TRANSMISSION
  /** What came, a line each: `/missing/192.168.1.2/2026-11-22?kind=stale: its text`. */
  readonly heard: string[] = []
  /** Days that `/owed` tells. */
  owed: readonly string[] = []
  /** What it says to a path's first segment, where it does not acknowledge. */
  readonly answers = new Map<string, Response>()
  #nextPort = FIRST_PORT

  constructor(now: number) {
    this.clock = new VirtualClock(now)
    const { clock, random, transmission } = this
    this.link = new SeededLink(clock, random, { loss: 0, doubled: 0, delayMs: 1, stray: 0 })
    const send = this.link.join(GATEWAY, (datagram, peer) => endpoint.receive(datagram, peer))
    const endpoint = new Endpoint({ send, clock, random, transmission, handler: this.#handle })
  }

  /** Of the devices. */
  readonly sockets: Sockets = {
    openUdp: async ({ address, onDatagram }) => {
      const own = { address, port: this.#nextPort++ }
      const send = this.link.join(own, onDatagram)
      return { port: own.port, send, close: () => this.link.leave(own) }
    },
    listenTcp: () => {
      throw new Error("nobody listens here")
    },
    connectTcp: () => Promise.reject(new Error("nobody connects here")),
    listenUnix: () => {
      throw new Error("nobody is asked here")
    },
    canBind: async () => undefined,
  }

  readonly #handle: Handler = ({ options, payload }) => {
    const path = textsOf(options, OptionNumber.UriPath)
    const query = textsOf(options, OptionNumber.UriQuery)
    if (path[0] === "owed") {
      const [after = ""] = query.map((pair) => pair.replace("after=", ""))
      return say(Code.Content, this.owed.filter((day) => day > after).join("\n"))
    }
    const shown = query.filter((pair) => !pair.startsWith("digest="))
    const target = `/${path.join("/")}${shown.length > 0 ? `?${shown.join("&")}` : ""}`
    this.heard.push(`${target}: ${new TextDecoder().decode(payload).trimEnd().replaceAll("\n", "|")}`)
    return this.answers.get(path[0] ?? "") ?? say(Code.Changed)
  }
}
