// The surveys on their way to the cloud: pipelined within a window, and marked as delivered many at a time.
import { Code, codeClass, isAcknowledgement } from "../../coap/code"
import { OptionNumber, uintOf } from "../../coap/option"
import { reasonOf } from "../../coap/resource"
import type { Reply } from "../../coap/udp/exchange"
import type { Day } from "../../survey/calendar"
import type { Delivery, Spool } from "../spool/spool"

export interface PipelineOptions {
  readonly spool: Spool
  /** The run that it belongs to, by its instant: what the cloud refuses on it is passed over. */
  readonly run: number
  /** Puts one survey to the cloud; rejects when the connection is gone. */
  readonly put: (delivery: Delivery) => Promise<Reply>
  /** The cloud has acknowledged it, and the spool knows. */
  readonly onDelivered: (delivery: Delivery) => void
  /** Whether the cloud has refused it so often that it means it, on this run. */
  readonly isMeant: (delivery: Delivery) => boolean
  /** The cloud has refused it on this run. */
  readonly onRefused: () => void
}

const PAGE = 64 // surveys that are read from the spool at a time, whole
const MAX_REQUESTS = 4096 // in flight: while the cloud commits some, others come to it
const MAX_BYTES = 4 * 1024 * 1024 // of surveys in flight
const MARKED_TOGETHER = MAX_REQUESTS / 2 // with one fsync; what a crash leaves unmarked is delivered once more, and known

export class Pipeline {
  #requests = 0
  #bytes = 0
  #delivered: Delivery[] = []
  #marking: Promise<unknown> = Promise.resolve()
  #postponed: Reply | undefined
  #failure: unknown
  #wake = () => {}

  constructor(private readonly options: PipelineOptions) {}

  /**
   * Delivers what is due of this day and of those before it. What is acknowledged is marked, also when it throws: the
   * connection's error, or that the cloud refuses a survey for now.
   */
  async run(upTo: Day): Promise<void> {
    const { spool, run } = this.options
    await spool.settle()
    let page = spool.due(upTo, run, PAGE)
    while (page.length > 0 && this.#failure === undefined) {
      for (const delivery of page) {
        if (this.#isFull) await this.#until(() => this.#isHalfEmpty)
        if (this.#failure !== undefined) break
        this.#send(delivery)
      }
      page = spool.due(upTo, run, PAGE, page.at(-1))
    }
    await this.#until(() => this.#requests === 0)
    this.#mark()
    await this.#marking
    if (this.#failure !== undefined) throw this.#failure
    if (this.#postponed) throw refusal("a survey for now", this.#postponed)
  }

  get #isFull(): boolean {
    return this.#requests >= MAX_REQUESTS || this.#bytes >= MAX_BYTES
  }

  /** Those that leave together share system calls, here and at the cloud its commit. */
  get #isHalfEmpty(): boolean {
    return this.#requests <= MAX_REQUESTS / 2 && this.#bytes <= MAX_BYTES / 2
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = () => {
        if (condition()) resolve()
      }
      await promise
    }
  }

  #send(delivery: Delivery): void {
    const bytes = delivery.body.length
    this.#requests++
    this.#bytes += bytes
    const settled = () => {
      this.#requests--
      this.#bytes -= bytes
      this.#wake()
    }
    this.options.put(delivery).then(
      (reply) => {
        this.#take(delivery, reply)
        settled()
      },
      (error) => {
        this.#failure ??= error
        settled()
      },
    )
  }

  #take(delivery: Delivery, reply: Reply): void {
    if (isAcknowledgement(reply.code)) {
      this.#delivered.push(delivery)
      if (this.#delivered.length >= MARKED_TOGETHER) this.#mark()
    } else if (isRefusal(reply.code) && this.options.isMeant(delivery)) this.#refuse(delivery, reply)
    else if (asksToWait(reply)) this.#record(this.#postpone(delivery, reply), () => {})
    else this.#postponed = reply
  }

  #mark(): void {
    const delivered = this.#delivered
    this.#delivered = []
    if (delivered.length === 0) return
    this.#record(this.options.spool.markDelivered(delivered), () => {
      for (const delivery of delivered) this.options.onDelivered(delivery)
    })
  }

  #refuse(delivery: Delivery, reply: Reply): void {
    const { spool, run, onRefused } = this.options
    this.#record(spool.markRefused(delivery, run, reasonOf(reply)), onRefused)
  }

  #postpone(delivery: Delivery, reply: Reply): Promise<void> {
    const { spool, run } = this.options
    return spool.markPostponed(delivery, run, reasonOf(reply))
  }

  #record(written: Promise<unknown>, done: () => void): void {
    const recorded = written.then(done, (error) => {
      this.#failure ??= error
    })
    this.#marking = Promise.all([this.#marking, recorded])
  }
}

/** 4.08 only asks to begin again. */
const isRefusal = (code: number): boolean => codeClass(code) === 4 && code !== Code.RequestEntityIncomplete

const SOON_SECONDS = 600 // a disk that is full asks for a minute

/** It is put off for long, and must not hold up the others. */
export const asksToWait = (reply: Reply): boolean =>
  reply.code === Code.ServiceUnavailable && (uintOf(reply.options, OptionNumber.MaxAge) ?? 0) > SOON_SECONDS

export const refusal = (what: string, reply: Reply): Error => new Error(`the cloud refuses ${what}: ${reasonOf(reply)}`)
