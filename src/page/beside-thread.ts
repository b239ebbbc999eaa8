// The thread that reads the status once.
import { readIfThere } from "../status/document"
import { StorageError } from "../storage/errors"
import { loadTopology, TopologyError } from "../topology/yaml/load"
import type { Reading, Wanted } from "./beside"

declare const self: Worker

self.onmessage = async ({ data }: MessageEvent<Wanted>) => self.postMessage(await read(data))

async function read({ file, now }: Wanted): Promise<Reading> {
  try {
    return { kind: "status", status: readIfThere(await loadTopology(file), now) }
  } catch (error) {
    if (error instanceof TopologyError) return { kind: "unsound" }
    if (error instanceof StorageError) return { kind: "unreadable", reason: error.message }
    throw error
  }
}
