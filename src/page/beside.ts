// Reads the status in a thread of its own, which ends with it: of a fleet it takes seconds, and others are answered meanwhile.
import type { StatusDocument } from "../status/document"
import { StorageError } from "../storage/errors"
import type { Texts } from "./in-force"

export interface Wanted {
  readonly texts: Texts
  /** ms since the epoch */
  readonly now: number
}

export type Reading =
  /** Undefined before anything was collected here. */
  | { readonly kind: "status"; readonly status: StatusDocument | undefined }
  /** The databases cannot be read, in one clear line. */
  | { readonly kind: "unreadable"; readonly reason: string }

// in an executable it lies beside what runs in the thread of the page
const PROGRAM = Bun.isStandaloneExecutable
  ? new URL("./beside-thread.js", Bun.pathToFileURL(Bun.main))
  : new URL("./beside-thread.ts", import.meta.url)

/** Undefined before anything was collected here. Rejects with StorageError of files that cannot be read. */
export async function readBeside(wanted: Wanted): Promise<StatusDocument | undefined> {
  const answered = Promise.withResolvers<Reading>()
  const worker = new Worker(PROGRAM, { smol: true })
  try {
    worker.onmessage = ({ data }: MessageEvent<Reading>) => answered.resolve(data)
    worker.onerror = ({ message }) => answered.reject(new Error(message))
    worker.postMessage(wanted)
    const reading = await answered.promise
    if (reading.kind === "unreadable") throw new StorageError(reading.reason)
    return reading.status
  } finally {
    worker.terminate()
  }
}
