// What is wrong with a topology, told with the quotes that are missing or too many: `name: 007` is a number, and was not meant so.
import { refusals } from "../rules"
import { validate } from "../validate"
import type { Finding, Path } from "./problem"
import type { Source } from "./source"

type LineOf = (deviceIndex: number) => number

/** As `validate()`, with the rules behind it. Refused values that would pass otherwise are told how to be written. */
export function validateWritten(source: Source, lineOf: LineOf): ReturnType<typeof validate> {
  const first = check(source, lineOf)
  const doubtful = first.findings.flatMap(({ path, at }) => {
    const other = at ? undefined : source.otherwise(path)
    return other && replace(source.value, path, other.value) ? [{ path, message: other.advice }] : []
  })
  if (doubtful.length === 0) return first
  const { findings, draft } = check(source, lineOf)
  const refused = new Set(findings.map(idOf))
  const unknownKeys = first.findings.filter(({ at }) => at === "key") // which are no longer in the value
  return { draft, findings: [...[...unknownKeys, ...doubtful].filter((told) => !refused.has(idOf(told))), ...findings] }
}

function check(source: Source, lineOf: LineOf): ReturnType<typeof validate> {
  const result = validate(source.value)
  return { ...result, findings: [...result.findings, ...refusals(result.draft, lineOf)] }
}

const idOf = ({ path }: Finding): string => JSON.stringify(path)

/** Undefined takes a key away. False where a list would have a hole. */
function replace(root: unknown, path: Path, value: unknown): boolean {
  const last = path.at(-1)
  const parent = path.slice(0, -1).reduce<unknown>((section, key) => Object(section)[key], root)
  if (last === undefined || (value === undefined && Array.isArray(parent))) return false
  return value === undefined ? Reflect.deleteProperty(Object(parent), last) : Reflect.set(Object(parent), last, value)
}
