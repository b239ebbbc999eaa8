// Backups in a folder, by the time at which they were made. One has its name when it is whole and durable, not before. What it
// holds and of whom is written down in it, so that nothing else is ever removed.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join, relative } from "node:path"
import * as v from "valibot"
import { codeOf, StorageFull } from "../../storage/errors"
import { syncFile, syncFolder } from "../../storage/folder"
import { explain, isFull } from "../../storage/remedies"

/** Backups with the same contents are one series. */
export interface Contents {
  readonly site: string
  /** Absolute paths of what was copied, by their names in the backup. */
  readonly files: Readonly<Record<string, string>>
}

const LIST = "backup.json"
const STAMP = /^\d{4}-\d\d-\d\dT\d{6}Z$/
const UNFINISHED = ".part"
const ABANDONED_MS = 3_600_000 // nothing was written to it since: whoever made it was killed
const FOR_THE_OWNER = 0o700
const PERMISSIONS = 0o777

/**
 * Makes one, whose path it returns, such as backups/2026-11-23T050000Z. Throws what `copy` throws, StorageFull, or as
 * opening a file does; then nothing of it is left.
 * @param copy puts the files into a folder
 */
export function makeBackup(folder: string, contents: Contents, now: number, copy: (into: string) => void): string {
  const files = Object.entries(contents.files)
  let part: string | undefined
  try {
    const backup = claim(folder, now)
    part = `${backup}${UNFINISHED}`
    writeFileSync(join(part, LIST), `${JSON.stringify(contents, null, 2)}\n`)
    removeAbandoned(folder, contents, statSync(join(part, LIST)).mtimeMs)
    copy(part)
    for (const name of namesOf(part, "file")) syncFile(join(part, name))
    for (const [name, original] of files) chmodSync(join(part, name), statSync(original).mode & PERMISSIONS)
    for (const name of namesOf(part, "folder")) syncFolder(join(part, name))
    syncFolder(part)
    renameSync(part, backup)
    syncFolder(folder)
    return backup
  } catch (error) {
    if (part !== undefined) rmSync(part, { recursive: true, force: true })
    if (error instanceof StorageFull || isFull(error, join(folder, LIST)) || codeOf(error) === "EDQUOT") {
      throw new StorageFull(`the disk of ${folder} is full`, { cause: error })
    }
    throw explain(error, folder)
  }
}

/** Removes all but the newest `keep` of a series. Returns the paths of those that it removed. */
export function removeOlder(folder: string, contents: Contents, newest: string, keep: number): string[] {
  const older = namesIn(folder, "").filter((path) => path !== newest && isOf(contents, path))
  const removed = older.slice(0, Math.max(0, older.length - (keep - 1)))
  for (const path of removed) {
    renameSync(path, `${path}${UNFINISHED}`) // what is half removed has no backup's name
    rmSync(`${path}${UNFINISHED}`, { recursive: true })
  }
  return removed
}

/**
 * Removes what one of the series left that was killed.
 * @param now by the clock of that disk
 */
function removeAbandoned(folder: string, contents: Contents, now: number): void {
  const writtenAtMs = (path: string) => Math.max(...readdirSync(path).map((name) => statSync(join(path, name)).mtimeMs))
  for (const path of namesIn(folder, UNFINISHED)) {
    if (isOf(contents, path) && writtenAtMs(path) < now - ABANDONED_MS) rmSync(path, { recursive: true })
  }
}

/** Makes the unfinished backup's folder, and returns the path that it will have. */
function claim(folder: string, now: number): string {
  for (let at = now; ; at += 1000) {
    const name = new Date(at).toISOString().replace(/:|\.\d+/g, "")
    const backup = join(folder, name)
    if (existsSync(backup)) continue
    try {
      mkdirSync(`${backup}${UNFINISHED}`, { mode: FOR_THE_OWNER })
      return backup
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
    }
  }
}

/** One of these, or in a folder of theirs. */
const isAmong = (names: readonly string[], file: string): boolean =>
  names.some((name) => file === name || file.startsWith(`${name}/`))

/** All within, with the folders that they stand in; what is neither file nor folder counts as a file. */
function namesOf(folder: string, kind: "file" | "folder"): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() === (kind === "folder"))
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
}

/** Rising. */
function namesIn(folder: string, suffix: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(suffix))
  return names
    .filter((name) => STAMP.test(name.slice(0, name.length - suffix.length)))
    .sort()
    .map((name) => join(folder, name))
}

const list = v.object({ site: v.string(), files: v.record(v.string(), v.string()) })

/** Whether it is of this series and holds nothing else; not, where it cannot be read. */
function isOf(contents: Contents, path: string): boolean {
  try {
    if (!lstatSync(path).isDirectory()) return false
    const names = Object.keys(contents.files).flatMap((name) => [name, `${name}-journal`])
    const isForeign = namesOf(path, "file").some((name) => name !== LIST && !isAmong(names, name))
    return !isForeign && Bun.deepEquals(v.parse(list, JSON.parse(readFileSync(join(path, LIST), "utf8"))), contents)
  } catch {
    return false
  }
}
