// Survey scripts, each asked in a worker of its own within a time limit.
import { resolve } from "node:path"
import type { Clock } from "../../clock"
import { errorText } from "../../format"
import { shorten } from "../../printable"
import { ScriptWorker, type Task } from "../../script/worker"
import type { Day } from "../../survey/calendar"
import type { Device } from "../../topology/devices"
import { regularFile } from "./file"
import type { Formatted } from "./format/file"
import { IdleWorkers } from "./idle"
import { checkSize, SurveyMissing } from "./missing"

/** A script's default export: the lines of one day, "08:00 - 20 - 30%", or a throw when there are none to be had. */
export type SurveySource = (device: Pick<Device, "ip" | "name">, day: Day) => string | Promise<string>

export interface ScriptOptions {
  /** What relative paths start from. */
  readonly folder: string
  /** The script's path. */
  readonly survey: string
  readonly clock: Clock
  /** For loading and running together; 30 s by default. */
  readonly timeLimitMs?: number
}

export interface SurveyQuestion extends ScriptOptions {
  readonly device: Pick<Device, "ip" | "name">
  readonly day: Day
  /** limits.survey */
  readonly limitBytes: number
  /** Of a file that others write. */
  readonly formatted?: Formatted | undefined
}

const TIME_LIMIT_MS = 30_000
const REASON_CHARACTERS = 200
const SIGNATURE = "(device, day) => text"

export class Scripts {
  readonly #idle = new IdleWorkers()

  /** The script's lines of one day. Throws SurveyMissing, or the signal's reason once it aborts. */
  async run(question: SurveyQuestion, signal: AbortSignal): Promise<Uint8Array> {
    const { survey, device, day, limitBytes } = question
    const { ip, name } = device
    const args = [{ ip, ...(name !== undefined && { name }) }, day] satisfies Parameters<SurveySource>
    const text = await this.#ask(question, args, signal)
    const bytes = new TextEncoder().encode(text)
    checkSize(survey, "returned", bytes.length, limitBytes)
    return bytes
  }

  async #ask(options: ScriptOptions, args: Parameters<SurveySource>, signal: AbortSignal): Promise<string> {
    const { folder, survey, clock, timeLimitMs = TIME_LIMIT_MS } = options
    const { ino, size, mtimeMs } = await regularFile(folder, survey)
    const path = resolve(folder, survey)
    const limit = new AbortController()
    const overdue = new Error(`: no lines after ${timeLimitMs / 1000} s`)
    const cancel = clock.after(timeLimitMs, () => limit.abort(overdue))
    try {
      // an edited script gets workers of its own, which load it anew
      const version = `${path} ${ino} ${size} ${mtimeMs}`
      const task: Task = { path, args, wanted: "text", signature: SIGNATURE }
      return await this.#askWorker(version, task, clock, AbortSignal.any([signal, limit.signal]))
    } catch (cause) {
      signal.throwIfAborted()
      const message = errorText(cause)
      throw new SurveyMissing(survey + oneLine(message.replaceAll(`${folder}/`, "")), { cause })
    } finally {
      cancel()
    }
  }

  async #askWorker(version: string, task: Task, clock: Clock, signal: AbortSignal): Promise<string> {
    for (let known = this.#idle.take(version); ; known = undefined) {
      const worker = known ?? ScriptWorker.start()
      try {
        return await worker.ask(task, signal)
      } catch (error) {
        // what crashed a worker that had answered others may be their doing: it does not count against this one
        if (!known?.ended || signal.aborted) throw error
      } finally {
        if (!worker.ended) this.#idle.keep(version, worker, clock)
      }
    }
  }
}

const oneLine = (message: string): string => shorten(message.split(/[\r\n]/, 1)[0] ?? "", REASON_CHARACTERS)
