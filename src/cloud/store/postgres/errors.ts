// What a server or the way to it says no with, sorted by what has to happen. The classes are those of PostgreSQL's
// documentation, appendix A.
import { SQL } from "bun"
import { codeOf, StorageError, StorageUnavailable } from "../../../storage/errors"

const SERIALIZATION_FAILURE = "40001"
const DEADLOCK = "40P01"
const UNIQUE_VIOLATION = "23505" // two that make the same row, or the same table, at once
const DUPLICATE_TABLE = "42P07"

// a person has to mend these: who may log in (28), what there is (3D, 3F), who may do what, and what is not there
const FOR_A_PERSON = /^(?:28|3D|3F|42501|42P01|42703)/

const UNREACHABLE = /^ERR_POSTGRES_CONNECTION_(?:REFUSED|FAILED|TIMEOUT)$/

/** SQLSTATE; "" where the server said none. */
export const stateOf = (error: unknown): string => (error instanceof SQL.PostgresError ? String(error.errno ?? "") : "")

/** Whether the same once more may well succeed. */
export const isCollision = (error: unknown): boolean =>
  [SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION, DUPLICATE_TABLE].includes(stateOf(error))

/** Whether a value, and not the server, is at fault: data exceptions and violated rules. */
export const isOfData = (error: unknown): boolean => /^(?:22|23)/.test(stateOf(error)) && !isCollision(error)

/** @param shown the server's URL, as people may see it */
export function sortOut(error: unknown, shown: string): unknown {
  if (error instanceof StorageUnavailable || error instanceof StorageError || isOfData(error)) return error
  const cause = { cause: error }
  const said = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  if (UNREACHABLE.test(code)) return new StorageUnavailable(`${shown} cannot be reached (${code})`, cause)
  if (FOR_A_PERSON.test(stateOf(error))) return new StorageError(`${shown} refuses: ${said}`, cause)
  return new StorageUnavailable(`${shown} does not take anything: ${said}`, cause)
}
