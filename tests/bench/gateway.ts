// The gateway alone in its process, its spool in the folder that the argument names; prints its port.
import { systemClock } from "../../src/clock"
import { systemSockets } from "../../src/coap/sockets"
import { Gateway } from "../../src/gateway/gateway"
import { dayBefore } from "../../src/survey/calendar"
import { fleetTopology } from "./topology"

const [folder = "."] = process.argv.slice(2)
const complain = (text: unknown) => process.stderr.write(`${text}\n`)
const topology = fleetTopology(folder)

const gateway = await Gateway.start({
  topology,
  addressing: "simulated",
  sockets: systemSockets,
  cloudPort: 0,
  clock: systemClock,
  random: Math.random,
  log: { debug() {}, info() {}, warn: complain, error: complain },
  onFatal: (error) => {
    complain(error)
    process.exit(70)
  },
})
await gateway.open(dayBefore(Date.now(), topology.timeZone), Date.now())
process.stdout.write(`${gateway.port}\n`)
process.on("SIGTERM", () => gateway.stop().then(() => process.exit(0)))
