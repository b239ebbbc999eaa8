import { describe, expect, test } from "bun:test"
import { hkdfSync } from "node:crypto"
import { deviceKeyOf, formatSecret, makeSiteSecret, parseSecret, SITE_SECRET_BYTES } from "../../src/keys/device"
import { TOMATOES } from "../fixtures"

const SECRET = Uint8Array.from({ length: SITE_SECRET_BYTES }, (_, index) => index)

describe("deviceKeyOf()", () => {
  test("is HKDF-SHA-256 over the site's secret, with the address and the epoch in info", () => {
    const info = Buffer.concat([Buffer.from("smart-meter-iot device key 1"), Buffer.from("c0a8010200000001", "hex")])
    const expected = new Uint8Array(hkdfSync("sha256", SECRET, new Uint8Array(), info, 16))
    expect(deviceKeyOf(SECRET, TOMATOES, 1)).toEqual(expected)
    // what devices in the field have must not change with this programme
    expect(deviceKeyOf(SECRET, TOMATOES, 1).toHex()).toBe("46d96d8d62cfa6cfd7a04bb85a953da4")
  })

  test("differs with the secret, the address and the epoch", () => {
    const keys = [
      deviceKeyOf(SECRET, TOMATOES, 1),
      deviceKeyOf(SECRET, TOMATOES, 2),
      deviceKeyOf(SECRET, TOMATOES + 1, 1),
      deviceKeyOf(SECRET.toReversed(), TOMATOES, 1),
    ]
    expect(new Set(keys.map((key) => key.toHex())).size).toBe(4)
  })
})

test("makeSiteSecret() is as long as it has to be", () => {
  expect(makeSiteSecret((length) => SECRET.slice(0, length))).toEqual(SECRET)
})

test("parseSecret() reads what formatSecret() wrote, and no other length and no other digits", () => {
  const written = formatSecret(SECRET)
  expect(parseSecret(written, 32)).toEqual(SECRET)
  expect(parseSecret(written.trim().toUpperCase(), 32)).toEqual(SECRET)
  for (const text of ["", written.slice(2), `${written.slice(0, -3)}xy`, `00${written}`]) {
    expect(parseSecret(text, 32)).toBeUndefined()
  }
})
