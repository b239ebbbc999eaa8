// The cloud alone in its process, its store in the folder that the first argument names, for as many devices as the second says; prints its port.
import { systemClock } from "../../src/clock"
import { Cloud } from "../../src/cloud/cloud"
import { systemSockets } from "../../src/net/sockets"
import { fleetTopology } from "./load/topology"

const [folder = ".", devices = "1"] = process.argv.slice(2)
const complain = (text: unknown) => process.stderr.write(`${text}\n`)

const cloud = await Cloud.start({
  topology: fleetTopology(folder, Number(devices)),
  addressing: "simulated",
  sockets: systemSockets,
  clock: systemClock,
  random: Math.random,
  log: { debug() {}, info() {}, warn: complain, error: complain },
  print() {},
  onFatal: (error) => {
    complain(error)
    process.exit(70)
  },
})
process.stdout.write(`${cloud.port}\n`)
process.on("SIGTERM", () => cloud.stop().then(() => process.exit(0)))
