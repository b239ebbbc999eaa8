// A share of a target's cases, as a worker is told of it, and what it tells.
import { isTargetName, type TargetName } from "./targets"

export interface Slice {
  readonly name: TargetName
  /** Index of the first case. */
  readonly from: number
  /** Index behind the last case. */
  readonly to: number
}

/** A failure as text; or the index that comes next, now and then. */
export type Report = { readonly failure: string } | { readonly name: TargetName; readonly next: number }

/** "codec:0:1000" → a slice. Throws an Error of one line. */
export function sliceOf(text: string): Slice {
  const [name = "", from, to] = text.split(":")
  const slice = { from: Number(from), to: Number(to) }
  if (!isTargetName(name) || !(slice.from < slice.to)) throw new Error(`${text} is not TARGET:FROM:TO`)
  return { name, ...slice }
}

export const formatSlice = ({ name, from, to }: Slice): string => `${name}:${from}:${to}`
