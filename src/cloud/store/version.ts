// Whether a store has changed since it was looked at, without reading it.
import { statSync } from "node:fs"
import { filesOfStore, type StorePlace } from "./open"

const SETTLED_MS = 3000 // a file system's clock may be as coarse as two seconds

/**
 * Another text after each commit, and sometimes without one. Undefined where no file tells, or the last change is so recent
 * that the next one may leave the same times and sizes.
 * @param now ms since the epoch
 */
export function storeVersion(place: Pick<StorePlace, "store">, now: number): string | undefined {
  const names = filesOfStore(place).flatMap((file) => [file, `${file}-wal`])
  const files = names.flatMap((name) => {
    const stat = statSync(name, { bigint: true, throwIfNoEntry: false })
    // whoever reads a store that nobody writes leaves an empty log
    return stat && stat.size > 0n ? [stat] : []
  })
  if (files.length === 0 || files.some(({ mtimeMs }) => Math.abs(now - Number(mtimeMs)) < SETTLED_MS)) return undefined
  return files.map(({ ino, size, mtimeNs }) => [ino, size, mtimeNs].join(".")).join("-")
}
