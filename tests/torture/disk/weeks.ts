// A network whose spool is on a small disk, for weeks:
// `bun weeks.ts <folder> <spool's folder> <network> <devices> <days>`. Prints for each day how many devices were in the end
// told that their survey arrived, as JSON, with −1 behind a day that was not delivered.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Clock, pause, systemClock } from "../../../src/clock"
import { loadTopology, Network } from "../../../src/network"
import { dayBefore } from "../../../src/survey/calendar"
import { bindAddress } from "../../../src/topology/addressing"
import { Sender } from "./sender"

const READINGS = 200
const DAY_MS = 86_400_000
const TRIES = 50
const AGAIN_MS = 20

const [folder = "", spool = "", network = "", devices = "", days = ""] = process.argv.slice(2)
const file = join(folder, "topology.yaml")
writeFileSync(
  file,
  `site: farm
timeZone: UTC
schedule: { cron: "0 4 * * *", grace: 1s }
gateway:
  spool: ${join(spool, "gateway.db")}
  interfaces:
    devices: { address: ${network}.1/25 }
    cloud: { address: ${network}.129/25 }
cloud: { address: ${network}.130, store: ${join(folder, "cloud.db")} }
devices:
  - { ip: ${network}.2-${network}.${1 + Number(devices)} }
`,
)

let daysGone = 0
const clock: Clock = { ...systemClock, now: () => Date.now() + daysGone * DAY_MS }
const topology = await loadTopology(file, {})
await using running = await Network.start(topology, { clock, roles: { gateway: true, cloud: true, devices: [] } })
const { address, port } = topology.gateway.interfaces.devices
const gateway = { address: bindAddress(address.ip, "simulated"), port }
const ips = Array.from({ length: Number(devices) }, (_, index) => `${network}.${2 + index}`)
const senders = await Promise.all(ips.map((ip) => Sender.open(ip, bindAddress(ip, "simulated"), gateway)))

const taken: number[] = []
for (; daysGone < Number(days); daysGone++) {
  const day = dayBefore(clock.now(), "UTC")
  const collected = running.collect({ scheduledAt: clock.now() })
  const told = await Promise.all(senders.map((sender, index) => upload(sender, index)))
  taken.push(told.filter(Boolean).length)
  const { delivered } = await collected
  if (!delivered) taken.push(-1)

  async function upload(sender: Sender, index: number): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      if ((await sender.put(day, textOf(index))) === "acknowledged") return true
      await pause(systemClock, AGAIN_MS)
    }
    return false
  }
}
for (const sender of senders) sender[Symbol.dispose]()
console.log(JSON.stringify(taken))

function textOf(index: number): string {
  const reading = (n: number) => {
    const [hour, minute] = [Math.floor(n / 60), n % 60].map((part) => String(part).padStart(2, "0"))
    return `${hour}:${minute} - ${20 + (n % 20)}.5 - ${(daysGone + index + n) % 100}%\n`
  }
  return Array.from({ length: READINGS }, (_, n) => reading(n)).join("")
}
