// The edge to other programs of this machine: a socket with a name in the file system (unix(7)), and HTTP with one text
// each way over it. Who may write to the file may ask.
import { chmodSync, lstatSync, rmSync } from "node:fs"

export interface UnixAnswer {
  /** As in HTTP: 200 is done. */
  readonly status: number
  readonly text: string
}

export interface UnixOptions {
  readonly path: string
  /** Who may ask, as in chmod(2). */
  readonly mode: number
  readonly answer: (text: string) => Promise<UnixAnswer>
}

export interface UnixListener {
  /** Lets nobody ask any more, and resolves when what is under way is answered. May be called twice. */
  stop(): Promise<void>
}

const LARGEST_BYTES = 64 * 1024

/**
 * A socket that lies there already is a killed process's: the caller makes sure that no other one listens. Throws the
 * system's error.
 */
export function listenUnix({ path, mode, answer }: UnixOptions): UnixListener {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path)
  const answering = new Set<Promise<UnixAnswer>>()
  const server = Bun.serve({
    unix: path,
    maxRequestBodySize: LARGEST_BYTES,
    async fetch(request, server) {
      if (request.method !== "POST") return new Response("A request is a POST\n", { status: 405 })
      const asked = await request.text()
      server.timeout(request, 0) // an answer may take its time, a question may not
      const work = answer(asked)
      answering.add(work)
      try {
        const { status, text } = await work
        return new Response(`${text}\n`, { status })
      } finally {
        answering.delete(work)
      }
    },
  })
  const stop = async () => {
    void server.stop()
    await Promise.allSettled(answering)
    await new Promise((resolve) => setImmediate(resolve)) // the last answer is written in this turn of the event loop
    await server.stop(true) // whoever has said half a question would be waited for
  }
  try {
    chmodSync(path, mode)
  } catch (error) {
    void stop()
    throw error
  }
  return { stop }
}

const NOBODY = ["ENOENT", "ECONNREFUSED"]

/** Undefined where nobody listens. Throws the system's error, and a TimeoutError where no answer comes in time. */
export async function askUnix(path: string, text: string, withinMs: number): Promise<UnixAnswer | undefined> {
  try {
    const signal = AbortSignal.timeout(withinMs)
    const response = await fetch("http://gateway/", {
      unix: path,
      method: "POST",
      body: text,
      keepalive: false,
      signal,
    })
    const { status } = response
    const said = (await response.text()).trimEnd()
    return { status, text: said || `The answer is ${status} without a word` }
  } catch (error) {
    if (error instanceof Error && "code" in error && NOBODY.includes(String(error.code))) return undefined
    throw error
  }
}
