// What does not stand in topology.yaml: it is in a file that nobody but its owner may read, or in the environment.
import { readFileSync, type Stats, statSync } from "node:fs"
import { resolve } from "node:path"
import * as v from "valibot"
import { path, section, text } from "../fields"

export type Secret =
  /** Relative to the topology's folder. */
  { readonly kind: "file"; readonly path: string } | { readonly kind: "variable"; readonly name: string }

const VARIABLE = /^\$[A-Za-z_]\w*$/

export const isVariable = (text: string): boolean => VARIABLE.test(text)

export const variable = (text: string): Secret => ({ kind: "variable", name: text.slice(1) })

export const secretFile = (description: string) =>
  v.pipe(
    section(description, {
      file: v.pipe(path("The file that holds it, which nobody but its owner may read."), v.examples(["keys/smtp"])),
    }),
    v.transform(({ file }): Secret => ({ kind: "file", path: file })),
  )

/** @param example the file's path */
export function secret(example: string, description: string) {
  const rule = `$NAME of the environment, or { file: ${example} }, for a secret does not stand here`
  return v.pipe(
    v.union([v.pipe(text(VARIABLE, rule, description), v.transform(variable)), secretFile(description)]),
    v.description(description),
  )
}

/** As people know it: $NAME, or the file's path. */
export const nameOfSecret = (secret: Secret): string => (secret.kind === "file" ? secret.path : `$${secret.name}`)

/** Throws an Error of one line, which names the secret and never its value. */
export function readSecret(
  secret: Secret,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  if (secret.kind === "file") return readSecretFile(resolve(folder, secret.path), secret.path, "the secret")
  const value = environment[secret.name]?.trim()
  if (!value) throw new Error(`$${secret.name} is not set: the cloud's service needs it in its environment`)
  return value
}

/**
 * Throws an Error of one line when it is not there, may be read by others, or is empty.
 * @param shown its path, as people know it
 * @param what it holds, in words
 */
export function readSecretFile(path: string, shown: string, what: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw new Error(`${shown} is not there: write ${what} into it`)
  if (isOpenToOthers(found)) throw new Error(`${shown} must be its owner's alone: chmod 600 ${shown}`)
  const text = readFileSync(path, "utf8").trim()
  if (text === "") throw new Error(`${shown} is empty: write ${what} into it`)
  return text
}

/** Whether a file is there that others than its owner may read or write. */
export function isExposed(secret: Secret, folder: string): boolean {
  if (secret.kind === "variable") return false
  try {
    return isOpenToOthers(statSync(resolve(folder, secret.path)))
  } catch {
    return false // where it is needed it is read, and that tells why it cannot be
  }
}

const isOpenToOthers = ({ mode }: Stats): boolean => (mode & 0o077) !== 0
