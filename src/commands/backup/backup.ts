// `bun run backup FOLDER`: copies what this host has, while it runs: the spool, the store, topology.yaml; keys when asked.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"
import { systemClock } from "../../clock"
import { STORE } from "../../cloud/store/sqlite/schema"
import { count, formatBytes } from "../../format"
import { SPOOL } from "../../gateway/spool/schema"
import { INVOCATION } from "../../installation"
import { writeSecret } from "../../keys/files"
import { KEYS } from "../../keys/folder"
import { copyDatabase, type DatabaseKind, isThere } from "../../storage/database"
import { StorageError, StorageFull } from "../../storage/errors"
import { makeFolder } from "../../storage/folder"
import { folderError } from "../../storage/remedies"
import { sizeOf } from "../../storage/size"
import { isServerUrl } from "../../topology/cloud/server-url"
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
  "with-keys": { type: "boolean", help: "also keys/: whoever has such a backup can speak for this host" },
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
  const originals = [...originalsOf(topology), ...(values["with-keys"] ? [keysOf(topology)] : [])]
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
        if (kind === "keys") copyKeys(file, join(part, name))
        else if (kind) copyDatabase(file, kind, join(part, name))
        else copyPlain(file, join(part, name))
      }
    })
    const sizes = originals.map(({ name, kind }) => `${name} ${sizeIn(join(backup, name), kind === "keys")}`)
    screen.success(`${backup}: ${sizes.join(", ")}`)
    const { store } = topology.cloud
    if (isServerUrl(store)) screen.info(`  The store is not in it: ${dumpOf(store)}`)
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
  /** Without it, it is a file as it is. */
  readonly kind?: DatabaseKind | "keys"
}

/**
 * What is here, the spool before the store: whatever a copy of the spool knows as delivered is in that of the store.
 * Throws StorageError where there is neither, or this user may not know.
 */
function originalsOf({ file, folder, sitesFile, gateway, cloud }: Topology): Original[] {
  const databases = [
    { name: "gateway.db", file: gateway.spool, kind: SPOOL },
    ...(isServerUrl(cloud.store) ? [] : [{ name: "cloud.db", file: cloud.store, kind: STORE }]),
  ].filter(({ file }) => isThere(file))
  const sites = sitesFile === undefined ? [] : [{ name: nameIn(folder, sitesFile), file: sitesFile }]
  if (databases.length > 0) return [...databases, { name: "topology.yaml", file: resolve(file) }, ...sites]
  if (isServerUrl(cloud.store)) {
    throw new StorageError(`There is no ${gateway.spool} here, and the store is on a server: ${dumpOf(cloud.store)}`)
  }
  throw new StorageError(`Neither ${gateway.spool} nor ${cloud.store} is there: nothing was collected here so far`)
}

/** How its own programme copies it. */
const dumpOf = (store: string): string =>
  `pg_dump --format=custom --file=cloud.dump "${store}" copies it while clouds write, and pg_restore brings it back`

/** Where it stands beside the topology; of what stands elsewhere the name alone. */
function nameIn(folder: string, file: string): string {
  const path = relative(folder, file)
  return path.startsWith("..") ? basename(file) : path
}

function copyPlain(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  copyFileSync(from, to)
}

/** The folder of keys. Throws StorageError where there is none. */
function keysOf({ folder }: Topology): Original {
  const keys = join(folder, KEYS)
  if (!existsSync(keys)) throw new StorageError(`There is no ${keys} here: leave --with-keys away`)
  return { name: KEYS, file: keys, kind: "keys" }
}

/** For its owner alone from its first moment, whatever the original's mode. */
function copyKeys(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 })
  for (const name of filesIn(from)) writeSecret(join(to, name), readFileSync(join(from, name), "utf8"))
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

const sizeIn = (path: string, isFolder: boolean): string =>
  isFolder ? count(filesIn(path).length, "file") : formatBytes(sizeOf(path))

function readKeep(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--keep is how many backups stay, such as 7: it is ${text}`)
  return Number(text)
}
