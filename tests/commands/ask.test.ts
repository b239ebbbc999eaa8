// How a command reaches the gateway, or does without, as a person sees it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { chmodSync, lstatSync } from "node:fs"
import { join } from "node:path"
import { socketOf } from "../../src/gateway/control/socket"
import { SPOOL } from "../../src/gateway/spool/schema"
import { listenUnix } from "../../src/net/unix"
import { Network } from "../../src/network"
import { DurableDatabase } from "../../src/storage/database"
import { Site } from "../end-to-end/fixture"
import { isRoot, MAIN, mayNobodyRun, NOBODY, runAs, runCommand } from "./command"

const RESEND = ["resend", "--from", "2026-11-22"] as const
const DONE = "✔ Asked to deliver 2026-11-22 to 2026-11-22 again: 2 surveys"
const OFFLINE = "What is due for the cloud goes when the gateway starts"

let site: Site
beforeEach(async () => {
  site = await Site.collected()
})
afterEach(() => site[Symbol.asyncDispose]())

const spool = () => site.topology.gateway.spool
const socket = () => socketOf(spool()).path
const resend = () => runCommand(site.folder, ...RESEND)
const lines = ({ stderr }: { stderr: string }) => stderr.trimEnd().split("\n")

/** The network in a process of its own, without its schedule. */
async function startProcess() {
  const script = `const { Network, loadTopology } = await import(${JSON.stringify(join(MAIN, "../network.ts"))})
    await Network.start(await loadTopology("topology.yaml"))
    console.log("started")`
  const child = Bun.spawn([process.execPath, "-e", script], { cwd: site.folder, stdout: "pipe" })
  await child.stdout.getReader().read()
  return child
}

test("after kill -9 it is done offline, and the next gateway can be asked", async () => {
  const killed = await startProcess()
  expect((await resend()).stderr).not.toContain(OFFLINE)
  killed.kill("SIGKILL")
  await killed.exited
  expect(lstatSync(socket()).isSocket()).toBe(true)
  const { stderr, exit } = await resend()
  expect(stderr).toContain(DONE)
  expect(stderr).toContain(OFFLINE)
  expect(exit).toBe(0)
  const next = await startProcess()
  const asked = await resend()
  expect(asked.stderr).toContain(DONE)
  expect(asked.stderr).not.toContain(OFFLINE)
  next.kill("SIGKILL")
  await next.exited
})

test("a spool that is held while nobody answers is one clear line, exit 2, and nothing is opened", async () => {
  const holder = DurableDatabase.open(spool(), SPOOL, "simulated")
  const said = await resend()
  holder.close()
  expect(lines(said)).toEqual([
    `Nothing was done: nobody answers at ${socket()}, and ${spool()} is in use by process ${process.pid}: ` +
      "stop that one first, two must not write to one file",
  ])
  expect(said.exit).toBe(2)
})

test("people who ask at the same time are all answered", async () => {
  await using _network = await Network.start(site.topology, site.options)
  const said = await Promise.all([resend(), resend(), resend()])
  for (const { stderr, exit } of said) {
    expect(stderr).toContain(DONE)
    expect(exit).toBe(0)
  }
})

describe("what the gateway answers", () => {
  test.each([
    [503, "The disk refuses", 1, "✖ The disk refuses"],
    [422, "topology.yaml:1:1 is not sound", 2, "topology.yaml:1:1 is not sound"],
    [500, "broken", 70, "This is our fault, not yours: Error: broken"],
  ])("%p is told, and the exit code says the same", async (status, text, exit, told) => {
    const listener = listenUnix({ path: socket(), mode: 0o660, answer: async () => ({ status, text }) })
    const said = await resend()
    await listener.stop()
    expect(said.stderr).toContain(told)
    expect(said.stderr).not.toContain("What is still to be delivered")
    expect(said.exit).toBe(exit)
  })
})

test("a gateway that ends before it answers is one clear line, exit 2", async () => {
  const script = `const { listenUnix } = await import(${JSON.stringify(join(MAIN, "../net/unix.ts"))})
    listenUnix({ path: ${JSON.stringify(socket())}, mode: 0o660, answer: () => process.kill(process.pid, "SIGKILL") })
    console.log("listening")`
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" })
  await child.stdout.getReader().read()
  const said = await resend()
  expect(lines(said)).toEqual([`The gateway ended before it answered at ${socket()}: ask again`])
  expect(said.exit).toBe(2)
  await child.exited
})

test.skipIf(isRoot && !mayNobodyRun())("who may not ask is told in one line whom to ask as", async () => {
  await using _network = await Network.start(site.topology, site.options)
  chmodSync(site.folder, 0o755)
  chmodSync(join(site.folder, "data"), 0o755)
  for (const suffix of ["", "-wal", "-shm"]) chmodSync(`${site.topology.gateway.spool}${suffix}`, 0o644)
  chmodSync(socket(), 0)
  const { stderr, exit } = await runAs(NOBODY, site.folder, ...RESEND)
  const userName = Bun.spawnSync(["id", "-un"]).stdout.toString().trim()
  const told = `^You may not ask the gateway at .*\\.sock: ask as user ${userName} or as a member of group`
  expect(lines({ stderr })).toEqual([expect.stringMatching(new RegExp(told))])
  expect(exit).toBe(2)
})

test.skipIf(!isRoot || !mayNobodyRun())("the group may read and ask, and nobody else", async () => {
  const group = process.getgid?.() ?? 0
  chmodSync(site.folder, 0o755)
  const read = async () =>
    (await runAs(group, site.folder, "readings", "--day", "2026-11-22")).stdout.split("\n").length - 1
  {
    await using _network = await Network.start(site.topology, site.options)
    expect(await read()).toBe(8)
    expect(await runAs(group, site.folder, ...RESEND)).toMatchObject({ exit: 0 })
  }
  expect(await read()).toBe(8)
  expect((await runAs(group, site.folder, "status")).stdout).toContain("Sunday 22 November 2026: 2 of 2 devices")
  expect(await runAs(NOBODY, site.folder, "status")).toMatchObject({
    exit: 2,
    stderr: expect.stringMatching(/ may not be read: ask as the user who owns it, or as a member of its group\n$/),
  })
})
