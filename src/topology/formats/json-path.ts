// Where a value stands in JSON: names, and numbers from 0 for the places of lists, with dots between: readings.0.soil.moisture

/** As it is written, and step by step. */
export interface JsonPath {
  readonly text: string
  readonly steps: readonly string[]
}

const LONGEST = 200
const MOST_NAMES = 100
const NOT_IN_NAMES = /^\$|[\p{Cc}\p{Cs}[\]]/u // $.readings[0] is of another notation

export const PATH_RULE = "names with dots between, and numbers from 0 for places in a list, such as readings.0.moisture"

export const isJsonPath = (text: string): boolean =>
  text.length <= LONGEST && !NOT_IN_NAMES.test(text) && text.split(".").every((step) => step.trim() !== "")

export const jsonPath = (text: string): JsonPath => ({ text, steps: text.split(".") })

/** What stands there; undefined where nothing does. */
export function readPath(value: unknown, { steps }: JsonPath): unknown {
  let found = value
  for (const step of steps) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string, unknown>)[step]
  }
  return found
}

/** The step at which the way ends, and what stands there instead. */
export function whereItEnds(value: unknown, { steps }: JsonPath): { step: string; names: string[] } {
  let found = value
  for (const step of steps) {
    const isSection = typeof found === "object" && found !== null
    if (!isSection || !Object.hasOwn(Object(found), step)) {
      return { step, names: isSection && !Array.isArray(found) ? Object.keys(Object(found)).slice(0, MOST_NAMES) : [] }
    }
    found = (found as Record<string, unknown>)[step]
  }
  return { step: "", names: [] }
}
