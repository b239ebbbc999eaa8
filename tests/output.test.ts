// What a command says is whole when it ends: into slow readers, files, closed pipes, and where nobody reads at all.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { closeSync, openSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { MAIN } from "./commands/command"

const MANY = 5000 // mistakes: fifteen times what a pipe holds
const SOURCE = resolve(import.meta.dir, "../src")

/** Takes a little at a time, and counts lines. */
const SLOW_READER = `const { readSync } = require("node:fs")
const some = Buffer.alloc(16_384)
let lines = 0
for (let read; (read = readSync(0, some)) > 0; Bun.sleepSync(1)) lines += some.subarray(0, read).toString("latin1").split("\\n").length - 1
console.log(lines)`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "output-"))
  const devices = Array.from({ length: MANY }, (_, n) => `  - { ip: 10.0.0.999, name: device${n} }\n`)
  await declare("mistakes.yaml", devices)
  await declare("surveys.yaml", ["  - { ip: 192.168.1.2, survey: good.txt }\n"])
  await writeFile(join(folder, "good.txt"), "08:00 - 20 - 30%\n")
  await writeFile(join(folder, "reader.ts"), SLOW_READER)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const declare = (file: string, devices: readonly string[]) =>
  writeFile(
    join(folder, file),
    `timeZone: Europe/Rome
schedule: { cron: "0 6 * * *" }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24 }
    cloud: { address: 10.10.10.1/24 }
cloud: { address: 10.10.10.2 }
devices:
${devices.join("")}`,
  )

/** What a shell says to it; `main` and `read` stand for the programme and the slow reader. */
async function shell(command: string): Promise<string[]> {
  const functions = `main() { "${process.execPath}" "${MAIN}" "$@"; }; read() { "${process.execPath}" reader.ts; }`
  const child = Bun.spawn(["bash", "-c", `${functions}; ${command}`], { cwd: folder, stdout: "pipe", stderr: "pipe" })
  const [stdout] = await Promise.all([child.stdout.text(), child.exited])
  return stdout.trimEnd().split("\n")
}

/** A process that has said more than a pipe holds, and goes on with `then`. */
async function talker(then: string) {
  const script = `const { flushOutput, hurryOutput, stderr, stdout } = await import("${SOURCE}/output.ts")
    const { listenForSignals } = await import("${SOURCE}/commands/start/signals.ts")
    for (let line = 0; line < ${MANY}; line++) for (const output of [stdout, stderr]) output.write("x".repeat(199) + "\\n")
    const pause = () => new Promise(setImmediate)
    ${then}
    await flushOutput()
    process.exit(3)`
  await writeFile(join(folder, "talker.ts"), script)
  return `"${process.execPath}" talker.ts`
}

describe("a slow reader gets all of", () => {
  test("thousands of mistakes on standard error", async () => {
    const mistakes = "main check --topology mistakes.yaml"
    expect(await shell(`${mistakes} 2>&1 >/dev/null | read; echo "\${PIPESTATUS[0]}"`)).toEqual([`${3 * MANY}`, "2"])
  })

  test("what goes to either stream", async () => {
    const talk = await talker("")
    expect(await shell(`${talk} 2>/dev/null | read; echo "\${PIPESTATUS[0]}"`)).toEqual([`${MANY}`, "3"])
    expect(await shell(`${talk} 2>&1 >/dev/null | read; echo "\${PIPESTATUS[0]}"`)).toEqual([`${MANY}`, "3"])
  })
})

test("a file holds all of it", async () => {
  await shell("main check --topology mistakes.yaml 2>all.txt")
  expect((await readFile(join(folder, "all.txt"), "utf8")).split("\n")).toHaveLength(3 * MANY + 1)
})

test("a reader that goes away is no error, and the exit code is that of the command", async () => {
  const gone = await shell(`main check --topology mistakes.yaml 2>&1 | head -1; echo "\${PIPESTATUS[0]}"`)
  expect(gone).toEqual([expect.stringContaining("mistakes.yaml:9:11 devices[0].ip: "), "2"])
  const well = await shell(`main check --topology surveys.yaml 2>&1 | true; echo "\${PIPESTATUS[0]}"`)
  expect(well).toEqual(["0"])
})

describe("where nobody reads", () => {
  let unread: number
  beforeAll(async () => {
    await Bun.spawn(["mkfifo", join(folder, "unread")]).exited
    unread = openSync(join(folder, "unread"), "r+")
  })
  afterAll(() => closeSync(unread))

  const spawn = () =>
    Bun.spawn([process.execPath, "talker.ts"], { cwd: folder, stdout: "pipe", stderr: unread, stdin: "ignore" })

  test("Ctrl-C ends it", async () => {
    await talker(`stdout.write("It waits.")`)
    const child = spawn()
    let end = ""
    for await (const chunk of child.stdout) {
      end = (end + Buffer.from(chunk)).slice(-100)
      if (end.endsWith("It waits.")) child.kill("SIGINT")
    }
    await child.exited
    expect(child.signalCode).toBe("SIGINT")
  })

  test("one that was asked to end waits a moment, and ends as it would", async () => {
    await talker(
      "const { asked } = listenForSignals(); process.kill(process.pid); while (!asked.aborted) await pause()",
    )
    const child = spawn()
    await child.stdout.text()
    expect(await child.exited).toBe(3)
  })
})

test("output that the disk does not take is told, and no success", async () => {
  const said = await shell("main service --topology surveys.yaml > /dev/full 2> said.txt; echo $?; cat said.txt")
  expect(said[0]).toBe("1")
  expect(said.at(-1)).toStartWith("Not all of the output was written: Error: ENOSPC")
})
