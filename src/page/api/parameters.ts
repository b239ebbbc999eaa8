// A query's parameters, each once, and none that nobody reads.
import { UsageError } from "../../asked"
import { didYouMean } from "../../nearest"

/** Throws UsageError. */
export function readParameters<Name extends string>(
  query: URLSearchParams,
  known: readonly Name[],
): { readonly [Each in Name]?: string } {
  const isKnown = (name: string): name is Name => known.some((each) => each === name)
  const values: { [Each in Name]?: string } = {}
  for (const [name, value] of query) {
    if (!isKnown(name)) {
      throw new UsageError(`${name} is not a parameter${didYouMean(name, known, `: known are ${known.join(", ")}`)}`)
    }
    if (values[name] !== undefined) throw new UsageError(`${name} stands twice`)
    if (value === "") throw new UsageError(`${name} needs a value`)
    values[name] = value
  }
  return values
}
