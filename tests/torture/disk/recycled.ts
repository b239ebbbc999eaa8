// A spool whose file takes all that its disk has, and has free pages because the oldest days have gone, as after months:
// `bun recycled.ts <spool's folder>`. Then surveys come, each among others. Prints as JSON what came of them.
import { type Clock, systemClock } from "../../../src/clock"
import { addDays, type Day, dayBefore } from "../../../src/survey/calendar"
import { addresses, hasLeft, SmallGateway, surveyText } from "./small-gateway"

const DEVICES = 2000 // a day
const TOGETHER = 100
const LEFT = 0.08 // of the disk, when it is full
const GONE = 5 // days
const SCATTERED = 1900
const STEP = 797 // a prime: every address once, neighbours far apart
const DAY_MS = 86_400_000

const [folder = ""] = process.argv.slice(2)
const text = surveyText(24)
let daysGone = 0
const clock: Clock = { ...systemClock, now: () => Date.now() + daysGone * DAY_MS }
const firstDay = dayBefore(clock.now(), "UTC")

const gateway = new SmallGateway(folder, clock)
for (; hasLeft(folder, LEFT); daysGone++) await fillDay(addDays(firstDay, daysGone))
const fullDay = addDays(firstDay, GONE)
await gateway.spool.prune(fullDay)
const among = addresses(SCATTERED, (n) => 1 + 2 * ((n * STEP) % DEVICES))
const taken = await gateway.takeAll(among, fullDay, text)
const { surveys: delivered } = await gateway.deliver(fullDay)
gateway.stop()
console.log(JSON.stringify({ taken, delivered, said: gateway.said }))

async function fillDay(day: Day): Promise<void> {
  for (let next = 0; next < DEVICES && hasLeft(folder, LEFT); next += TOGETHER) {
    await gateway.takeAll(
      addresses(TOGETHER, (n) => 2 * (next + n)),
      day,
      text,
    )
    await gateway.spool.settle()
  }
  await gateway.collect(day)
}
