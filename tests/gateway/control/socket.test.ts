import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { checkFolder, makeFolder, socketOf } from "../../../src/gateway/control/socket"

const LONGEST_BYTES = process.platform === "darwin" ? 103 : 107

let folder: string
let made: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "socket-"))
  made = [folder]
})
afterEach(() => {
  for (const each of made) rmSync(each, { recursive: true, force: true })
})

/** A spool whose socket beside it has a path of so many bytes. */
function spoolFor(bytes: number): string {
  const spool = join(folder, "s".repeat(bytes - Buffer.byteLength(join(folder, ".sock"))))
  writeFileSync(spool, "")
  return spool
}

function longPlace() {
  const spool = spoolFor(LONGEST_BYTES + 1)
  const { path, shortFolder = "" } = socketOf(spool)
  made.push(shortFolder)
  return { spool, place: { path, shortFolder }, shortFolder }
}

test("socketOf() is beside the spool as long as the system takes the name", () => {
  const spool = spoolFor(LONGEST_BYTES)
  expect(socketOf(spool)).toEqual({ path: `${spool}.sock` })
})

test("socketOf() is the same by whatever name the spool is called", () => {
  const spool = join(folder, "spool.db")
  const link = join(folder, "link")
  writeFileSync(spool, "")
  symlinkSync(spool, link)
  expect(socketOf(link)).toEqual({ path: `${spool}.sock` })
})

describe("a name that is too long", () => {
  test("stands for a short folder of its own, which only the gateway's user enters", () => {
    const { spool, place, shortFolder } = longPlace()
    expect(dirname(place.path)).toBe(shortFolder)
    expect(shortFolder).toMatch(/^\/tmp\/smart-meter-[0-9a-f]{32}$/)
    expect(socketOf(spool)).toEqual(place)
    checkFolder(place, spool) // nobody has made it yet
    makeFolder(place, spool)
    makeFolder(place, spool)
    expect((lstatSync(shortFolder).mode & 0o7777).toString(8)).toBe("700")
    checkFolder(place, spool)
  })

  test.each<[string, (shortFolder: string) => void]>([
    ["others may enter", (shortFolder) => mkdirSync(shortFolder, { mode: 0o711 })],
    ["is a link", (shortFolder) => symlinkSync(folder, shortFolder)],
  ])("is not used where its folder %s", (_what, make) => {
    const { spool, place, shortFolder } = longPlace()
    make(shortFolder)
    const message = `${shortFolder} must be a folder that only the owner of ${spool} enters: remove it`
    expect(() => makeFolder(place, spool)).toThrow(message)
    expect(() => checkFolder(place, spool)).toThrow(message)
  })

  test.skipIf(process.getuid?.() !== 0)("is not used where its folder is somebody else's", () => {
    const { spool, place, shortFolder } = longPlace()
    mkdirSync(shortFolder, { mode: 0o700 })
    chownSync(shortFolder, 65_534, 65_534)
    expect(() => checkFolder(place, spool)).toThrow("must be a folder that only the owner")
  })
})
