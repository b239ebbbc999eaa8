// Sessions on a real PostgreSQL server that hold up whoever asks until they have answered: no simulated time passes while the
// server works.

import { deserialize } from "bun:jsc"
import { SQL } from "bun"

export type Row = Record<string, unknown>
export type Result = Row[] & { readonly count: number }

/** What is told to holder.ts first: how long an answer is, 0 until it is there, and the answer. */
export interface Opened {
  readonly state: SharedArrayBuffer
  readonly room: SharedArrayBuffer
}

export type Asked = { readonly session: number } & (
  | { readonly ask: "open"; readonly options: SQL.PostgresOrMySQLOptions }
  | {
      readonly ask: "run"
      readonly text: string
      readonly values: readonly unknown[]
    }
  | { readonly ask: "cut" }
)

export type Answer =
  | { readonly rows: Row[]; readonly count: number }
  | { readonly error: { readonly code: string; readonly message: string } }

const ROOM_BYTES = 64 * 1024 * 1024 // of an answer
const WITHIN_MS = 60_000

/** One session, which is opened with the first that is asked of it. */
export class Session {
  static #opened = 0
  readonly #number = ++Session.#opened
  #isOpen = false

  constructor(private readonly options: SQL.PostgresOrMySQLOptions) {}

  /** Throws as Bun.SQL rejects. */
  run(text: string, values: readonly unknown[] = []): Result {
    if (!this.#isOpen) ask({ session: this.#number, ask: "open", options: this.options })
    this.#isOpen = true
    return ask({ session: this.#number, ask: "run", text, values })
  }

  /** Ends it, and its transaction is rolled back. */
  cut(): void {
    if (this.#isOpen) ask({ session: this.#number, ask: "cut" })
    this.#isOpen = false
  }
}

let holder: Worker | undefined
const state = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
const room = new Uint8Array(new SharedArrayBuffer(ROOM_BYTES))

function ask(asked: Asked): Result {
  holder ??= begin()
  Atomics.store(state, 0, 0)
  holder.postMessage(asked)
  // the word that the last answer is there may come when this one is waited for
  while (Atomics.load(state, 0) === 0) {
    if (Atomics.wait(state, 0, 0, WITHIN_MS) === "timed-out") throw new Error(`no answer to ${JSON.stringify(asked)}`)
  }
  const answer: Answer = deserialize(room.slice(0, state[0]).buffer)
  if ("error" in answer) throw new SQL.PostgresError(answer.error.message, answer.error)
  return Object.assign(answer.rows, { count: answer.count })
}

function begin(): Worker {
  const worker = new Worker(new URL("./holder.ts", import.meta.url).href)
  worker.unref()
  worker.postMessage({ state: state.buffer, room: room.buffer })
  return worker
}
