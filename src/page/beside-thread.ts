// The thread that reads the status once.
import { readIfThere } from "../status/document"
import { StorageError } from "../storage/errors"
import type { Reading, Wanted } from "./beside"
import { inForce } from "./in-force"

declare const self: Worker

self.onmessage = ({ data }: MessageEvent<Wanted>) => self.postMessage(read(data))

function read({ texts, now }: Wanted): Reading {
  try {
    return { kind: "status", status: readIfThere(inForce(texts), now) }
  } catch (error) {
    if (error instanceof StorageError) return { kind: "unreadable", reason: error.message }
    throw error
  }
}
