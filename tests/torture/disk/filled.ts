// A spool on a disk that others fill, days of which are at the cloud: `bun filled.ts <spool's folder>`. Prints as JSON what
// became of uploads then and when the others have gone, and which days made room.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { type Clock, systemClock } from "../../../src/clock"
import { addDays, dayBefore } from "../../../src/survey/calendar"
import { fill } from "./filler"
import { addresses, SmallGateway } from "./small-gateway"

const DEVICES = 20
const DAYS = 6
const UPLOADS = 50
const DAY_MS = 86_400_000

const [folder = ""] = process.argv.slice(2)
const text = Array.from({ length: 60 }, (_, n) => `08:${String(n).padStart(2, "0")} - 20.5 - 30%\n`).join("")
let daysGone = 0
const clock: Clock = { ...systemClock, now: () => Date.now() + daysGone * DAY_MS }
const first = dayBefore(clock.now(), "UTC")
const devices = addresses(DEVICES, (n) => n)

const gateway = new SmallGateway(folder, clock)
for (; daysGone < DAYS; daysGone++) {
  await gateway.takeAll(devices, addDays(first, daysGone), text)
  await gateway.collect(addDays(first, daysGone))
}
const filler = join(folder, "filler")
fill(filler)
const whenFull = new Set<string>()
for (const address of addresses(UPLOADS, (n) => n))
  whenFull.add(await gateway.take(address, addDays(first, DAYS), text))
rmSync(filler)
const taken = await gateway.takeAll(devices, addDays(first, DAYS), text)
const { releasedUpTo } = gateway.ledger
gateway.stop()
console.log(JSON.stringify({ whenFull: [...whenFull].at(-1), taken, releasedUpTo, said: [...new Set(gateway.said)] }))
