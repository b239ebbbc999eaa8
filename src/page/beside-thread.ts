// The thread that reads the status once.
import { readIfThere } from "../status/document"
import { StorageError } from "../storage/errors"
import type { Reading, Wanted } from "./beside"
import { inForce } from "./in-force"

declare const self: Worker

self.onmessage = async ({ data }: MessageEvent<Wanted>) => self.postMessage(await read(data))

async function read({ texts, now }: Wanted): Promise<Reading> {
  try {
    return { kind: "status", status: await readIfThere(inForce(texts), now) }
  } catch (error) {
    if (error instanceof StorageError) return { kind: "unreadable", reason: error.message }
    throw error
  }
}
