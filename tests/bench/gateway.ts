// The gateway alone in its process: its spool's folder, how many devices it has and the cloud's port are its arguments.
// Prints its port; told "forward" on standard input it delivers what has come, and prints what that was as JSON.
import { randomBytes } from "node:crypto"
import { systemClock } from "../../src/clock"
import { Gateway } from "../../src/gateway/gateway"
import { KeyFolder } from "../../src/keys/folder"
import { systemSockets } from "../../src/net/sockets"
import { dayBefore } from "../../src/survey/calendar"
import { complaints } from "./load/complaints"
import { fleetTopology } from "./load/topology"

const [folder = ".", devices = "1", cloudPort = "0"] = process.argv.slice(2)
const topology = fleetTopology(folder, Number(devices))

const gateway = await Gateway.start({
  topology,
  addressing: "simulated",
  sockets: systemSockets,
  cloudPort: Number(cloudPort),
  clock: systemClock,
  random: Math.random,
  oscore: { keys: KeyFolder.open(folder, systemClock), randomBytes },
  ...complaints(topology),
})
const day = dayBefore(Date.now(), topology.timeZone)
await gateway.open(day, Date.now())
process.stdout.write(`${gateway.port}\n`)
process.on("SIGTERM", () => gateway.stop().then(() => process.exit(0)))
for await (const line of console) {
  if (line !== "forward") continue
  const forwarded = await gateway.close(day, new AbortController().signal)
  process.stdout.write(`${JSON.stringify(forwarded)}\n`)
}
