// Where a gateway is asked: at a socket beside its spool, or in a short folder where that name would be too long (unix(7)).
import { lstatSync, mkdirSync, statSync } from "node:fs"
import { StorageError } from "../../storage/errors"
import { realName } from "../../storage/lock"

export interface Place {
  readonly path: string
  /** Made for the socket alone: what lies in /tmp may be anybody's. */
  readonly shortFolder?: string
}

const LONGEST_PATH_BYTES = process.platform === "darwin" ? 103 : 107 // sun_path without its closing zero
const SHORT = "/tmp/smart-meter-" // not $TMPDIR: whoever asks need not have the gateway's environment
const DIGEST_DIGITS = 32

/** The same for whoever knows the spool, by whatever name. */
export function socketOf(spool: string): Place {
  const name = realName(spool)
  const path = `${name}.sock`
  if (Buffer.byteLength(path) <= LONGEST_PATH_BYTES) return { path }
  const digest = new Bun.CryptoHasher("sha256").update(name).digest("hex")
  const shortFolder = `${SHORT}${digest.slice(0, DIGEST_DIGITS)}`
  return { path: `${shortFolder}/gateway.sock`, shortFolder }
}

/** Makes the short folder where one is needed. Throws the system's error, and as `checkFolder()` does. */
export function makeFolder(place: Place, spool: string): void {
  const { shortFolder } = place
  if (shortFolder && !lstatSync(shortFolder, { throwIfNoEntry: false })) mkdirSync(shortFolder, { mode: 0o700 })
  checkFolder(place, spool)
}

/** Throws StorageError where the short folder is somebody else's, who could answer in the gateway's place. */
export function checkFolder({ shortFolder }: Place, spool: string): void {
  const found = shortFolder && lstatSync(shortFolder, { throwIfNoEntry: false })
  if (!found) return
  const owners = [statSync(spool).uid, 0]
  if (found.isDirectory() && (found.mode & 0o077) === 0 && owners.includes(found.uid)) return
  throw new StorageError(`${shortFolder} must be a folder that only the owner of ${spool} enters: remove it`)
}
