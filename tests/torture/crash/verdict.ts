// Looks at everything when a cycle has come to its end: what was acknowledged is stored once, as it was sent, and both
// databases are sound and agree.
import { readGatewayStatus } from "../../../src/gateway/report/status"
import type { Day } from "../../../src/survey/calendar"
import { surveyDigest } from "../../../src/survey/digest"
import { agreementOver } from "../../survey/agreements"
import { keyOf, possible, promised, type Sent } from "./book"
import { damageOf, type Found } from "./engine"
import { type Reading, textOf } from "./readings"
import type { Scene } from "./scene"

/** Puts what it finds into the scene's failures. */
export async function judge(scene: Scene): Promise<void> {
  const { topology, failures, ground } = scene
  const { problems, readings: stored } = await ground.engine.look(topology.cloud.store)
  failures.push(...damageOf(topology.gateway.spool), ...problems)
  for (const surveys of scene.book.surveys()) checkSurveys(scene, surveys, stored)
  const known = new Set([...scene.book.surveys()].flatMap((surveys) => surveys.slice(0, 1).map(keyOf)))
  for (const key of stored.keys()) if (!known.has(key)) failures.push(`${key} was never sent and is in the store`)
  checkLedger(scene)
  checkAgreement(scene, stored)
}

function checkSurveys(scene: Scene, surveys: readonly Sent[], stored: Found["readings"]): void {
  const { failures, listed } = scene
  const [first] = surveys
  if (!first) return
  const key = keyOf(first)
  const found = stored.get(key) ?? []
  const text = textOf(found)
  const least = promised(surveys)
  if (text !== textOf(least) && text !== textOf(possible(surveys))) {
    const lost = without(least, found).length
    const doubled = found.length - new Set(found.map(([time]) => time)).size
    failures.push(
      `${key}: of ${least.length} acknowledged readings ${lost} are not in the store as they should be, ` +
        `${doubled} of ${found.length} there are doubled`,
    )
  }
  if (surveys.every(({ earlier }) => earlier)) return
  const lines = new Set(listed)
  const unlisted = found.filter(([time, t, h]) => !lines.has(`${first.ip} - ${time} - ${t} - ${h}%`))
  if (unlisted.length > 0) failures.push(`${key}: ${unlisted.length} readings were never listed`)
}

const without = (readings: readonly Reading[], others: readonly Reading[]): Reading[] => {
  const present = new Set(others.map(String))
  return readings.filter((reading) => !present.has(String(reading)))
}

function checkLedger({ topology, failures }: Scene): void {
  const { undelivered, days, quarantine } = readGatewayStatus(topology, Date.now())
  if (undelivered.surveys > 0) failures.push(`${undelivered.surveys} surveys are not delivered`)
  for (const { day, closed, confirmed, missing } of days) {
    if (closed && confirmed && missing === 0) continue
    failures.push(`the ledger's ${day} is not finished: closed ${closed}, confirmed ${confirmed}, missing ${missing}`)
  }
  const { line, message, delivery } = quarantine
  if (line + message + delivery > 0) failures.push(`something was refused: ${JSON.stringify(quarantine)}`)
}

/** The last account of each day that gateway and cloud agreed on speaks of what the store shows. */
function checkAgreement({ tap, failures }: Scene, stored: Found["readings"]): void {
  for (const [day, surveys] of Map.groupBy(stored, ([key]) => key.split(" ")[0] ?? "")) {
    const shown = agreementOver(
      surveys.map(([key, readings]) => surveyDigest(key.split(" ")[1] ?? "", day as Day, textOf(readings))),
    )
    const agreed = tap.agreed.get(day)
    if (agreed?.surveys === shown.surveys && agreed.digest === shown.digest) continue
    failures.push(`gateway and cloud agreed on ${JSON.stringify(agreed)} for ${day}, the store shows something else`)
  }
}
