import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { OwnNumbersFile } from "../../../src/gateway/intake/own-numbers"
import { VirtualClock } from "../../virtual-clock"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "own-numbers-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

const warned: string[] = []
const clock = new VirtualClock(Date.UTC(2026, 10, 23))
const open = (path = join(folder, "oscore.numbers")) =>
  new OwnNumbersFile(path, clock, { warn: (text) => void warned.push(text) })

test("take() gives none twice over restarts, and has written each down before", () => {
  const given = new Set<number | undefined>()
  for (let start = 0; start < 3; start++) {
    const numbers = open()
    for (let nth = 0; nth < 5; nth++) {
      const number = numbers.take()
      given.add(number)
      expect(Number(readFileSync(join(folder, "oscore.numbers"), "utf8"))).toBeGreaterThan(number ?? Number.NaN)
    }
  }
  expect(given.size).toBe(15)
})

test("take() gives none where the file is lost and the clock is wrong: nobody knows which were given", () => {
  const wrong = new VirtualClock(0)
  wrong.earliestMs = Date.UTC(2026, 0, 1)
  const path = join(folder, "oscore.numbers")
  const numbers = new OwnNumbersFile(path, wrong, { warn: (text) => void warned.push(text) })
  expect(numbers.take()).toBeUndefined()
  wrong.set(Date.UTC(2026, 10, 23))
  expect(numbers.take()).toBeDefined()
  wrong.set(0)
  const next = new OwnNumbersFile(path, wrong, { warn: (text) => void warned.push(text) })
  expect(next.take()).toBeGreaterThan(numbers.take() ?? Number.NaN)
})

test("take() that cannot write gives none, and says why", () => {
  warned.length = 0
  writeFileSync(join(folder, "file"), "")
  expect(open(join(folder, "file", "oscore.numbers")).take()).toBeUndefined()
  expect(warned[0]).toContain("oscore.numbers cannot be written")
})
