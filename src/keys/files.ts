// The files of keys: read only where nobody but their owner may read them, written so that nobody else ever could.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs"
import { dirname } from "node:path"
import { codeOf } from "../storage/errors"
import { syncFolder } from "../storage/folder"
import { KeyError } from "./errors"

const OTHERS = 0o077
const FOR_THE_OWNER = { folder: 0o700, file: 0o600 }

/** What a file holds that is its owner's alone. Throws KeyError. */
export function readSecret(path: string, whatToDo: string): string {
  return readSecretIfThere(path) ?? missing(path, whatToDo)
}

/** What a file holds that anybody may read. Throws KeyError. */
export function readText(path: string, whatToDo: string): string {
  return readTextIfThere(path) ?? missing(path, whatToDo)
}

/** The same; undefined where it is not there. Throws KeyError. */
export function readSecretIfThere(path: string): string | undefined {
  const text = readTextIfThere(path)
  if (text !== undefined && (statSync(path).mode & OTHERS) !== 0) {
    throw new KeyError(`${path} may be read by others: chmod 600 ${path}, and make a new one if somebody has read it`)
  }
  return text
}

/** One that may not be read is no file that is not there: without its key a device would be taken in plain text. */
export function readTextIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (cause) {
    const code = codeOf(cause)
    if (code === "ENOENT") return undefined
    if (code === "EACCES") {
      throw new KeyError(`${path} may not be read: it has to belong to the user that this runs as`, { cause })
    }
    throw new KeyError(`${path} cannot be read: ${code || cause}`, { cause })
  }
}

function missing(path: string, whatToDo: string): never {
  throw new KeyError(`${path} is not there: ${whatToDo}`)
}

/** Our own key and its certificate as an end shows them. */
export interface KeyPair {
  /** PEM: the certificate, and those between it and its authority. */
  readonly certificate: string
  readonly key: string
  readonly leaf: X509Certificate
}

/** Throws KeyError where one is missing, is open to others, makes no sense, or is not the other's. */
export function readKeyPair(certificatePath: string, keyPath: string, whatToDo: string): KeyPair {
  const certificate = readText(certificatePath, whatToDo)
  const key = readSecret(keyPath, whatToDo)
  const leaf = readLeaf(certificate, certificatePath)
  if (!leaf.checkPrivateKey(readPrivateKey(key, keyPath))) {
    throw new KeyError(`${keyPath} is not the key of ${certificatePath}: they have to be a pair`)
  }
  return { certificate, key, leaf }
}

/** The certificates of authorities. Throws KeyError. */
export function readAuthorities(path: string): string {
  const text = readText(path, "put the authority's certificate there")
  readLeaf(text, path)
  return text
}

/** The first certificate of a file. Throws KeyError. */
function readLeaf(text: string, path: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch (cause) {
    throw new KeyError(`${path} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----`, { cause })
  }
}

function readPrivateKey(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    // without its cause, which might quote the key
    throw new KeyError(`${path} holds no private key in PEM without a password`)
  }
}

/** Writes a file that is not there yet, its owner's alone from its first moment. Throws as opening a file does. */
export function writeSecret(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOR_THE_OWNER.folder })
  const file = openSync(path, "wx", FOR_THE_OWNER.file)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The same in the place of what may be there: whole and durable, or not at all. */
export function replaceFile(path: string, text: string): void {
  const part = `${path}.part`
  rmSync(part, { force: true }) // of one that was killed
  writeSecret(part, text)
  renameSync(part, path)
  syncFolder(dirname(path))
}
