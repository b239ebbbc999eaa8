import { describe, expect, test } from "bun:test"
import { createHash } from "node:crypto"
import { commonDigest, deliveryDigest, isDigest, surveyDigest } from "../../src/survey/digest"

describe("surveyDigest()", () => {
  test("is 64 bits of SHA-256 over owner, day and body", () => {
    const whole = createHash("sha256").update("192.168.1.2\n2026-11-21\n08:00 - 20 - 30%\n").digest("hex")
    expect(surveyDigest("192.168.1.2", "2026-11-21", "08:00 - 20 - 30%\n")).toBe(whole.slice(0, 16))
  })

  test("is the same for text and its bytes", () => {
    const body = "08:00 - 20 - 30%\n"
    const digest = surveyDigest("192.168.1.2", "2026-11-21", new TextEncoder().encode(body))
    expect(digest).toBe(surveyDigest("192.168.1.2", "2026-11-21", body))
  })

  test("differs when owner, day or one byte differs", () => {
    const digests = [
      surveyDigest("192.168.1.2", "2026-11-21", "08:00 - 20 - 30%\n"),
      surveyDigest("192.168.1.3", "2026-11-21", "08:00 - 20 - 30%\n"),
      surveyDigest("192.168.1.2", "2026-11-22", "08:00 - 20 - 30%\n"),
      surveyDigest("192.168.1.2", "2026-11-21", "08:00 - 21 - 30%\n"),
      surveyDigest("192.168.1.2", "2026-11-21", ""),
    ]
    expect(new Set(digests).size).toBe(digests.length)
  })
})

describe("commonDigest()", () => {
  test("tells order and number apart", () => {
    const [a, b] = ["0123456789abcdef", "fedcba9876543210"]
    expect(new Set([[], [a], [a, b], [b, a], [a, b, b]].map((digests) => commonDigest(digests))).size).toBe(5)
  })
})

test("isDigest() takes 16 lower-case hexadecimal digits and nothing else", () => {
  expect(isDigest(surveyDigest("x", "2026-11-21", ""))).toBe(true)
  expect(isDigest(commonDigest([]))).toBe(true)
  for (const text of ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"]) {
    expect(isDigest(text)).toBe(false)
  }
})

test("deliveryDigest() is another one for another survey, revision or zone", () => {
  const digests = [
    deliveryDigest("0123456789abcdef", 1),
    deliveryDigest("0123456789abcdee", 1),
    deliveryDigest("0123456789abcdef", 2),
    deliveryDigest("0123456789abcdef", 1, "Europe/Rome"),
  ]
  expect(new Set(digests).size).toBe(4)
  expect(digests.every(isDigest)).toBe(true)
})
