// A process that plays years: `bun play.ts FOLDER SEED DAYS NUMBER…`, a line of JSON for each as soon as it is over.
import { takeDatabases } from "../network/stage"
import { watchDeliveries } from "./witness"
import { playYear } from "./year"
import { yearOf } from "./years"

/** One year, played. */
export interface Played {
  readonly number: number
  readonly failures: readonly string[]
  /** Surveys in the store at the end. */
  readonly surveys: number
}

if (import.meta.main) {
  const [folder = "", seed = "", days = "", ...numbers] = process.argv.slice(2)
  takeDatabases()
  watchDeliveries()
  for (const number of numbers.map(Number)) {
    const { place, kind } = yearOf(number)
    const result = await playYear({ place, kind, seed: Number(seed) + number, days: Number(days), folder })
    const name = `seed ${seed}, year ${number} (${place.timeZone}, ${kind})`
    const failures = result.failures.map((failure) => `${name}: ${failure}`)
    const played: Played = { number, failures, surveys: result.surveys }
    process.stdout.write(`${JSON.stringify(played)}\n`)
  }
}
