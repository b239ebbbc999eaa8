// Listens on the wires: which survey was sent to whom, and the moment at which its acknowledgement left.
import { Code, isRequest } from "../../../src/coap/code"
import { decodeText, findOption, OptionNumber, textsOf } from "../../../src/coap/option"
import { type Frame, FrameReader } from "../../../src/coap/tcp/frame"
import { decodeMessage } from "../../../src/coap/udp/message"
import type { Peer } from "../../../src/net/udp"
import { parseDay } from "../../../src/survey/calendar"
import type { Observer } from "./links"
import type { Passage } from "./marks"

const MAX_MESSAGE_BYTES = 1024 * 1024

export class Witness implements Observer {
  /** Surveys on their way, by asker and token (RFC 7252 §5.3.1). */
  readonly #asked = new Map<string, Omit<Passage, "kind">>()
  readonly #readers = new Map<string, FrameReader>()

  constructor(private readonly note: (passage: Passage) => void) {}

  datagram(datagram: Uint8Array, from: Peer, to: Peer): void {
    const message = decodeMessage(datagram)
    const asker = isRequest(message.code) ? from : to
    this.#see(message, `${asker.address}:${asker.port}`)
  }

  stream(bytes: Uint8Array, connection: number, fromServer: boolean): void {
    const direction = `${connection} ${fromServer}`
    const reader = this.#readers.get(direction) ?? new FrameReader(MAX_MESSAGE_BYTES)
    this.#readers.set(direction, reader)
    for (const frame of reader.push(bytes)) this.#see(frame, `connection ${connection}`)
  }

  #see(frame: Frame, asker: string): void {
    const key = `${asker} ${Buffer.from(frame.token).toString("hex")}`
    if (isRequest(frame.code)) {
      const survey = surveyIn(frame)
      if (!survey) return
      this.#asked.set(key, survey)
      this.note({ kind: "sent", ...survey })
    } else if (frame.code === Code.Created || frame.code === Code.Changed) {
      const survey = this.#asked.get(key)
      if (survey) this.note({ kind: "acknowledged", ...survey })
      this.#asked.delete(key)
    }
  }
}

/** The survey that a request carries: /surveys/<ip>/<day> to the gateway, /sites/<site>/surveys/<ip>/<day> to the cloud. */
function surveyIn({ options, payload }: Frame): Omit<Passage, "kind"> | undefined {
  const path = textsOf(options, OptionNumber.UriPath)
  const day = parseDay(path.at(-1) ?? "")
  if (!day || path.at(-3) !== "surveys") return undefined
  if (findOption(options, OptionNumber.Block1)) throw new Error("a survey in blocks is more than the witness follows")
  const revision = textsOf(options, OptionNumber.UriQuery).find((pair) => pair.startsWith("revision="))
  return {
    keeper: path[0] === "sites" ? "cloud" : "gateway",
    ip: path.at(-2) ?? "",
    day,
    revision: Number(revision?.slice("revision=".length) ?? 0),
    text: decodeText(payload),
  }
}
