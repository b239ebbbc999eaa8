import { expect, test } from "bun:test"
import { join } from "node:path"

test("a fingerprint that is not compared is caught by what the matrix asks: a stranger's readings are stored", async () => {
  const running = Bun.spawn([process.execPath, join(import.meta.dir, "fault.ts")], { stdout: "pipe", stderr: "pipe" })
  const [stored, problem] = await Promise.all([
    new Response(running.stdout).text(),
    new Response(running.stderr).text(),
  ])
  expect({ stored: stored.trim(), problem }).toEqual({ stored: "8", problem: "" })
})
