// The server's side of OSCORE (RFC 8613 §8.2, §8.3): requests in, the answers of whoever handles them out, protected alike. A
// context is derived anew by whoever speaks for the first time (Appendix B.2); one that is fixed proves its freshness by Echo
// (Appendix B.1.2). No sockets.
import { formatAddress } from "../../topology/address"
import { Code } from "../code"
import { refuseRequest } from "../critical"
import { cut } from "../fit"
import { type Content, findOption, MessageFormatError, NO_BYTES, OptionNumber, uintOption } from "../option"
import { busy, type Handler, type Request, type Response, say } from "../resource"
import { bytes as byteString, concat, readBytes } from "./cbor"
import { CHALLENGE_BYTES, Challenges, type RandomBytes } from "./challenges"
import { type Context, deriveContext, sequenceNumberOf } from "./context"
import { addressOf, type DeviceKeys, GATEWAY_ID, protectedEndpoint } from "./identity"
import { type Binding, bindingOf, objectOf, openRequest, protectResponse, type ResponseExtras } from "./message"
import { type Established, type PeerState, Peers } from "./peers"
import { ReplayWindow } from "./window"

export interface OscoreServerOptions {
  readonly keys: DeviceKeys
  /** Answers requests: those that were protected say by whose key, all others came in plain. */
  readonly handler: Handler
  readonly randomBytes: RandomBytes
  /** A number that was never given before, whatever was restarted (Appendix B.1.1); undefined where there is none now. */
  readonly ownNumber: () => number | undefined
  /** A message that says it is a device's, and is not protected with its key as it is now. */
  readonly onStranger?: (sender: string, device: number) => void
  /** Devices whose contexts are held. */
  readonly mostPeers?: number
}

const MOST_PEERS = 65_536 // some 40 MB
const LEAST_NONCE_BYTES = 8 // of R3, Appendix B.2
const RETRY_SECONDS = 60

/** A request that a device's key opened, and what its answer is protected with. */
interface Opened {
  readonly kind: "opened"
  readonly device: number
  readonly context: Context
  readonly binding: Binding
  readonly content: Content | "malformed"
}

/** An answer of OSCORE itself. */
interface Answered {
  readonly kind: "answered"
  readonly response: Response
}

/** What came, as far as it is understood. */
interface Arrived {
  readonly request: Request
  readonly device: number
  readonly peer: PeerState
  readonly binding: Binding
  readonly number: number
}

export class OscoreServer {
  readonly #challenges: Challenges
  readonly #peers: Peers

  constructor(private readonly options: OscoreServerOptions) {
    this.#challenges = new Challenges(options.randomBytes)
    this.#peers = new Peers(options.mostPeers ?? MOST_PEERS)
  }

  /** Devices whose contexts are held. */
  get size(): number {
    return this.#peers.size
  }

  readonly handle: Handler = (request) => {
    const object = objectOf(request)
    if (object === "none") return this.options.handler(request)
    if (!object?.kid || !object.partialIv) return refuse(Code.BadOption, "Failed to decode COSE")
    const { keys } = this.options
    const { kid, partialIv, kidContext } = object
    const device = addressOf(kid)
    const epoch = device === undefined ? undefined : keys.epochOf(device)
    if (device === undefined || epoch === undefined) return refuse(Code.Unauthorized, "Security context not found")
    const peer = this.#peers.get(device, epoch, () => keys.secretOf(device, epoch))
    const binding = bindingOf(kid, partialIv)
    const arrived = { request, device, peer, binding, number: sequenceNumberOf(partialIv) }
    const read = kidContext === undefined ? this.#withoutContext(arrived) : this.#withContext(arrived, kidContext)
    return read.kind === "opened" ? this.#answer(read, request) : read.response
  }

  /** Why a message that came in pieces is of no device with a key: nothing is held of it. Undefined where it may be. */
  readonly admit = (request: Request): Response | undefined => {
    const object = objectOf(request)
    if (!object || object === "none" || !object.kid || !object.partialIv)
      return refuse(Code.BadOption, "Failed to decode COSE")
    const device = addressOf(object.kid)
    const isKnown = device !== undefined && this.options.keys.epochOf(device) !== undefined
    return isKnown ? undefined : refuse(Code.Unauthorized, "Security context not found")
  }

