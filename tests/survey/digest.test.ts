import { Database } from "bun:sqlite"
import { describe, expect, test } from "bun:test"
import { createHash } from "node:crypto"
import fc from "fast-check"
import {
  type Agreement,
  addAgreements,
  agreementOf,
  deliveryDigest,
  digestNumber,
  digestSql,
  isDigest,
  NO_SURVEYS,
  type SumRow,
  sumSql,
  surveyDigest,
} from "../../src/survey/digest"
import { agreementOver } from "./agreements"

const digests = fc
  .array(
    fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      // where halves carry and signs change
      fc.constantFrom(
        0n,
        1n,
        2n ** 32n - 1n,
        2n ** 32n,
        2n ** 63n - 1n,
        2n ** 63n,
        2n ** 64n - 1n,
        0xffffffff_00000000n,
      ),
    ),
    { maxLength: 40 },
  )
  .map((numbers) => numbers.map((number) => number.toString(16).padStart(16, "0")))

describe("surveyDigest()", () => {
  test("is 64 bits of SHA-256 over address, day and body", () => {
    const whole = createHash("sha256").update("192.168.1.2\n2026-11-21\n08:00 - 20 - 30%\n").digest("hex")
    expect(surveyDigest("192.168.1.2", "2026-11-21", "08:00 - 20 - 30%\n")).toBe(whole.slice(0, 16))
  })

  test("is the same for text and its bytes", () => {
    const body = "08:00 - 20 - 30%\n"
    const digest = surveyDigest("192.168.1.2", "2026-11-21", new TextEncoder().encode(body))
    expect(digest).toBe(surveyDigest("192.168.1.2", "2026-11-21", body))
  })

  test("differs when address, day or one byte differs", () => {
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

const sumOf = (all: readonly string[]) => all.reduce((sum, digest) => (sum + BigInt(`0x${digest}`)) % 2n ** 64n, 0n)

describe("a day's agreement", () => {
  test("is the sum modulo 2^64, and how many they are, in whatever order they come", () => {
    fc.assert(
      fc.property(digests, (all) => {
        const agreed = agreementOver(all)
        expect(agreed).toEqual({ surveys: all.length, digest: sumOf(all).toString(16).padStart(16, "0") })
        expect(agreementOver(all.toReversed())).toEqual(agreed)
        expect(agreementOver(all.toSorted())).toEqual(agreed)
      }),
    )
  })

  test("of two sets together is that of both", () => {
    fc.assert(
      fc.property(digests, digests, (some, others) => {
        const together = addAgreements(agreementOver(some), agreementOver(others))
        expect(together).toEqual(agreementOver([...some, ...others]))
        expect(addAgreements(together, NO_SURVEYS)).toEqual(together)
      }),
    )
  })

  test("tells another number and another survey apart", () => {
    const [a, b] = ["0123456789abcdef", "fedcba9876543210"]
    const agreements = [[], [a], [b], [a, b], [a, b, b], [a, "0".repeat(16)]].map((all) => agreementOver(all))
    expect(new Set(agreements.map(({ surveys, digest }) => `${surveys} ${digest}`)).size).toBe(agreements.length)
  })

  test("is the same as SQL sums it over a column of numbers, of which some may be missing", () => {
    const sqlite = new Database(":memory:")
    sqlite.run("CREATE TABLE surveys (digest INTEGER)")
    fc.assert(
      fc.property(digests, fc.nat(3), (all, missing) => {
        sqlite.run("DELETE FROM surveys")
        const insert = sqlite.query("INSERT INTO surveys VALUES (?1)")
        for (const digest of all) insert.run(digestNumber(digest))
        for (let row = 0; row < missing; row++) insert.run(null)
        const row = sqlite.query<SumRow, []>(`SELECT ${sumSql("digest")} FROM surveys`).get()
        const agreed: Agreement | null = row && agreementOf(row)
        expect(agreed).toEqual(agreementOver(all))
      }),
    )
    sqlite.close()
  })
})

test("digestNumber() and digestSql() keep a digest as a number, both ways, also above 2^63", () => {
  const sqlite = new Database(":memory:")
  sqlite.run("CREATE TABLE surveys (digest INTEGER)")
  fc.assert(
    fc.property(digests, (all) => {
      sqlite.run("DELETE FROM surveys")
      const insert = sqlite.query("INSERT INTO surveys VALUES (?1)")
      for (const digest of all) insert.run(digestNumber(digest))
      const read = sqlite.query(`SELECT ${digestSql("digest")}, typeof(digest) FROM surveys ORDER BY rowid`).values()
      expect(read).toEqual(all.map((digest) => [digest, "integer"]))
    }),
  )
  sqlite.close()
})

test("isDigest() takes 16 lower-case hexadecimal digits and nothing else", () => {
  expect(isDigest(surveyDigest("x", "2026-11-21", ""))).toBe(true)
  expect(isDigest(NO_SURVEYS.digest)).toBe(true)
  for (const text of ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"]) {
    expect(isDigest(text)).toBe(false)
  }
})

test("deliveryDigest() is another one for another survey, site, revision or zone", () => {
  const head = { site: "greenhouse", revision: 1, zone: "Europe/Rome" }
  const all = [
    deliveryDigest("0123456789abcdef", head),
    deliveryDigest("0123456789abcdee", head),
    deliveryDigest("0123456789abcdef", { ...head, site: "orchard" }),
    deliveryDigest("0123456789abcdef", { ...head, revision: 2 }),
    deliveryDigest("0123456789abcdef", { ...head, zone: "UTC" }),
  ]
  expect(new Set(all).size).toBe(5)
  expect(all.every(isDigest)).toBe(true)
  expect(all).not.toContain("0123456789abcdef")
})
