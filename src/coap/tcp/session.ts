// One CoAP connection over TCP: settings, requests both ways, and an orderly end (RFC 8323 §3.3, §5). No sockets.
import type { Random } from "../../clock"
import { Code, formatCode, isRequest, isResponse } from "../code"
import { optionProblem, refuseRequest } from "../critical"
import { type Content, NO_BYTES } from "../option"
import { type Handler, type Request, type Response, say } from "../resource"
import { encodeCut, encodeFrame, type Frame, type ReceivedFrame } from "./frame"
import { Intake, type IntakeOptions } from "./intake"
import { Outstanding, type Waiting } from "./outstanding"
import {
  abortMessage,
  BASE_MAX_MESSAGE_SIZE_BYTES,
  csm,
  diagnosticOf,
  hasCustody,
  maxMessageSizeOf,
  pong,
  releaseMessage,
  SignalOption,
  unknownCriticalOption,
} from "./signal"

export interface SessionOptions extends IntakeOptions {
  readonly send: (bytes: Uint8Array) => void
  /** Sends what was handed over, then ends the connection. */
  readonly close: () => void
  readonly random: Random
  /** The peer's address and the connection, as requests show them. */
  readonly address: string
  /** Who it has proved to be, as requests show it. */
  readonly identity?: string | undefined
  readonly endpoint: string
  /** Answers the peer's requests; without it each is answered 4.04, as RFC 8323 §3.3 allows. */
  readonly handler?: Handler
  /** What the peer or a handler did wrong, with a line for people; the session has dealt with it. */
  readonly onProblem?: (error: Error) => void
}

const RELEASE_TIMEOUT_MS = 1000 // an orderly end waits for what is outstanding no longer

/** The connection ended before the answer came: whether the request was carried out is unknown. */
export class SessionClosed extends Error {
  override name = "SessionClosed"
  constructor(
    address: string,
    readonly reason: string,
  ) {
    super(`The connection with ${address} ended: ${reason}`)
  }
}

export class Session {
  /** Resolves with the peer's CSM; rejects with SessionClosed. */
  readonly ready: Promise<void>
  readonly #intake: Intake
  readonly #outstanding: Outstanding
  readonly #peerReady = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  #started = false
  #hasPeerCsm = false
  #peerMaxMessageSizeBytes = BASE_MAX_MESSAGE_SIZE_BYTES
  #leaving: SessionClosed | undefined
  #ended: SessionClosed | undefined
  #cancelTimer = () => {}