  /** Of a context that was derived anew, or is to be (Appendix B.2). */
  #withContext(arrived: Arrived, kidContext: Uint8Array): Opened | Answered {
    const idContext = readBytes(kidContext)
    if (!idContext) return answered(refuse(Code.Unauthorized, "Security context not found"))
    const { peer, binding } = arrived
    const { renewed } = peer
    if (renewed && isEqual(renewed.context.idContext ?? NO_BYTES, idContext)) {
      return this.#take(arrived, [renewed])
    }
    const context = this.#derive(arrived, idContext)
    const challenge = idContext.slice(0, CHALLENGE_BYTES)
    const number = this.#challenges.numberOf(binding.kid, challenge)
    const isLongEnough = idContext.length >= CHALLENGE_BYTES + LEAST_NONCE_BYTES
    if (number === undefined || number <= peer.answered || !isLongEnough)
      return this.#renew(arrived, context, idContext)
    const established = { context, window: new ReplayWindow() }
    const opened = this.#take(arrived, [established])
    if (opened.kind === "opened") {
      peer.answered = number
      peer.renewed = established
    }
    return opened
  }

  /** Step 2 of Appendix B.2: whoever has the key is asked to make a context of our random bytes and its own. */
  #renew(arrived: Arrived, context: Context, idContext: Uint8Array): Opened | Answered {
    const { binding, request } = arrived
    if (tryOpen(context, binding, request) === undefined) return this.#undecipherable(arrived)
    const random = this.#challenges.make(binding.kid)
    const second = this.#derive(arrived, concat(random, idContext))
    // a number of its own: which nonce a request under another context lends, RFC 8613 leaves open
    const extras = { sequenceNumber: 0, kidContext: byteString(random) }
    return answered(protectedBy(second, binding, { code: Code.Unauthorized }, extras))
  }

  /** Of the context that the device has, or of a fixed one. */
  #withoutContext(arrived: Arrived): Opened | Answered {
    const { peer } = arrived
    const fixed = peer.fixed ?? { context: this.#derive(arrived, undefined), window: undefined }
    const opened = this.#take(arrived, peer.renewed ? [peer.renewed, fixed] : [fixed])
    if (opened.kind === "answered" || opened.context !== fixed.context) return opened
    return peer.fixed ? opened : this.#synchronize(arrived, opened, fixed)
  }

  /** Appendix B.1.2: of what came before our start we know nothing, so the first request has to prove that it is new. */
  #synchronize({ peer, binding, number }: Arrived, opened: Opened, fixed: Established): Opened | Answered {
    const { content } = opened
    const echo = content === "malformed" ? undefined : findOption(content.options, OptionNumber.Echo)
    const answers = echo && this.#challenges.numberOf(binding.kid, echo.value)
    if (answers !== undefined && answers > peer.answered) {
      peer.answered = answers
      peer.fixed = { context: fixed.context, window: new ReplayWindow(number) }
      peer.fixed.window?.add(number)
      return opened
    }
    const sequenceNumber = this.options.ownNumber()
    if (sequenceNumber === undefined) return answered(busy("There is no number for an answer", RETRY_SECONDS))
    const options = [{ number: OptionNumber.Echo, value: this.#challenges.make(binding.kid) }]
    return answered(protectedBy(fixed.context, binding, { code: Code.Unauthorized, options }, { sequenceNumber }))
  }

  /** Opens it with the first of these contexts that fits; each request is taken once (§7.4). */
  #take(arrived: Arrived, candidates: readonly Established[]): Opened | Answered {
    const { request, device, peer, binding, number } = arrived
    let isReplayed = false
    for (const { context, window } of candidates) {
      if (window && !window.isNew(number)) {
        isReplayed = true
        continue
      }
      const content = tryOpen(context, binding, request)
      if (content === undefined) continue
      window?.add(number)
      this.#peers.keep(device, peer)
      return { kind: "opened", device, context, binding, content }
    }
    return isReplayed ? answered(refuse(Code.Unauthorized, "Replay detected")) : this.#undecipherable(arrived)
  }

  #undecipherable({ request, device }: Arrived): Answered {
    this.options.onStranger?.(request.address, device)
    return answered(refuse(Code.BadRequest, "Decryption failed"))
  }

  #answer({ device, context, binding, content }: Opened, outer: Request): Response | Promise<Response> {
    // what the same request in plain would be long: an answer that is no longer than that stays below the protected one
    const sizeBytes = outer.payload.length - PLAIN_LESS_BYTES
    const protect = (response: Response): Response => {
      const { mayBeLonger } = response
      return protectedBy(context, binding, mayBeLonger ? response : cut(response, sizeBytes))
    }
    if (content === "malformed") return protect(say(Code.BadRequest, "What is inside is no message"))
    const { code, payload } = content
    const options = content.options.filter(({ number }) => number !== OptionNumber.Echo)
    // what it may do and hold here goes by its key, wherever it sends from
    const address = formatAddress(device)
    const endpoint = protectedEndpoint(address)
    const { arrivedAt } = outer
    const request: Request = { code, options, payload, address, endpoint, arrivedAt, sizeBytes, protectedBy: device }
    const response = refuseRequest(request) ?? this.options.handler(request)
    return response instanceof Promise ? response.then(protect) : protect(response)
  }

  #derive({ peer, binding }: Arrived, idContext: Uint8Array | undefined): Context {
    const { masterSecret } = peer
    return deriveContext({ masterSecret, idContext, senderId: GATEWAY_ID, recipientId: binding.kid })
  }
}

const PLAIN_LESS_BYTES = 8 + 1 - 4 // the tag and the code inside, the header outside

const answered = (response: Response): Answered => ({ kind: "answered", response })

/** Sent as it is: nothing is protected of what was not understood (§8.3); no proxy is to keep it. */
const refuse = (code: number, text: string): Response => say(code, text, [uintOption(OptionNumber.MaxAge, 0)])

/** It must not be cut: it would be worth nothing. */
function protectedBy(context: Context, binding: Binding, response: Response, extras?: ResponseExtras): Response {
  const { code, options = [], payload = NO_BYTES } = response
  return { ...protectResponse(context, binding, { code, options, payload }, extras), mayBeLonger: true }
}

function tryOpen(context: Context, binding: Binding, request: Request): Content | "malformed" | undefined {
  try {
    return openRequest(context, binding, request)
  } catch (error) {
    if (error instanceof MessageFormatError) return "malformed"
    throw error
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
