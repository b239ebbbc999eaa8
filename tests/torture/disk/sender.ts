// A device that is not patient: it uploads, and says at once how it was answered.
import { systemClock } from "../../../src/clock"
import { Code } from "../../../src/coap/code"
import { OptionNumber, textOption, uintOf, uintOption } from "../../../src/coap/option"
import { ContentFormat, textOf } from "../../../src/coap/resource"
import { Endpoint, ExchangeTimeout, type Reply } from "../../../src/coap/udp/exchange"
import { type Datagrams, systemSockets } from "../../../src/net/sockets"
import type { Peer } from "../../../src/net/udp"
import type { Day } from "../../../src/survey/calendar"
import { surveyDigest } from "../../../src/survey/digest"

/** `silent`: nobody answered, which promises nothing. */
export type Answer = "acknowledged" | "refused" | "silent" | { readonly unexpected: string }

const PATIENCE = { ackTimeoutMs: 100, maxRetransmit: 0 }

export class Sender implements Disposable {
  private constructor(
    private readonly ip: string,
    private readonly gateway: Peer,
    private readonly socket: Datagrams,
    private readonly endpoint: Endpoint,
  ) {}

  /** @param ip as it is declared. @param address to send from */
  static async open(ip: string, address: string, gateway: Peer): Promise<Sender> {
    const socket = await systemSockets.openUdp({
      address,
      port: 0,
      onDatagram: (datagram, peer) => endpoint.receive(datagram, peer),
    })
    const send = (bytes: Uint8Array, peer: Peer) => socket.send(bytes, peer)
    const endpoint = new Endpoint({ send, clock: systemClock, random: Math.random, transmission: PATIENCE })
    return new Sender(ip, gateway, socket, endpoint)
  }

  /** Uploads a survey of one datagram, once. */
  async put(day: Day, text: string): Promise<Answer> {
    const payload = Buffer.from(text)
    const options = [
      ...["surveys", this.ip, day].map((segment) => textOption(OptionNumber.UriPath, segment)),
      uintOption(OptionNumber.ContentFormat, ContentFormat.Text),
      textOption(OptionNumber.UriQuery, `digest=${surveyDigest(this.ip, day, payload)}`),
    ]
    try {
      return judge(await this.endpoint.request(this.gateway, { code: Code.Put, options, payload }))
    } catch (error) {
      if (error instanceof ExchangeTimeout) return "silent"
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.endpoint.stop()
    this.socket.close()
  }
}

/** A full disk is 5.03 with the time to come again (RFC 7252 §5.9.3.4); 5.00 is an error that was caught. */
function judge(reply: Reply): Answer {
  if (reply.code === Code.Created || reply.code === Code.Changed) return "acknowledged"
  if (reply.code === Code.InternalServerError) return "silent"
  if (reply.code === Code.ServiceUnavailable && (uintOf(reply.options, OptionNumber.MaxAge) ?? 0) > 0) return "refused"
  return { unexpected: `${reply.code >> 5}.${reply.code & 31} ${textOf(reply)}` }
}
