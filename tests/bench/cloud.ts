// The cloud alone in its process, its store in the folder that the first argument names, for as many devices as the second says; prints its port.
import { systemClock } from "../../src/clock"
import { Cloud } from "../../src/cloud/cloud"
import { systemSockets } from "../../src/net/sockets"
import { complaints } from "./load/complaints"
import { fleetTopology } from "./load/topology"

const [folder = ".", devices = "1"] = process.argv.slice(2)
const topology = fleetTopology(folder, Number(devices))

const cloud = await Cloud.start({
  topology,
  addressing: "simulated",
  sockets: systemSockets,
  clock: systemClock,
  random: Math.random,
  print() {},
  ...complaints(topology),
})
process.stdout.write(`${cloud.port}\n`)
process.on("SIGTERM", () => cloud.stop().then(() => process.exit(0)))