  constructor(private readonly options: SessionOptions) {
    this.#intake = new Intake(
      options,
      (frame) => this.#take(frame),
      (text) => this.#refuse(text),
      () => this.#leaveWhenIdle(),
    )
    this.#outstanding = new Outstanding(options.random, () => this.#leaveWhenIdle())
    this.ready = this.#peerReady.promise
    this.ready.catch(() => {}) // who waits for it is told; who does not is told by `closed`
  }

  /** 1152 until the peer's CSM says otherwise. */
  get peerMaxMessageSizeBytes(): number {
    return this.#peerMaxMessageSizeBytes
  }

  /** Sends our CSM. An initiator calls it at once; an acceptor may wait for the first bytes (RFC 8323 §3.3). */
  start(): void {
    if (this.#started || this.#ended) return
    this.#started = true
    this.#send(csm(this.options.maxMessageSizeBytes))
  }

  /** Bytes came, cut anywhere. Never throws for what a peer sent. Starts the session if nobody has. */
  receive(chunk: Uint8Array): void {
    if (this.#ended) return
    this.start()
    this.#intake.receive(chunk)
  }

  /**
   * Sends a request, behind the peer's CSM, and resolves with its answer; any number may be under way. Rejects with
   * SessionClosed, with the signal's reason, or with an Error for a request over the peer's Max-Message-Size.
   */
  request(request: Content, signal?: AbortSignal): Promise<Content> {
    const refusal = this.#ended ?? this.#leaving
    if (refusal) return Promise.reject(refusal)
    return this.#outstanding.add(request, signal, (waiting) => {
      if (this.#hasPeerCsm) this.#sendRequest(waiting)
    })
  }

  /** Ends in order: tells the peer, finishes what is outstanding, closes (RFC 8323 §5.5). Resolves when that is done. */
  release(): Promise<void> {
    if (!this.#ended && !this.#leaving) {
      this.start()
      this.#send(releaseMessage())
      this.#leave("released")
    }
    return this.#gone.promise
  }

  /** Ends at once, with a line for the peer's people (RFC 8323 §5.6). */
  abort(text: string, badCsmOption?: number): void {
    if (this.#ended) return
    this.start()
    this.#sendBytes(encodeCut(abortMessage(text, badCsmOption), this.#peerMaxMessageSizeBytes))
    this.#close(`aborted: ${text}`)
  }

  /** The transport has ended: everything outstanding is rejected. */
  closed(reason = "closed by the peer"): void {
    if (this.#ended) return
    const ended = new SessionClosed(this.options.address, reason)
    this.#ended = ended
    this.#cancelTimer()
    this.#intake.stop()
    this.#peerReady.reject(ended)
    for (const { reject } of this.#outstanding.all()) reject(ended)
    this.#gone.resolve()
  }

  #close(reason: string): void {
    this.closed(reason)
    this.options.close()
  }

  #take(frame: ReceivedFrame): void {
    const { code } = frame
    if (code === Code.Empty) return // RFC 8323 §3.4: a keep-alive
    if (!this.#hasPeerCsm && code !== Code.Csm && code !== Code.Abort) {
      this.#refuse(`the first message must be a CSM, not ${formatCode(code)}`)
    } else if (isRequest(code)) this.#takeRequest(frame)
    else if (isResponse(code)) this.#takeResponse(frame)
    else this.#takeSignal(frame)
  }

  #takeSignal(frame: ReceivedFrame): void {
    const { code } = frame
    const critical = unknownCriticalOption(frame)
    if (code === Code.Abort) {
      this.#problem(`${this.options.address} aborted the connection: ${diagnosticOf(frame)}`)
      this.#close(`aborted by the peer: ${diagnosticOf(frame)}`)
    } else if (critical !== undefined) {
      const text = `option ${critical} of ${formatCode(code)} is critical and not supported`
      this.#refuse(text, code === Code.Csm ? critical : undefined)
    } else if (code === Code.Csm) this.#takeCsm(frame)
    else if (code === Code.Release) this.#leave("released by the peer")
    else if (code === Code.Ping) this.#takePing(frame)
  }

  #takeCsm(frame: ReceivedFrame): void {
    const said = maxMessageSizeOf(frame)
    if (said === "bad") {
      const { MaxMessageSize } = SignalOption
      return this.#refuse(`option ${MaxMessageSize} of the CSM is too long`, MaxMessageSize)
    }
    if (said !== undefined) this.#peerMaxMessageSizeBytes = said // otherwise what was said before stays
    if (this.#hasPeerCsm) return
    this.#hasPeerCsm = true
    for (const waiting of this.#outstanding.all()) this.#sendRequest(waiting)
    this.#peerReady.resolve()
  }

  /** With Custody, the Pong says that all requests before the Ping have been carried out (RFC 8323 §5.4.1). */
  #takePing(frame: ReceivedFrame): void {
    const custody = hasCustody(frame)
    const answer = () => this.#send(pong(frame.token, custody))
    if (custody) this.#intake.begin(() => this.#intake.currentFinished().then(answer))
    else answer()
  }

  #takeRequest({ code, token, options, payload, sizeBytes }: ReceivedFrame): void {
    const { address, identity, endpoint, clock } = this.options
    const request = { code, options, payload, address, identity, endpoint, sizeBytes, arrivedAt: clock.now() }
    this.#intake.begin(() => this.#serve(token, request))
  }

  #takeResponse(frame: ReceivedFrame): void {
    const problem = optionProblem(frame.options)
    if (problem === undefined) return this.#outstanding.resolve(frame.token, frame)
    // it may turn the answer's meaning round (RFC 7252 §5.4.1)
    const what = `the answer ${formatCode(frame.code)} of ${this.options.address} cannot be understood`
    this.#outstanding.reject(frame.token, new Error(`${what}: ${problem}`))
  }

  #serve(token: Uint8Array, request: Request): Promise<void> | undefined {
    const { handler = () => say(Code.NotFound) } = this.options
    const answer = (response: Response) => this.#answer(token, response)
    const fail = (cause: unknown) => {
      const what = `the request ${formatCode(request.code)} of ${request.address}`
      this.#problem(`${what} could not be handled: ${cause}`, cause)
      answer(say(Code.InternalServerError, "Internal error"))
    }
    try {
      const response = refuseRequest(request) ?? handler(request)
      if (response instanceof Promise) return response.then(answer).catch(fail)
      answer(response)
    } catch (error) {
      fail(error)
    }
    return undefined
  }

  #answer(token: Uint8Array, { code, options = [], payload = NO_BYTES }: Response): void {
    const frame = { code, token, options, payload }
    const bytes = encodeFrame(frame)
    const max = this.#peerMaxMessageSizeBytes
    if (bytes.length <= max) {
      this.#sendBytes(bytes)
    } else if (code === Code.Content) {
      this.#problem(`an answer of ${bytes.length} bytes is more than the ${max} that ${this.options.address} accepts`)
      this.#answer(token, say(Code.InternalServerError, "The answer is larger than your Max-Message-Size"))
    } else {
      this.#sendBytes(encodeCut(frame, max))
    }
  }

  #sendRequest({ bytes, reject }: Waiting): void {
    const max = this.#peerMaxMessageSizeBytes
    if (bytes.length <= max) this.#sendBytes(bytes)
    else reject(new Error(`A request of ${bytes.length} bytes is more than the ${max} that the peer accepts`))
  }

  #send(frame: Frame): void {
    this.#sendBytes(encodeFrame(frame))
  }

  #sendBytes(bytes: Uint8Array): void {
    if (!this.#ended) this.options.send(bytes)
  }

  #refuse(text: string, badCsmOption?: number): void {
    this.#problem(`ended the connection with ${this.options.address}: ${text}`)
    this.abort(text, badCsmOption)
  }

  #leave(reason: string): void {
    if (this.#leaving) return
    const { address, clock } = this.options
    this.#leaving = new SessionClosed(address, reason)
    this.#cancelTimer = clock.after(RELEASE_TIMEOUT_MS, () => this.#close(reason))
    this.#leaveWhenIdle()
  }

  #leaveWhenIdle(): void {
    if (!this.#leaving || this.#ended || this.#outstanding.size > 0 || !this.#intake.isIdle) return
    this.#close(this.#leaving.reason)
  }

  #problem(text: string, cause?: unknown): void {
    this.options.onProblem?.(new Error(text, cause === undefined ? undefined : { cause }))
  }
}
