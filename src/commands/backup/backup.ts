// `bun run backup FOLDER`: copies what this host has, while it runs: the spool, the store, topology.yaml.
import { copyFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { systemClock } from "../../clock"
import { STORE } from "../../cloud/store/schema"
import { formatBytes } from "../../format"
import { SPOOL } from "../../gateway/spool/schema"
import { INVOCATION } from "../../installation"
import { copyDatabase, type DatabaseKind, isThere } from "../../storage/database"
import { StorageError, StorageFull } from "../../storage/errors"
import { makeFolder } from "../../storage/folder"
import { folderError } from "../../storage/remedies"
import { sizeOf } from "../../storage/size"
import type { Topology } from "../../topology/topology"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { loadDeclared } from "../declared"
import { createScreen } from "../screen"
import { type Contents, makeBackup, removeOlder } from "./series"

export const name = "backup"
export const summary =
  "Copies the spool, the store and topology.yaml of this host into a folder, while they are in use."
export const positionals = "FOLDER"
export const options = {
  keep: { type: "string", value: "N", help: "then remove all but the newest N of its backups there" },
  ...COMMON_OPTIONS,
} as const

const EXIT_FULL = 1

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  const [folder, ...more] = words
  if (folder === undefined || more.length > 0) throw new UsageError(`Name one folder: ${INVOCATION} backup backups`)
  const keep = readKeep(values.keep)
  const topology = await loadDeclared(values, screen)
  const originals = originalsOf(topology)
  const contents: Contents = {
    site: topology.site,
    files: Object.fromEntries(originals.map(({ name, file }) => [name, file])),
  }
  try {
    makeFolder(folder)
  } catch (cause) {
    throw folderError(folder, cause)
  }
  try {
    const backup = makeBackup(folder, contents, systemClock.now(), (part) => {
      for (const { name, file, kind } of originals) {
        if (kind) copyDatabase(file, kind, join(part, name))
        else copyFileSync(file, join(part, name))
      }
    })
    const sizes = originals.map(({ name }) => `${name} ${formatBytes(sizeOf(join(backup, name)))}`)
    screen.success(`${backup}: ${sizes.join(", ")}`)
    if (keep === undefined) return 0
    for (const removed of removeOlder(folder, contents, backup, keep)) screen.info(`  Removed: ${removed}`)
    return 0
  } catch (error) {
    if (!(error instanceof StorageFull)) throw error
    screen.error(`No backup was made, and nothing is left of it: ${error.message}`)
    return EXIT_FULL
  }
}

interface Original {
  /** In the backup. */
  readonly name: string
  readonly file: string
  /** Of a database. */
  readonly kind?: DatabaseKind
}

/**
 * What is here, the spool before the store: whatever a copy of the spool knows as delivered is in that of the store.
 * Throws StorageError where there is neither, or this user may not know.
 */
function originalsOf({ file, gateway, cloud }: Topology): Original[] {
  const databases = [
    { name: "gateway.db", file: gateway.spool, kind: SPOOL },
    { name: "cloud.db", file: cloud.store, kind: STORE },
  ].filter(({ file }) => isThere(file))
  if (databases.length > 0) return [...databases, { name: "topology.yaml", file: resolve(file) }]
  throw new StorageError(`Neither ${gateway.spool} nor ${cloud.store} is there: nothing was collected here so far`)
}

function readKeep(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--keep is how many backups stay, such as 7: it is ${text}`)
  return Number(text)
}
