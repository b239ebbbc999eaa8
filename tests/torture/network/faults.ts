// Faults that are put into the programme on purpose, in the process that plays the seeds: the checks must find them.
import { fileURLToPath } from "node:url"
import type { Store } from "../engine"
import { patchSources, replaceOnce } from "../sources"
import type { SiteOptions } from "./site"

export type Fault = keyof typeof FAULTS

/** Each is put in before anything of src is loaded, and returns what it changes of a seed. */
export const FAULTS = {
  "a repeated block appended": appendRepeatedBlocks,
  "a plain insert instead of a merge": insertPlainly,
  "a plain insert instead of a merge, on a server": insertPlainlyOnServer,
  "message ids that start at 0": startAtZero,
  "no digest": leaveOutDigests,
} as const satisfies Record<string, () => Promise<Partial<SiteOptions>>>

/** Those that are put in where stores are files, and where they are on a server. */
export const PLANTED: Record<Store, readonly Fault[]> = {
  file: ["a repeated block appended", "a plain insert instead of a merge", "message ids that start at 0", "no digest"],
  server: ["a plain insert instead of a merge, on a server"],
}

/** A receiver that goes by the order in which blocks come, not by their numbers. */
async function appendRepeatedBlocks(): Promise<Partial<SiteOptions>> {
  const appending = fileURLToPath(import.meta.resolve("./appending.ts"))
  patchSources([
    {
      file: "coap/block.ts",
      change: (text) => `${replaceOnce(text, "export class BlockReceiver ", "class StrictReceiver ")}
        import { appending } from ${JSON.stringify(appending)}
        export class BlockReceiver extends StrictReceiver {
          override readonly handle = appending(this.handle)
        }`,
    },
  ])
  return { hasSensor: true }
}

/** A store without the key that makes a device's day one row: nothing is in the way of another one. */
async function insertPlainly(): Promise<Partial<SiteOptions>> {
  const { STORE } = await import("../../../src/cloud/store/sqlite/schema")
  const [first = "", ...rest] = STORE.migrations
  const key = "PRIMARY KEY (site, day, address)\n    ) WITHOUT ROWID"
  Object.assign(STORE, { migrations: [replaceOnce(String(first), key, "CHECK (true))"), ...rest] })
  return {}
}

const REPLACING = `ON CONFLICT (site, day, address) DO UPDATE SET revision = excluded.revision, digest = excluded.digest,
    zone = excluded.zone, readings = excluded.readings, revisions = excluded.revisions`

/** The same there: whatever comes is another row. */
async function insertPlainlyOnServer(): Promise<Partial<SiteOptions>> {
  patchSources([
    {
      file: "cloud/store/postgres/schema.ts",
      change: (text) => replaceOnce(text, "PRIMARY KEY (site, day, address)\n    )`", "CHECK (true))`"),
    },
    {
      file: "cloud/store/postgres/surveys.ts",
      change: (text) => replaceOnce(text, REPLACING, ""),
    },
  ])
  return {}
}

/** Devices that begin with the same message ids and tokens after each start. */
async function startAtZero(): Promise<Partial<SiteOptions>> {
  return { deviceRandom: () => 0, hasFixedPorts: true }
}

async function leaveOutDigests(): Promise<Partial<SiteOptions>> {
  const { Endpoint } = await import("../../../src/coap/udp/exchange")
  const { request } = Endpoint.prototype
  Endpoint.prototype.request = function (peer, outgoing, signal) {
    const options = outgoing.options.filter(({ value }) => !Buffer.from(value).toString("latin1").startsWith("digest="))
    return request.call(this, peer, { ...outgoing, options }, signal)
  }
  return { damaged: 0.05 }
}
