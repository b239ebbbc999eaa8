// Confirmable exchanges over an unreliable link: retransmission, matching, deduplication (RFC 7252 §4, §5). No sockets.
import type { Clock, Random } from "../../clock"
import type { Peer } from "../../net/udp"
import { Code, isRequest, isResponse, isSuccess } from "../code"
import { optionProblem, refuseRequest } from "../critical"
import { type Content, MessageFormatError, NO_BYTES, wholeWords } from "../option"
import type { Handler, Request, Response } from "../resource"
import { RecentAnswers } from "./answers"
import { decodeMessage, encodeEmpty, encodeMessage, type Message, readHeader, Type } from "./message"

export interface Transmission {
  /** ACK_TIMEOUT, RFC 7252 §4.8 */
  readonly ackTimeoutMs: number
  /** MAX_RETRANSMIT, RFC 7252 §4.8 */
  readonly maxRetransmit: number
}

const ACK_RANDOM_FACTOR = 1.5 // RFC 7252 §4.8
const MAX_LATENCY_MS = 100_000 // RFC 7252 §4.8.2

/** No answer after all retransmissions (RFC 7252 §4.2). */
export class ExchangeTimeout extends Error {
  override name = "ExchangeTimeout"
}

/** The peer answered RST: it does not know what to do with the message. */
export class ExchangeReset extends Error {
  override name = "ExchangeReset"
}

export interface EndpointOptions {
  /** Must not throw: what cannot be sent is lost, as UDP may lose anything. */
  readonly send: (datagram: Uint8Array, peer: Peer) => void
  readonly clock: Clock
  readonly random: Random
  readonly transmission: Transmission
  /** Answers requests; without it every request is refused with RST. */
  readonly handler?: Handler
  /** Requests that may be carried out again when they come again: nothing is remembered of them (RFC 7252 §4.5). */
  readonly isIdempotent?: (request: Message) => boolean
  /** Options outside of a message that OSCORE protects are judged by whoever opens it (RFC 8613 §8.2, §8.4). */
  readonly isProtected?: ((message: Message) => boolean) | undefined
  /** A handler threw: the peer got 5.00. */
  readonly onError?: (error: unknown) => void
}

/** What a client asks; the answer comes as a {@link Reply}. */
export type Outgoing = Content
export type Reply = Content

interface Pending {
  readonly peer: Peer
  readonly id: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (reason: unknown) => void
  cancelTimer: () => void
}

/** One UDP socket's worth of CoAP: both ends of any number of exchanges with any number of peers. */
export class Endpoint {
  /** Counts since the start. */
  readonly counts = { resent: 0, duplicates: 0, malformed: 0, resets: 0 }
  readonly #pendingByToken = new Map<string, Pending>()
  readonly #pendingById = new Map<string, Pending>()
  readonly #answers: RecentAnswers
  #nextId: number
  #nextToken: number

  constructor(private readonly options: EndpointOptions) {
    this.#answers = new RecentAnswers(options.clock)
    // a restart on a fixed port must not meet its former answers (RFC 7252 §4.4, §5.3.1)
    this.#nextId = Math.floor(options.random() * 0x1_0000)
    this.#nextToken = Math.floor(options.random() * 0x1_0000_0000)
  }

  /** A datagram arrived. Never throws: what is malformed is counted and answered as RFC 7252 §4.2, §4.3 say. */
  receive(datagram: Uint8Array, peer: Peer): void {
    let message: Message
    try {
      message = decodeMessage(datagram)
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error
      this.counts.malformed++
      const header = readHeader(datagram)
      if (header?.version === 1 && header.type === Type.Confirmable) this.#reset(header.id, peer)
      return
    }
    if (isRequest(message.code)) this.#receiveRequest(message, peer, datagram.length)
    else if (isResponse(message.code)) this.#receiveResponse(message, peer, datagram.length)
    else this.#receiveEmpty(message, peer)
  }

