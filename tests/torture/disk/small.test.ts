// Spools on small disks, each in a process and a file system of its own: what the gateway does when there is no room.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inNamespace, missingMount } from "./bounded"
import { networkOf } from "./site"

const PLACE = 63_000
const ON_TMPFS = `mount -t tmpfs -o size="$1" tmpfs "$2"; shift 2; exec "$@"`
const WITHIN_MS = 120_000

let folder: string
let spool: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "small-"))
  spool = join(folder, "spool")
  mkdirSync(spool)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What a program here prints whose spool is on a disk of this size. */
async function run(size: string, program: string, ...args: readonly string[]): Promise<unknown> {
  const command = [process.execPath, join(import.meta.dir, program), ...args]
  const child = Bun.spawn(inNamespace(ON_TMPFS, size, spool, ...command), { stdout: "pipe", stderr: "pipe" })
  const [out, problems] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  expect(problems).toBe("")
  return JSON.parse(out)
}

describe.skipIf(missingMount() !== undefined)("on a small disk", () => {
  test(
    "what the cloud has makes room for what comes, week after week: all is taken, and every day delivered",
    async () => {
      const [devices, days] = [20, 30]
      const network = networkOf(PLACE + process.pid)
      const taken = await run("2m", "weeks.ts", folder, spool, network, `${devices}`, `${days}`)
      expect(taken).toEqual(Array.from({ length: days }, () => devices))
    },
    WITHIN_MS,
  )

  test(
    "surveys that fill it, each among others, are all settled and delivered, also after a restart",
    async () => {
      const { inOrder, scattered, ...rest } = (await run("4m", "scattered.ts", spool)) as Record<string, number>
      expect(scattered).toBeGreaterThan(10)
      const all = (inOrder ?? 0) + (scattered ?? 0)
      expect(rest).toEqual({ delivered: all, known: all, takenLater: 1 })
    },
    WITHIN_MS,
  )

  test(
    "that has been full for long, surveys that come each among others are settled in portions",
    async () => {
      expect(await run("16m", "recycled.ts", spool)).toEqual({ taken: 1900, delivered: 1900, said: [] })
    },
    WITHIN_MS,
  )

  test(
    "surveys that come in parts, each among others, are all taken: a commit is no longer than the reserve allows",
    async () => {
      const result = (await run("3m", "revised.ts", spool)) as { devices: number; parts: number }
      const { devices, parts } = result
      expect(parts).toBeGreaterThan(2 * devices)
      expect(result).toMatchObject({ surveys: devices, partsDelivered: parts, said: [] })
    },
    WITHIN_MS,
  )

  test(
    "that others fill, no day is let go: it would make no room. When they are gone, uploads are taken again",
    async () => {
      expect(await run("3m", "filled.ts", spool)).toEqual({
        whenFull: "full",
        taken: 20,
        said: [`the disk of ${join(spool, "gateway.db")} is full`],
      })
    },
    WITHIN_MS,
  )

  test(
    "that others have filled a gateway starts, refuses uploads and delivers; when they are gone it takes them again",
    async () => {
      const all = { signalCode: "SIGKILL", delivered: 2000, taken: 1 }
      expect(await run("16m", "started-full.ts", spool)).toEqual({ ...all, whenFull: "full" })
    },
    WITHIN_MS,
  )
})
