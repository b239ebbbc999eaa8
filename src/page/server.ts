// The thread of the page: answers HTTP from what the databases hold.
import { resolve } from "node:path"
import * as v from "valibot"
import { systemClock } from "../clock"
import { errorText } from "../format"
import { readKeyPair } from "../keys/files"
import { bindError } from "../net/udp"
import { isLoopback } from "../topology/address"
import { readSecretFile } from "../topology/alerts/secret"
import { pageSection, type Topology } from "../topology/topology"
import { TopologyError } from "../topology/yaml/load"
import { readBeside } from "./beside"
import { type GuardOptions, refuse } from "./guard"
import { inForce, readWritten, type Texts } from "./in-force"
import type { Begun, FromServer, ToServer } from "./messages"
import { overviewOf } from "./overview/overview"
import { answer } from "./routes"
import { Views } from "./views"

declare const self: Worker

const tell = (message: FromServer): void => self.postMessage(message)

let views: Views | undefined
let texts: Texts

self.onmessage = async ({ data }: MessageEvent<ToServer>) => {
  if (data.kind === "start")
    await start(data.begun).catch((error) => tell({ kind: "failed", reason: errorText(error) }))
  if (data.kind === "changed") await refresh()
  if (data.kind === "counts") views?.counted(data.counts)
}

async function start({ file, topology: begun, written }: Begun): Promise<void> {
  texts = { file, begun, latest: begun }
  await readAgain()
  const topology = inForce(texts)
  const settings = topology.page || v.parse(pageSection, {})
  const guard = guardOf(settings, topology)
  const current = (views = new Views(topology, {
    ask: () => tell({ kind: "counts" }),
    count: (now) => readBeside({ texts, now }),
    written,
  }))
  const { address, port } = settings
  const tls = tlsOf(settings, topology)
  try {
    const server = Bun.serve({
      hostname: address,
      port,
      ...(tls && { tls }),
      idleTimeout: 120,
      fetch: async (request, server) => refuse(request, guard) ?? (await answer(request, current, server)),
      error: (error) => {
        tell({ kind: "problem", reason: error.stack ?? error.message })
        return new Response("This is our fault, not yours: the log says more\n", { status: 500 })
      },
    })
    // the first look at a fleet would wait for all that it loads
    if (current.prepare()) overviewOf(await current.glimpse(), topology, systemClock.now())
    tell({ kind: "listening", url: `${tls ? "https" : "http"}://${address}:${server.port}` })
  } catch (error) {
    throw bindError("TCP", address, port, error)
  }
}

async function refresh(): Promise<void> {
  await readAgain()
  views?.update(inForce(texts))
}

/** While the file is not sound what it said before stays: `start` tells what is wrong with it. */
async function readAgain(): Promise<void> {
  try {
    texts = { ...texts, latest: await readWritten(texts.file) }
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
  }
}

const WHAT = "the page's password"

type PageSettings = v.InferOutput<typeof pageSection>

function guardOf({ address, password, proxied }: PageSettings, { folder }: Topology): GuardOptions {
  return {
    hosts: isLoopback(address) && !proxied ? [address, "127.0.0.1", "localhost"] : undefined,
    password:
      password === undefined ? undefined : readSecretFile(resolve(folder, password), resolve(folder, password), WHAT),
  }
}

/** Throws KeyError. */
function tlsOf({ tls }: PageSettings, { folder }: Topology): { cert: string; key: string } | undefined {
  if (!tls) return undefined
  const { certificate, key } = readKeyPair(
    resolve(folder, tls.certificate),
    resolve(folder, tls.key),
    "page.tls names it",
  )
  return { cert: certificate, key }
}
