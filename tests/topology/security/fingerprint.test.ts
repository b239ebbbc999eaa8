import { expect, test } from "bun:test"
import { parseFingerprint } from "../../../src/topology/security/fingerprint"

const DIGITS = "5f0c9a52e1b74d3a8c6f2e9d0b1a4c7f5f0c9a52e1b74d3a8c6f2e9d0b1a4c7f"
const WITH_COLONS = DIGITS.toUpperCase().replace(/..(?=.)/g, "$&:")

test.each([
  DIGITS,
  `sha256:${DIGITS}`,
  `SHA256:${DIGITS}`,
  WITH_COLONS,
  `sha256 ${WITH_COLONS}`,
  `SHA256=${DIGITS}`,
])("parseFingerprint() reads %s", (text) => expect(parseFingerprint(text)).toBe(`sha256:${DIGITS}`))

test.each([
  "",
  "sha256:",
  DIGITS.slice(1),
  `${DIGITS}0`,
  `sha1:${DIGITS}`,
  DIGITS.replace("5", "g"),
  ` ${DIGITS}`,
])("parseFingerprint() refuses %p", (text) => expect(parseFingerprint(text)).toBeUndefined())
