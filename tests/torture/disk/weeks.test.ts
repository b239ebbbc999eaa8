// What the cloud has makes room for what comes, on a disk that is full from the first weeks on.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inNamespace, missingMount } from "./bounded"
import { networkOf } from "./site"

const PLACE = 63_000
const DAYS = 30
const DEVICES = 20
const ON_TMPFS = `mount -t tmpfs -o size=2m tmpfs "$4"; exec "$@"`
const WITHIN_MS = 120_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weeks-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.skipIf(missingMount() !== undefined)(
  "every survey is taken in the end, and every day is delivered",
  async () => {
    const spool = join(folder, "spool")
    mkdirSync(spool)
    const network = networkOf(PLACE + process.pid)
    const command = [process.execPath, join(import.meta.dir, "weeks.ts"), folder, spool, network, String(DAYS)]
    const child = Bun.spawn(inNamespace(ON_TMPFS, ...command), { stdout: "pipe", stderr: "pipe" })
    const [out, problems] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    expect(problems).toBe("")
    expect(JSON.parse(out)).toEqual(Array.from({ length: DAYS }, () => DEVICES))
  },
  WITHIN_MS,
)
