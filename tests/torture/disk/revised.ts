// A spool on a small disk whose devices send their day a part at a time: `bun revised.ts <spool's folder>`. Each part makes
// surveys longer that are in their place. Prints as JSON what came of it.
import { systemClock } from "../../../src/clock"
import { dayBefore } from "../../../src/survey/calendar"
import { addresses, hasLeft, SmallGateway, surveyText } from "./small-gateway"

const TOGETHER = 1000
const STEP = 7919 // a prime: every address once, neighbours far apart
const PARTS = 3
const READINGS = 2 // a part
const LEFT = 0.7 // of the disk, when all have sent their first part

const [folder = ""] = process.argv.slice(2)
const day = dayBefore(systemClock.now(), "UTC")
const gateway = new SmallGateway(folder, systemClock)

let devices = 0
for (let taken = TOGETHER; taken > 0 && hasLeft(folder, LEFT); devices += taken) {
  taken = await gateway.takeAll(
    addresses(TOGETHER, (n) => devices + n),
    day,
    partOf(0),
  )
  await gateway.spool.settle()
}
let parts = devices
for (let part = 1; part < PARTS; part++) {
  for (let first = 0; first < devices; first += TOGETHER) {
    const together = addresses(Math.min(TOGETHER, devices - first), (n) => ((first + n) * STEP) % devices)
    parts += await gateway.takeAll(together, day, partOf(part))
  }
}
const { surveys, bytes } = await gateway.deliver(day)
gateway.stop()
console.log(JSON.stringify({ devices, parts, surveys, partsDelivered: bytes / partOf(0).length, said: gateway.said }))

function partOf(part: number): string {
  return surveyText(READINGS, part * READINGS)
}
