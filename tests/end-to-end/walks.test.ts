// What the README tells a person to do with a machine's data, done word for word: backup and restore, moving, two sites.
import { Database } from "bun:sqlite"
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readCloudStatus } from "../../src/cloud/status"
import { placeOf } from "../../src/cloud/store/open"
import { Network } from "../../src/network"
import { MAIN, runCommand } from "../commands/command"
import { DAY_MS, MONDAY_AT_SIX, SAMPLE, Site } from "./fixture"

/** In a shell, as it stands in the README. */
function type(folder: string, line: string): void {
  const { stderr, exitCode } = Bun.spawnSync(["sh", "-ec", line], { cwd: folder })
  expect([stderr.toString(), exitCode]).toEqual(["", 0])
}

const backupOf = (folder: string) => `backups/${readdirSync(join(folder, "backups")).sort().at(-1)}`

describe("restoring", () => {
  let site: Site
  beforeEach(async () => {
    site = await Site.make({ devices: ['{ ip: 192.168.1.2, survey: "{day}.txt" }'], files: {}, sample: false })
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const days = [MONDAY_AT_SIX, MONDAY_AT_SIX + DAY_MS, MONDAY_AT_SIX + 2 * DAY_MS]
  const spoolId = () => {
    using sqlite = new Database(site.topology.gateway.spool, { readonly: true })
    return sqlite.query<{ id: string }, []>("SELECT id FROM spool").get()?.id
  }
  const complaints = () => site.logged.filter((line) => /^(fatal|error|warn)/.test(line))

  /** One run of a network that is stopped afterwards, and knows which ones it missed. */
  async function collect(scheduledAt: number, ...missed: number[]) {
    site.clock.forward(scheduledAt - site.clock.now())
    const day = new Date(scheduledAt - DAY_MS).toISOString().slice(0, 10)
    await site.write(`${day}.txt`, `08:00 - ${day.slice(8)} - 30%\n`)
    await using network = await Network.start(site.topology, site.options)
    await network.recordMissed(...missed)
    return await network.collect({ scheduledAt })
  }

  async function backup(): Promise<void> {
    expect(await runCommand(site.folder, "backup", "backups", "--keep", "7")).toMatchObject({ exit: 0 })
  }

  const ALL = [
    "2026-11-22 192.168.1.2 08:00 22 30",
    "2026-11-23 192.168.1.2 08:00 23 30",
    "2026-11-24 192.168.1.2 08:00 24 30",
  ]

  test("both files after the disk is lost: days since then come again from whoever has them", async () => {
    await collect(days[0] ?? 0)
    await backup()
    const id = spoolId()
    await collect(days[1] ?? 0)
    type(site.folder, `mv data data.before && mkdir data && cp ${backupOf(site.folder)}/*.db data/`)
    expect(spoolId()).toBe(id)
    expect(await site.stored()).toEqual(ALL.slice(0, 1))
    expect(await collect(days[2] ?? 0, days[1] ?? 0)).toMatchObject({ complete: true })
    expect(await site.stored()).toEqual(ALL)
    expect(complaints()).toEqual([])
  })

  test("the spool alone: it is the same one to the cloud, which keeps what it had", async () => {
    await collect(days[0] ?? 0)
    await backup()
    const id = spoolId()
    await collect(days[1] ?? 0)
    type(site.folder, `rm data/gateway.db*; cp ${backupOf(site.folder)}/gateway.db data/`)
    expect(spoolId()).toBe(id)
    expect(await collect(days[2] ?? 0, days[1] ?? 0)).toMatchObject({ complete: true })
    expect(await site.stored()).toEqual(ALL)
    expect((await readCloudStatus(placeOf(site.topology))).sites).toMatchObject([{ alternates: false, days: 3 }])
    expect(complaints()).toEqual([])
  })

  test("the store alone: the next run delivers again what it does not hold", async () => {
    await collect(days[0] ?? 0)
    await backup()
    await collect(days[1] ?? 0)
    type(site.folder, `rm data/cloud.db*; cp ${backupOf(site.folder)}/cloud.db data/`)
    expect(await site.stored()).toEqual(ALL.slice(0, 1))
    expect(await collect(days[2] ?? 0)).toMatchObject({ complete: true })
    expect(await site.stored()).toEqual(ALL)
  })

  test("after a crash: the log of what is moved away is not taken for one of the copy", async () => {
    await collect(days[0] ?? 0)
    await backup()
    const script = `const { Network, loadTopology } = await import(${JSON.stringify(join(MAIN, "../network.ts"))})
      await Network.start(await loadTopology("topology.yaml"))
      console.log("started")`
    const child = Bun.spawn([process.execPath, "-e", script], { cwd: site.folder, stdout: "pipe" })
    await child.stdout.getReader().read()
    child.kill("SIGKILL")
    await child.exited
    expect(existsSync(join(site.folder, "data/gateway.db-wal"))).toBe(true)
    type(site.folder, `mv data data.before && mkdir data && cp ${backupOf(site.folder)}/*.db data/`)
    expect(await collect(days[1] ?? 0)).toMatchObject({ complete: true })
    expect(await site.stored()).toEqual(ALL.slice(0, 2))
  })
})

describe("on several hosts", () => {
  let folder = ""
  let cloud: Bun.Subprocess<"ignore", "ignore", "pipe"> | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "walk-"))
  })
  afterEach(async () => {
    await stopCloud()
    rmSync(folder, { recursive: true })
  })

  const at = (host: string, file: string) => join(folder, host, file)
  const run = (host: string, ...args: string[]) => runCommand(join(folder, host), ...args)

  async function startCloud(host: string): Promise<void> {
    cloud = Bun.spawn([process.execPath, MAIN, "start", "cloud", "--loopback"], {
      cwd: join(folder, host),
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    })
    const decoder = new TextDecoder()
    const reader = cloud.stderr.getReader()
    for (let said = ""; !said.includes("Waiting for the gateway"); ) said += decoder.decode((await reader.read()).value)
  }

  async function stopCloud(): Promise<void> {
    cloud?.kill("SIGTERM")
    await cloud?.exited
    cloud = undefined
  }

  function freePort(): number {
    const listener = Bun.listen({ hostname: "127.10.10.2", port: 0, socket: { data() {} } })
    const { port } = listener
    listener.stop(true)
    return port
  }

  const port = freePort()

  /** As `init` writes it, on ports that are free. */
  async function init(host: string, ...options: string[]): Promise<void> {
    expect(await runCommand(folder, "init", host, "--time-zone", "UTC", ...options)).toMatchObject({ exit: 0 })
    edit(host, (text) => text.replace("port: 10005", "port: 0").replace("port: 8001", `port: ${port}`))
  }

  function edit(host: string, change: (text: string) => string): void {
    writeFileSync(at(host, "topology.yaml"), change(readFileSync(at(host, "topology.yaml"), "utf8")))
  }

  /** Of yesterday, and of today, as midnight may pass. */
  function measure(host: string, ip: string, line: string): void {
    const today = Temporal.Now.plainDateISO("UTC")
    for (const day of [today.subtract({ days: 1 }), today]) {
      mkdirSync(at(host, `surveys/${day}`), { recursive: true })
      writeFileSync(at(host, `surveys/${day}/${ip}.txt`), `${line}\n`)
    }
  }

  const collect = (host: string, ip: string) => run(host, "start", "gateway", "device", ip, "--loopback", "--once")

  test("the cloud moves: the gateway delivers to the new one, which has what the old one had", async () => {
    await init("old", "--site", "greenhouse", "--devices", "2")
    cpSync(join(folder, "old"), join(folder, "gateway"), { recursive: true })
    measure("gateway", "192.168.1.2", "08:00 - 20 - 30%")
    measure("gateway", "192.168.1.3", "09:00 - 21 - 31%")
    await startCloud("old")
    expect(await collect("gateway", "192.168.1.2-192.168.1.3")).toMatchObject({ exit: 0 })
    await stopCloud()
    expect(await run("old", "backup", "../backups")).toMatchObject({ exit: 0 })
    const made = backupOf(folder)
    type(folder, `mkdir -p new/data && cp ${made}/topology.yaml new/ && cp ${made}/cloud.db new/data/`)
    await startCloud("new")
    const again = await collect("gateway", "192.168.1.2-192.168.1.3")
    expect(again.exit).toBe(0)
    expect(again.stderr).toContain("nothing new (2 already stored)")
    expect((await run("new", "readings")).stdout).toBe(
      "192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.3 - 09:00 - 21 - 31%\n",
    )
  })

  test("the gateway moves: with its spool it is to the cloud who it was", async () => {
    await init("cloud", "--site", "greenhouse")
    cpSync(join(folder, "cloud"), join(folder, "old"), { recursive: true })
    measure("old", "192.168.1.2", "08:00 - 20 - 30%")
    await startCloud("cloud")
    expect(await collect("old", "192.168.1.2")).toMatchObject({ exit: 0 })
    expect(await run("old", "backup", "../backups")).toMatchObject({ exit: 0 })
    const made = backupOf(folder)
    type(folder, `mkdir -p new/data && cp ${made}/topology.yaml new/ && cp ${made}/gateway.db new/data/`)
    cpSync(at("old", "surveys"), at("new", "surveys"), { recursive: true })
    expect(await collect("new", "192.168.1.2")).toMatchObject({ exit: 0 })
    await stopCloud()
    expect((await run("cloud", "readings")).stdout).toBe("192.168.1.2 - 08:00 - 20 - 30%\n")
    expect(
      (await readCloudStatus({ store: at("cloud", "data/cloud.db"), folder: at("cloud", ".") })).sites,
    ).toMatchObject([{ alternates: false }])
  })

  test("two sites deliver into one cloud, each under its own name", async () => {
    await init("cloud", "--site", "greenhouse")
    cpSync(join(folder, "cloud"), join(folder, "greenhouse"), { recursive: true })
    const far = ["--cloud-network", "10.10.20.1/24", "--cloud", "10.10.10.2"]
    await init("farm-b", "--device-network", "192.168.7.1/24", ...far)
    edit("cloud", (text) => {
      return text.replace("\n\n# {day}", "\n  sites: [ greenhouse, { site: farm-b, from: 10.10.20.0/24 } ]\n\n# {day}")
    })
    measure("greenhouse", "192.168.1.2", "08:00 - 20 - 30%")
    measure("farm-b", "192.168.7.2", "09:00 - 5 - 40%")
    await startCloud("cloud")
    expect(await collect("greenhouse", "192.168.1.2")).toMatchObject({ exit: 0 })
    expect(await collect("farm-b", "192.168.7.2")).toMatchObject({ exit: 0 })
    expect((await run("cloud", "readings")).stdout).toBe("192.168.1.2 - 08:00 - 20 - 30%\n")
    expect((await run("cloud", "readings", "--site", "farm-b")).stdout).toBe("192.168.7.2 - 09:00 - 5 - 40%\n")
    expect(await run("cloud", "status")).toMatchObject({ stdout: expect.stringContaining("✔ 2 of 2 sites complete") })
  })
})

test.skipIf(!Bun.which("sqlite3") || !Bun.which("python3"))(
  "sqlite3 and Python read the store as it stands",
  async () => {
    await using site = await Site.collected()
    const said = (command: string[]) => Bun.spawnSync(command, { cwd: site.folder }).stdout.toString()
    const sql =
      "SELECT device, day, avg(temperature) AS mean, min(humidity) AS driest FROM readings GROUP BY device, day"
    const [first = ""] = said(["sqlite3", "-header", "-csv", "data/cloud.db", sql])
      .split("\r\n")
      .join("\n")
      .split("\n", 1)
    expect(first).toBe("device,day,mean,driest")
    const python = `import sqlite3
store = sqlite3.connect("file:data/cloud.db?mode=ro", uri=True)
for device, humidity in store.execute("SELECT device, min(humidity) FROM readings GROUP BY device"):
    print(device, humidity)`
    expect(said(["python3", "-c", python])).toBe("192.168.1.2 28\n192.168.1.3 19\n")
    expect(Object.keys(SAMPLE)).toHaveLength(2)
  },
)
