// One server of the network under fire in a process of its own: `bun server.ts cloud|gateway FOLDER [CLOUD_PORT]`.
// Standard output: a line of JSON with the port, then one for each fault that it noticed.
import type { Log } from "../../../../src/log"
import { Network } from "../../../../src/network"
import { topologyIn } from "./places"
import type { ServerReport } from "./process"

const NETWORK_ERROR = /\bE[A-Z]{3,}\b/ // such as ECONNREFUSED: a peer has gone

const [role, folder = ".", cloudPort = "0"] = process.argv.slice(2)
const tell = (report: ServerReport) => process.stdout.write(`${JSON.stringify(report)}\n`)
const fault = (text: string) => tell({ fault: text })

/** What a handler threw is logged and survived: here it is a fault all the same. */
const log: Log = {
  debug: (text) => {
    if (/^UDP: /.test(text) && !NETWORK_ERROR.test(text)) fault(text)
  },
  info() {},
  warn: (text) => {
    if (/handler threw|could not be handled/.test(text)) fault(text)
  },
  error: fault,
}

const declared = topologyIn(folder)
const topology = { ...declared, cloud: { ...declared.cloud, port: Number(cloudPort) } }
const network = await Network.start(topology, {
  roles: { cloud: role === "cloud", gateway: role === "gateway", devices: [] },
  addressing: "declared",
  log,
  listener: (event) => {
    if (event.kind !== "disk-failed") return
    fault(`fatal: ${event.error}`)
    process.exit(70)
  },
})
tell({ port: role === "cloud" ? network.ports.cloud : network.ports.gateway })
process.on("SIGTERM", () => network.stop().then(() => process.exit(0)))
process.stdin.on("end", () => process.exit(0)).resume() // whoever started it is gone
// once a day is closed, whatever comes for it goes to the cloud at once; not awaited here, because Bun survives what is
// thrown elsewhere as long as a module is not through
if (role === "gateway") network.collect({ patient: true }).catch((error) => fault(`the collection failed: ${error}`))
