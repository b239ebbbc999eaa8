import { expect, test } from "bun:test"
import { createPrivateKey, X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makePair } from "../../src/keys/certificate"
import { describeWith } from "../interop/peers"
import { openssl } from "./authority"

const LONG = `${"a".repeat(63)}.${"b".repeat(63)}.example`

test("makePair() makes a certificate of its own key, that any clock finds valid", () => {
  const { certificate, key, publicKey } = makePair("10.10.10.2")
  const made = new X509Certificate(certificate)
  expect(made.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect(made.publicKey.equals(publicKey)).toBe(true)
  expect(made.verify(publicKey)).toBe(true)
  expect([new Date(made.validFrom).getTime(), new Date(made.validTo).getUTCFullYear()]).toEqual([0, 9999])
})

test("makePair() never makes a key or a number twice", () => {
  const [one, other] = [makePair("a"), makePair("a")]
  expect(one.publicKey.equals(other.publicKey)).toBe(false)
  expect(new X509Certificate(one.certificate).serialNumber).not.toBe(
    new X509Certificate(other.certificate).serialNumber,
  )
})

describeWith(["openssl"], "openssl reads what makePair() makes", () => {
  test.each([
    ["10.10.10.2", "IP Address:10.10.10.2", "CN = 10.10.10.2"],
    ["cloud.example", "DNS:cloud.example", "CN = cloud.example"],
    ["greenhouse", "DNS:greenhouse", "CN = greenhouse"],
    [LONG, `DNS:${LONG}`, `CN = ${LONG.slice(0, 64)}`],
  ])("for %s", (name, alternative, subject) => {
    const folder = mkdtempSync(join(tmpdir(), "certificate-"))
    for (let n = 0; n < 4; n++) {
      // a signature's numbers are now and then a byte shorter
      const { certificate, key } = makePair(name)
      const [file, keyFile] = [join(folder, "c.crt"), join(folder, "c.key")]
      writeFileSync(file, certificate)
      writeFileSync(keyFile, key)
      const text = openssl(folder, "x509", "-in", file, "-noout", "-text")
      expect(text).toContain(`Issuer: ${subject}`)
      expect(text).toContain(`Subject: ${subject}`)
      expect(text).toContain(alternative)
      expect(text).toContain("Version: 3")
      expect(text).toContain("Not Before: Jan  1 00:00:00 1970 GMT")
      expect(text).toContain("Not After : Dec 31 23:59:59 9999 GMT")
      expect(openssl(folder, "verify", "-CAfile", file, file)).toContain("OK")
      expect(openssl(folder, "pkey", "-in", keyFile, "-check", "-noout")).toContain("valid")
    }
    rmSync(folder, { recursive: true })
  })
})
