// A gateway and the page in one process, as `start` has them: the folder of topology.yaml is its argument. Prints the
// gateway's port; told "page" the page's address; told "changed" the page hears that a run has ended.
import { join } from "node:path"
import { systemClock } from "../../../src/clock"
import { Gateway } from "../../../src/gateway/gateway"
import { systemSockets } from "../../../src/net/sockets"
import { Page } from "../../../src/page/page"
import { dayBefore } from "../../../src/survey/calendar"
import { loadTopology } from "../../../src/topology/yaml/load"
import { complaints } from "../load/complaints"

const [folder = "."] = process.argv.slice(2)
const topology = await loadTopology(join(folder, "topology.yaml"))
const told = complaints(topology)
const gateway = await Gateway.start({
  topology,
  addressing: "simulated",
  sockets: systemSockets,
  cloudPort: 0,
  clock: systemClock,
  random: Math.random,
  ...told,
})
if (process.argv[3] === "open") await gateway.open(dayBefore(Date.now(), topology.timeZone), Date.now())
process.stdout.write(`${gateway.port}\n`)
process.on("SIGTERM", () => gateway.stop().then(() => process.exit(0)))
let page: Page | undefined
for await (const line of console) {
  if (line === "page") page ??= await Page.start({ topology, counts: () => gateway.counts, log: told.log })
  if (line === "changed") page?.changed()
  process.stdout.write(`${page?.url}\n`)
}
