// A gateway that starts on a disk that others have filled to the last byte, behind one that was killed:
// `bun started-full.ts <spool's folder>`. Prints as JSON what became of uploads then, and when the others have gone.
import { rmSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../../../src/clock"
import { dayBefore } from "../../../src/survey/calendar"
import { fill } from "./filler"
import { addresses, SmallGateway, surveyText } from "./small-gateway"

const DEVICES = 2000

const [folder = "", part = ""] = process.argv.slice(2)
const text = surveyText(24)
const day = dayBefore(systemClock.now(), "UTC")
const fleet = addresses(DEVICES, (n) => n)

if (part === "killed") {
  const taken = await new SmallGateway(folder, systemClock).takeAll(fleet, day, text)
  if (taken === DEVICES) process.kill(process.pid, "SIGKILL")
} else {
  const { signalCode } = Bun.spawnSync([process.execPath, import.meta.path, folder, "killed"])
  const filler = join(folder, "filler")
  fill(filler)
  const gateway = new SmallGateway(folder, systemClock)
  const [other = 0] = addresses(1, () => DEVICES)
  const whenFull = await gateway.take(other, day, text)
  const { surveys: delivered } = await gateway.deliver(day)
  rmSync(filler)
  const taken = await gateway.takeAll([other], day, text)
  gateway.stop()
  console.log(JSON.stringify({ signalCode, whenFull, delivered, taken }))
}
