// One thread that runs a script of the user's: whatever the script does, it is the thread that ends and not the process.
import * as v from "valibot"

export interface Task {
  /** Absolute. */
  readonly path: string
  /** What its default export is called with. */
  readonly args: readonly unknown[]
  /** What it returns; `look`: it is loaded and not called. */
  readonly wanted: "text" | "nothing" | "look"
  /** What its default export is, in a message. */
  readonly signature: string
}

/** `problem`, `crash`: what is wrong, as it follows the script's path. After a crash nothing that comes can be trusted. */
const answerSchema = v.union([
  v.object({ text: v.string() }),
  v.object({ problem: v.string() }),
  v.object({ crash: v.string() }),
])

type Answer = v.InferOutput<typeof answerSchema>

/** A worker that answers one task at a time. Whoever starts it ends it. */
export class ScriptWorker {
  #ended: Error | undefined
  #asked: PromiseWithResolvers<string> | undefined

  private constructor(private readonly worker: Worker) {}

  static start(): ScriptWorker {
    const worker = new Worker(programUrl(), { smol: true })
    const script = new ScriptWorker(worker)
    worker.onmessage = ({ data }: MessageEvent<unknown>) => script.#take(data)
    worker.onerror = ({ message }) => script.end(new Error(`: ${ERROR_LINE.exec(message)?.[1] ?? message}`))
    worker.onmessageerror = () => script.end(new Error(": its answer cannot be read"))
    worker.addEventListener("close", ({ code }) =>
      script.end(new Error(`: it ended without an answer (exit code ${code})`)),
    )
    return script
  }

  /** It crashed or was ended; it answers no more. */
  get ended(): boolean {
    return this.#ended !== undefined
  }

  /** The script's text, or an empty one where none is wanted. Rejects with an Error whose message follows the script's path; an abort ends the worker. */
  async ask(task: Task, signal: AbortSignal): Promise<string> {
    const asked = Promise.withResolvers<string>()
    const stop = () => this.end(signal.reason)
    this.#asked = asked
    signal.addEventListener("abort", stop)
    try {
      if (signal.aborted) stop()
      if (this.#ended) asked.reject(this.#ended)
      else this.worker.postMessage(task)
      return await asked.promise
    } finally {
      signal.removeEventListener("abort", stop)
      this.#asked = undefined
    }
  }

  /** Ends the thread, also in the middle of a loop. */
  end(why: Error): void {
    if (this.#ended) return
    this.#ended = why
    this.#asked?.reject(why)
    this.worker.terminate()
  }

  #take(data: unknown): void {
    const { success, output: answer } = v.safeParse(answerSchema, data)
    if (!success) return // a message that the script sent by itself
    if ("crash" in answer) this.end(new Error(answer.crash))
    else if ("problem" in answer) this.#asked?.reject(new Error(answer.problem))
    else this.#asked?.resolve(answer.text)
  }
}

// an error that nobody caught comes with the source lines around it
const ERROR_LINE = /^(?:\w*error): (.*)$/im

declare const self: Worker

/**
 * What the worker runs. It goes there as text, because a file of its own would not be found in a compiled executable;
 * so it can use nothing that stands outside of it.
 */
function program(): void {
  const answer = (message: Answer) => self.postMessage(message)
  const describe = (error: unknown): string => {
    const { message, name, position } = Object(error) as Partial<BuildMessage>
    return `${message || name || String(error)}${position ? ` (${position.file}:${position.line})` : ""}`
  }
  const crash = (error: unknown) => answer({ crash: `: ${describe(error)}` })
  process.on("uncaughtException", crash)
  process.on("unhandledRejection", crash)

  // standard output belongs to the readings
  const { error } = console
  Object.assign(console, { log: error, info: error, debug: error, table: error, dir: error, dirxml: error })
  Object.assign(console, { group: error, groupCollapsed: error, count: error, timeLog: error, timeEnd: error })
  Object.defineProperty(Bun, "stdout", { value: Bun.stderr })
  // defined on process itself it would open all three streams, which takes longer than to start the worker
  const ours = process
  globalThis.process = Object.create(ours, { stdout: { get: () => ours.stderr } })

  self.onmessage = async ({ data: { path, args, wanted, signature } }: MessageEvent<Task>) => {
    let stage = " cannot be loaded: "
    try {
      // import() alone believes an old listing of the folder and misses a file that is new there
      const { default: script } = await import(Bun.resolveSync(path, "/"))
      if (typeof script !== "function") return answer({ problem: ` has no default export ${signature}` })
      if (wanted === "look") return answer({ text: "" })
      stage = ": "
      const returned = await script(...args)
      if (wanted === "nothing") answer({ text: "" })
      else if (typeof returned === "string") answer({ text: returned })
      else answer({ problem: `: it returned ${typeof returned} instead of text` })
    } catch (error) {
      answer({ problem: stage + describe(error) })
    }
  }
}

// the same for every worker, and never given back: one of a process is enough
let url: string | undefined

function programUrl(): string {
  url ??= URL.createObjectURL(new Blob([`(${program})()`], { type: "application/javascript" }))
  return url
}