  /**
   * Sends a confirmable request and resolves with its answer, piggy-backed or separate. One at a time to a peer,
   * please (NSTART, RFC 7252 §4.7). Rejects with ExchangeTimeout, ExchangeReset, or the signal's reason.
   */
  async request(peer: Peer, request: Outgoing, signal?: AbortSignal): Promise<Reply> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const id = this.#takeId()
    const token = this.#takeToken()
    const [tokenKey, idKey] = [keyOf(peer, token), keyOf(peer, id)]
    const pending: Pending = { peer, id, resolve, reject, cancelTimer() {} }
    const giveUp = () => reject(signal?.reason)
    signal?.addEventListener("abort", giveUp, { once: true })
    this.#pendingByToken.set(tokenKey, pending)
    this.#pendingById.set(idKey, pending)
    try {
      const { transmission, random } = this.options
      const firstWaitMs = transmission.ackTimeoutMs * (1 + (ACK_RANDOM_FACTOR - 1) * random())
      this.#transmit(pending, encodeMessage({ type: Type.Confirmable, id, token, ...request }), firstWaitMs, 0)
      return await promise
    } finally {
      pending.cancelTimer()
      signal?.removeEventListener("abort", giveUp)
      this.#pendingByToken.delete(tokenKey)
      // once acknowledged, the id may belong to another request
      if (this.#pendingById.get(idKey) === pending) this.#pendingById.delete(idKey)
    }
  }

  /** Ends every request that is still open. */
  stop(): void {
    for (const pending of [...this.#pendingByToken.values()]) pending.reject(new Error("the endpoint was stopped"))
  }

  #transmit(pending: Pending, datagram: Uint8Array, waitMs: number, resent: number): void {
    const { clock, send, transmission } = this.options
    pending.cancelTimer = clock.after(waitMs, () => {
      if (resent === transmission.maxRetransmit) {
        return pending.reject(new ExchangeTimeout(`no answer from ${pending.peer.address}:${pending.peer.port}`))
      }
      this.counts.resent++
      this.#transmit(pending, datagram, waitMs * 2, resent + 1)
    })
    send(datagram, pending.peer)
  }

  #receiveEmpty(message: Message, peer: Peer): void {
    // a CoAP ping (RFC 7252 §4.3); the RST is its pong
    if (message.type === Type.Confirmable) {
      this.#reset(message.id, peer)
      return
    }
    const pending = this.#pendingById.get(keyOf(peer, message.id))
    if (!pending) return
    if (message.type === Type.Reset) {
      pending.reject(new ExchangeReset(`${peer.address}:${peer.port} rejected the message`))
    } else if (message.type === Type.Acknowledgement) {
      // the response will come separately
      pending.cancelTimer()
      this.#pendingById.delete(keyOf(peer, message.id))
      const overdue = () => new ExchangeTimeout(`${peer.address} acknowledged the request but did not answer it`)
      pending.cancelTimer = this.options.clock.after(MAX_LATENCY_MS, () => pending.reject(overdue()))
    }
  }

  #receiveResponse(message: Message, peer: Peer, sizeBytes: number): void {
    // what is critical and not understood may turn its meaning round: nobody asked for that (RFC 7252 §5.4.1)
    const isUnderstood = this.#isProtected(message) || optionProblem(message.options) === undefined
    const pending = isUnderstood ? this.#pendingByToken.get(keyOf(peer, message.token)) : undefined
    const { type } = message
    if (type === Type.Acknowledgement) {
      // piggy-backed: id and token must both match (RFC 7252 §5.3.2)
      if (pending?.id === message.id) pending.resolve(message)
    } else if (type === Type.Confirmable) {
      const key = keyOf(peer, message.id)
      if (this.#isDuplicate(key, message, peer, sizeBytes)) return
      if (!pending) return this.#reset(message.id, peer)
      const acknowledgement = encodeEmpty(Type.Acknowledgement, message.id)
      this.#answers.set(key, acknowledgement)
      this.options.send(acknowledgement, peer)
      pending.resolve(message)
    } else if (type === Type.NonConfirmable) {
      pending?.resolve(message)
    }
  }

