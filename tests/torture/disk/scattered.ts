// A spool that its own surveys fill, each among those that are in their place already: `bun scattered.ts <spool's folder>`.
// Prints as JSON what came of it.
import { type Clock, systemClock } from "../../../src/clock"
import { addDays, dayBefore } from "../../../src/survey/calendar"
import { addresses, hasLeft, SmallGateway, surveyText } from "./small-gateway"

const TOGETHER = 200
const STEP = 7919 // a prime: every address once, neighbours far apart
const LEFT = 0.2 // of the disk, when the day is in its place
const LATER_DAYS = 4
const DAY_MS = 86_400_000

const [folder = "", readings = "24", together = "500"] = process.argv.slice(2)
const text = surveyText(Number(readings))
let daysGone = 0
const clock: Clock = { ...systemClock, now: () => Date.now() + daysGone * DAY_MS }
const day = dayBefore(clock.now(), "UTC")

let gateway = new SmallGateway(folder, clock)
let inOrder = 0
for (let taken = TOGETHER; taken > 0 && hasLeft(folder, LEFT); inOrder += taken) {
  taken = await gateway.takeAll(
    addresses(TOGETHER, (n) => 2 * (inOrder + n)),
    day,
    text,
  )
  await gateway.spool.settle()
}
let scattered = 0
for (let next = 0, taken = 1; taken > 0 && next < inOrder; scattered += taken) {
  const count = Math.min(Number(together), inOrder - next)
  taken = await gateway.takeAll(
    addresses(count, (n) => 1 + 2 * (((next + n) * STEP) % inOrder)),
    day,
    text,
  )
  next += count
}
const { surveys: delivered } = await gateway.deliver(day)
gateway.stop()

gateway = new SmallGateway(folder, clock)
const known = [...gateway.spool.arrived(day, false), ...gateway.spool.arrived(day, true)].length
for (; daysGone < LATER_DAYS; daysGone++) await gateway.collect(addDays(day, daysGone))
const takenLater = await gateway.takeAll(
  addresses(1, () => 0),
  addDays(day, LATER_DAYS),
  text,
)
gateway.stop()
console.log(JSON.stringify({ inOrder, scattered, delivered, known, takenLater }))
