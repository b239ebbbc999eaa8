import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makePair } from "../../src/keys/certificate"
import { KeyError } from "../../src/keys/errors"
import { readAuthorities, readKeyPair, readSecret, writeSecret } from "../../src/keys/files"

const TO_DO = "make it"
const { certificate, key } = makePair("greenhouse")

let folder: string
let files: { certificate: string; key: string }
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keys-"))
  files = { certificate: join(folder, "keys/a.crt"), key: join(folder, "keys/a.key") }
  writeSecret(files.certificate, certificate)
  writeSecret(files.key, key)
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = () => readKeyPair(files.certificate, files.key, TO_DO)

/** The line that it throws, which shows nothing of what the files hold. */
function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    for (const line of key.split("\n").filter((part) => part.length > 20 && !part.startsWith("-----"))) {
      expect(`${error.message} ${error.cause}`).not.toContain(line)
    }
    return error.message
  }
  throw new Error("it was taken")
}

describe("writeSecret()", () => {
  test("writes for the owner alone, whatever the umask, and makes the folder so", () => {
    const umask = process.umask(0)
    try {
      writeSecret(join(folder, "other/b.key"), "x")
    } finally {
      process.umask(umask)
    }
    expect(statSync(join(folder, "other")).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, "other/b.key")).mode & 0o777).toBe(0o600)
  })

  test("never writes over a file that is there", () => {
    expect(() => writeSecret(files.key, "x")).toThrow("EEXIST")
    expect(readFileSync(files.key, "utf8")).toBe(key)
  })
})

describe("readKeyPair()", () => {
  test("reads what writeSecret() wrote", () => {
    expect(read()).toMatchObject({ certificate, key })
  })

  test.each([0o640, 0o604, 0o644, 0o620, 0o660])("refuses a key of mode %o", (mode) => {
    chmodSync(files.key, mode)
    expect(refusal(read)).toBe(
      `${files.key} may be read by others: chmod 600 ${files.key}, and make a new one if somebody has read it`,
    )
  })

  test("takes a certificate that anybody may read", () => {
    chmodSync(files.certificate, 0o644)
    expect(read().certificate).toBe(certificate)
  })

  test("refuses a key of another certificate", () => {
    writeFileSync(files.certificate, makePair("greenhouse").certificate)
    expect(refusal(read)).toBe(`${files.key} is not the key of ${files.certificate}: they have to be a pair`)
  })

  test("refuses what is no key and no certificate, and shows nothing of it", () => {
    writeFileSync(files.certificate, key)
    expect(refusal(read)).toBe(
      `${files.certificate} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----`,
    )
    writeFileSync(files.certificate, certificate)
    writeFileSync(files.key, key.slice(0, 100))
    expect(refusal(read)).toBe(`${files.key} holds no private key in PEM without a password`)
  })

  test("tells what to do where one is missing", () => {
    rmSync(files.key)
    expect(refusal(read)).toBe(`${files.key} is not there: make it`)
  })
})

test("readSecret() and readAuthorities() refuse what is missing or a folder", () => {
  expect(refusal(() => readSecret(join(folder, "none"), TO_DO))).toBe(`${join(folder, "none")} is not there: make it`)
  expect(refusal(() => readAuthorities(folder))).toBe(`${folder} cannot be read: EISDIR`)
})