  /** Whether this message came before; a confirmable one then gets the same bytes again (RFC 7252 §4.5). */
  #isDuplicate(key: string, { type }: Message, peer: Peer, sizeBytes: number): boolean {
    const remembered = this.#answers.get(key)
    if (!remembered) return false
    this.counts.duplicates++
    // no bytes: the answer waits for the disk, and will be sent when it is there;
    // more than came: nobody shall fetch a long answer again and again with a short, forged duplicate
    const sendable = remembered.length > 0 && remembered.length <= sizeBytes
    if (type === Type.Confirmable && sendable) this.options.send(remembered, peer)
    return true
  }

  #receiveRequest(message: Message, peer: Peer, sizeBytes: number): void {
    const confirmable = message.type === Type.Confirmable
    if (!confirmable && message.type !== Type.NonConfirmable) return
    const { code, options, payload } = message
    const key = this.options.isIdempotent?.(message) ? undefined : keyOf(peer, message.id)
    if (key !== undefined && this.#isDuplicate(key, message, peer, sizeBytes)) return
    const { handler } = this.options
    if (!handler) {
      if (confirmable) this.#reset(message.id, peer)
      return
    }
    // not 4.02, which is for a CON (RFC 7252 §5.4.1, §4.3)
    const isProtected = this.#isProtected(message)
    if (!confirmable && !isProtected && optionProblem(options) !== undefined) return this.#reset(message.id, peer)
    const { address, port } = peer
    let isLate = false
    const answer = (response: Response) => {
      const datagram = this.#encodeAnswer(message, response, sizeBytes)
      // who is refused at once leaves nothing behind: the same again is refused again
      const isKept = key !== undefined && (isLate || isSuccess(response.code))
      if (isKept) this.#answers.set(key, confirmable ? datagram : NO_BYTES)
      this.options.send(datagram, peer)
    }
    const fail = (error: unknown) => {
      this.options.onError?.(error)
      answer({ code: Code.InternalServerError })
    }
    const arrivedAt = this.options.clock.now()
    const request: Request = { code, options, payload, address, endpoint: `${address}:${port}`, arrivedAt, sizeBytes }
    try {
      const response = (isProtected ? undefined : refuseRequest(request)) ?? handler(request)
      if (response instanceof Promise) {
        isLate = true
        if (key !== undefined) this.#answers.set(key, NO_BYTES)
        response.then(answer, fail)
      } else answer(response)
    } catch (error) {
      fail(error)
    }
  }

  /** A reply is never larger than its request: nobody shall use us against a forged sender (RFC 7252 §11.3). */
  #encodeAnswer(request: Message, response: Response, limitBytes: number): Uint8Array {
    const confirmable = request.type === Type.Confirmable
    const message: Message = {
      type: confirmable ? Type.Acknowledgement : Type.NonConfirmable,
      id: confirmable ? request.id : this.#takeId(),
      token: request.token,
      code: response.code,
      options: response.options ?? [],
      payload: response.payload ?? NO_BYTES,
    }
    const datagram = encodeMessage(message)
    const excess = datagram.length - limitBytes
    if (excess <= 0 || response.mayBeLonger) return datagram
    const payload = message.payload.subarray(0, wholeWords(message.payload, message.payload.length - excess))
    const shorter = encodeMessage({ ...message, payload })
    return shorter.length <= limitBytes ? shorter : encodeMessage({ ...message, options: [], payload: NO_BYTES })
  }

  #isProtected(message: Message): boolean {
    return this.options.isProtected?.(message) ?? false
  }

  #reset(id: number, peer: Peer): void {
    this.counts.resets++
    this.options.send(encodeEmpty(Type.Reset, id), peer)
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId = (id + 1) & 0xffff
    return id
  }

  #takeToken(): Uint8Array {
    const value = this.#nextToken
    this.#nextToken = (value + 1) >>> 0
    return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
  }
}

const keyOf = (peer: Peer, idOrToken: number | Uint8Array): string =>
  typeof idOrToken === "number"
    ? `${peer.address}:${peer.port}:${idOrToken}`
    : `${peer.address}:${peer.port}:${Buffer.from(idOrToken.buffer, idOrToken.byteOffset, idOrToken.length).toString("latin1")}`
